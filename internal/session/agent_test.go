package session

import (
	"strings"
	"testing"
	"time"
)

func TestReadAgent(t *testing.T) {
	t.Parallel()
	const webkit = " AppleWebKit/537.36 (KHTML, like Gecko) "
	for _, c := range []struct {
		name, header string
		want         Agent
	}{
		{"Chrome on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Chrome/141.0.0.0 Safari/537.36", Agent{"Chrome", "Windows", Computer}},
		{"Edge on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0", Agent{"Edge", "Windows", Computer}},
		{"old Edge on Windows", "Mozilla/5.0 (Windows NT 10.0)" + webkit + "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763", Agent{"Edge", "Windows", Computer}},
		{"Firefox on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0", Agent{"Firefox", "Windows", Computer}},
		{"Firefox on Linux", "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", Agent{"Firefox", "Linux", Computer}},
		{"Firefox on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0", Agent{"Firefox", "macOS", Computer}},
		{"Safari on a Mac, or an iPad that says so", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15", Agent{"Safari", MacOrIPad, Computer}},
		{"Chrome on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)" + webkit + "Chrome/141.0.0.0 Safari/537.36", Agent{"Chrome", "macOS", Computer}},
		{"Opera on macOS", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)" + webkit + "Chrome/139.0.0.0 Safari/537.36 OPR/123.0.0.0", Agent{"Opera", "macOS", Computer}},
		{"Safari on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", Agent{"Safari", "iPhone", Phone}},
		{"Chrome on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1", Agent{"Chrome", "iPhone", Phone}},
		{"Firefox on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/143.0 Mobile/15E148 Safari/605.1.15", Agent{"Firefox", "iPhone", Phone}},
		{"Edge on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 EdgiOS/141.0.3537.57 Mobile/15E148 Safari/605.1.15", Agent{"Edge", "iPhone", Phone}},
		{"Safari on iPad", "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", Agent{"Safari", "iPad", Tablet}},
		{"Chrome on an iPad that asks for desktop pages", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141 Version/11.1.1 Safari/605.1.15", Agent{"Chrome", "iPad", Tablet}},
		{"an application on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", Agent{"", "iPhone", Phone}},
		{"Instagram on iPhone", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22F76 Instagram 380.0.0.27.83", Agent{"Instagram", "iPhone", Phone}},
		{"Chrome on an Android phone", "Mozilla/5.0 (Linux; Android 10; K)" + webkit + "Chrome/141.0.0.0 Mobile Safari/537.36", Agent{"Chrome", "Android", Phone}},
		{"Chrome on an Android tablet", "Mozilla/5.0 (Linux; Android 10; K)" + webkit + "Chrome/141.0.0.0 Safari/537.36", Agent{"Chrome", "Android", Tablet}},
		{"Firefox on an Android phone", "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", Agent{"Firefox", "Android", Phone}},
		{"Samsung Internet", "Mozilla/5.0 (Linux; Android 10; K)" + webkit + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", Agent{"Samsung Internet", "Android", Phone}},
		{"Opera on Android", "Mozilla/5.0 (Linux; Android 10; K)" + webkit + "Chrome/137.0.0.0 Mobile Safari/537.36 OPR/92.0.0.0", Agent{"Opera", "Android", Phone}},
		{"an application on Android", "Mozilla/5.0 (Linux; Android 15; Pixel 9 Build/AP4A; wv)" + webkit + "Version/4.0 Chrome/141.0.0.0 Mobile Safari/537.36", Agent{"", "Android", Phone}},
		{"Facebook on Android", "Mozilla/5.0 (Linux; Android 15; Pixel 9; wv)" + webkit + "Version/4.0 Chrome/141 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/530.0.0.48.74;]", Agent{"Facebook", "Android", Phone}},
		{"Chrome on ChromeOS", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + webkit + "Chrome/141.0.0.0 Safari/537.36", Agent{"Chrome", "ChromeOS", Computer}},
		{"Chrome on Linux", "Mozilla/5.0 (X11; Linux x86_64)" + webkit + "Chrome/141.0.0.0 Safari/537.36", Agent{"Chrome", "Linux", Computer}},
		{"a browser without a window", "Mozilla/5.0 (X11; Linux x86_64)" + webkit + "HeadlessChrome/141.0.0.0 Safari/537.36", Agent{"Chrome", "Linux", Computer}},
		{"Internet Explorer 11", "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", Agent{"Internet Explorer", "Windows", Computer}},
		{"a desktop application", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Notes/2.1 Chrome/138 Electron/37.2 Safari/537.36", Agent{"", "Windows", Computer}},
		{"Slack", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)" + webkit + "Chrome/138 Electron/37.2 Safari/537.36 Slack_SSB/4.45", Agent{"Slack", "macOS", Computer}},
		{"curl", "curl/8.14.1", Agent{"curl", "", Unknown}},
		{"nothing", "", Agent{}},
		{"somebody's own", "MyApp/1.0", Agent{}},
		{"words for a page", "<b>This device</b> Chrome on Windows", Agent{"", "Windows", Computer}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := ReadAgent(c.header); got != c.want {
				t.Errorf("%q reads as %+v, not %+v", c.header, got, c.want)
			}
		})
	}
}

func TestReadAgentIsQuickWithAnything(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"Mozilla/", "Chrome", "Opera", "((((", "\xff", "Mobile Mac OS "} {
		long := strings.Repeat(s, 4<<20/len(s))
		start := time.Now()
		for range 100 {
			ReadAgent(long)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("100 headers of 4 MiB of %q took %s", s, took)
		}
	}
}

// FuzzReadAgent: whatever a header is, its words are not shown.
func FuzzReadAgent(f *testing.F) {
	known := map[string]bool{"": true, MacOrIPad: true}
	for _, b := range browsers {
		known[b.name] = true
	}
	for _, s := range systems {
		known[s.name] = true
	}
	f.Add("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) CriOS/1 Version/1 Safari/1")
	f.Add("<b>Chrome/1 on Windows\x00\xff")
	f.Fuzz(func(t *testing.T, header string) {
		if a := ReadAgent(header); !known[a.Browser] || !known[a.System] {
			t.Errorf("%q reads as %+v", header, a)
		}
	})
}
