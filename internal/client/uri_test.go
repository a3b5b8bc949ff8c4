package client

import (
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
)

// shape is a registered address and its parts, as the corpus describes.
type shape struct {
	scheme, host, port, path, query string
	native                          bool
}

var shapes = []shape{
	{scheme: "https", host: "app.example.com", path: "/callback"},
	{scheme: "https", host: "app.example.com", port: ":8443", path: "/cb/", query: "?tenant=one"},
	{scheme: "http", host: "127.0.0.1", path: "/native/callback", native: true},
}

func (s shape) uri() string { return s.scheme + "://" + s.host + s.port + s.path + s.query }

func (s shape) client() *Client {
	c := &Client{Origin: FromOperator, Spec: Spec{ClientID: "c", RedirectURIs: []string{s.uri()}, PostLogoutRedirectURIs: []string{s.uri()}}}
	if s.native {
		c.ApplicationType = "native"
	}
	return c
}

// corpus returns the addresses of the file for a shape.
func corpus(t testing.TB, s shape) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/redirect_corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{uri}", s.uri(), "{scheme}", s.scheme, "{host}", s.host, "{port}", s.port, "{path}", s.path, "{query}", s.query)
	var out []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' || line[0] == '~' && s.native {
			continue
		}
		quoted := `"` + strings.ReplaceAll(strings.TrimPrefix(line, "~"), `"`, `\"`) + `"`
		v, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatalf("corpus: %s: %v", line, err)
		}
		if v = fill.Replace(v); v != s.uri() {
			out = append(out, v)
		}
	}
	return out
}

func TestAZ1_RedirectURIExactMatch(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		c, list := s.client(), corpus(t, s)
		if len(list) < 60 {
			t.Errorf("%d vectors for %s, want 60", len(list), s.uri())
		}
		for _, v := range list {
			if MatchRedirect(c, v) {
				t.Errorf("%q matched %s", v, s.uri())
			}
			if MatchPostLogout(c, v) {
				t.Errorf("%q matched %s after logout", v, s.uri())
			}
		}
		if !MatchRedirect(c, s.uri()) || !MatchPostLogout(c, s.uri()) {
			t.Errorf("%s does not match itself", s.uri())
		}
		if MatchRedirect(c, "") || MatchPostLogout(&Client{}, "") {
			t.Error("nothing matched")
		}
	}
}

func TestAZ1_TheLoopbackPortIsFreeForNativeClientsOnly(t *testing.T) {
	t.Parallel()
	cases := []struct {
		registered, sent string
		native, want     bool
	}{
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", true, true},
		{"http://127.0.0.1:8080/cb", "http://127.0.0.1:51004/cb", true, true},
		{"http://127.0.0.1:8080/cb", "http://127.0.0.1/cb", true, true},
		{"http://127.0.0.1", "http://127.0.0.1:65535", true, true},
		{"http://127.0.0.1/cb?a=1", "http://127.0.0.1:1/cb?a=1", true, true},
		{"http://[::1]/cb", "http://[::1]:51004/cb", true, true},
		{"http://[::1]/cb", "http://127.0.0.1:51004/cb", true, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/other", true, false},
		{"http://127.0.0.1/cb?a=1", "http://127.0.0.1:1/cb?a=2", true, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?x", true, false},
		{"http://127.0.0.1/cb", "https://127.0.0.1:51004/cb", true, false},
		{"https://127.0.0.1/cb", "https://127.0.0.1:51004/cb", true, false},
		{"http://localhost/cb", "http://localhost:51004/cb", true, false},
		{"http://localhost:51004/cb", "http://localhost:51004/cb", true, true},
		{"http://127.0.0.2/cb", "http://127.0.0.2:51004/cb", true, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", false, false},
		{"http://127.0.0.1/cb", "http://127.0.0.1/cb", false, true},
		{"http://127.0.0.1/cb", "http://127.0.0.1:051004/cb", true, false},
	}
	for _, c := range cases {
		cl := &Client{Origin: FromOperator, Spec: Spec{RedirectURIs: []string{c.registered}, PostLogoutRedirectURIs: []string{c.registered}}}
		if c.native {
			cl.ApplicationType = "native"
		}
		if got := MatchRedirect(cl, c.sent); got != c.want {
			t.Errorf("%s against %s, native %v: %v", c.sent, c.registered, c.native, got)
		}
		if got := MatchPostLogout(cl, c.sent); got != (c.registered == c.sent) {
			t.Errorf("after logout %s against %s: %v", c.sent, c.registered, got)
		}
	}
}

func TestAZ3_SchemesAtRegistrationAndAtUse(t *testing.T) {
	t.Parallel()
	const never = 0
	const (
		native = 1 << iota
		operator
	)
	cases := map[string]int{ // to whom an address is allowed
		"https://app.example.com/cb":                     native | operator | 1<<3,
		"https://app.example.com":                        native | operator | 1<<3,
		"https://App.example.com/cb?x=%2F":               native | operator | 1<<3,
		"https://[2606:4700::1111]:8443/":                native | operator | 1<<3,
		"https://192.0.2.1/":                             native | operator | 1<<3,
		"http://localhost:3000/cb":                       native | operator,
		"http://app.localhost/cb":                        native | operator,
		"http://127.0.0.1/cb":                            native | operator,
		"http://127.9.9.9:1/cb":                          native | operator,
		"http://[::1]:8080/cb":                           native | operator,
		"com.example.app:/cb":                            native,
		"com.example.app://cb/x?y":                       native,
		"com.example.app-2+x:cb":                         native,
		"com.example.app:":                               never,
		"com.example.app://u@host/":                      never,
		"myapp:/cb":                                      never,
		"http://app.example.com/cb":                      never,
		"http://localhost.evil.example/":                 never,
		"http://10.0.0.1/":                               never,
		"HTTPS://app.example.com/cb":                     never,
		"https:app.example.com":                          never,
		"https:/app.example.com":                         never,
		"https:///cb":                                    never,
		"https://":                                       never,
		"https://u@app.example.com/":                     never,
		"https://@app.example.com/":                      never,
		"https://app.example.com/#":                      never,
		"https://app.example.com/#f":                     never,
		"https://*.example.com/":                         never,
		"https://app.example.com/*":                      never,
		"https://app.example.com/{x}":                    never,
		"https://app.example.com/a b":                    never,
		"https://app.example.com/\u00e9":                 never,
		"https://app.example.com/%zz":                    never,
		"https://app.example.com/%":                      never,
		"https://app.example.com\\x":                     never,
		"https://app.example.com:/":                      never,
		"https://app.example.com:0/":                     never,
		"https://app..example.com/":                      never,
		"https://127.1/":                                 never,
		"https://0x7f.1/":                                never,
		"https://[::1%25lo]/":                            never,
		"https://[::ffff:1.2.3.4]/":                      never,
		"https://[0:0:0:0:0:0:0:1]/":                     never,
		"https://app%2eexample.com/":                     never,
		"":                                               never,
		"/cb":                                            never,
		"//app.example.com/cb":                           never,
		"app.example.com/cb":                             never,
		"https://" + strings.Repeat("a.", 1200) + "com/": never,
	}
	for _, bad := range []string{"javascript", "data", "vbscript", "file", "blob"} {
		upper := strings.ToUpper(bad)
		for _, s := range []string{bad, upper, upper[:1] + bad[1:], " " + bad, "\t" + bad, bad[:2] + "\n" + bad[2:], "\x01" + bad, bad + " ", "\u200b" + bad} {
			for _, rest := range []string{":x", "://x.example/", ":/x.y", ":https://app.example.com/cb"} {
				cases[s+rest] = never
			}
		}
	}
	for uri, allowed := range cases {
		for _, who := range []struct {
			native, operator bool
			want             bool
		}{
			{true, true, allowed&native != 0}, {true, false, allowed&native != 0},
			{false, true, allowed&operator != 0}, {false, false, allowed&(1<<3) != 0},
		} {
			f := CheckRedirectURI(uri, who.native, who.operator)
			if (f == nil) != who.want {
				t.Errorf("CheckRedirectURI(%q, %v, %v) = %v", uri, who.native, who.operator, f)
			}
			if f != nil && (f.Message == "" || f.Cite == "") {
				t.Errorf("%q: %+v has no message or no citation", uri, f)
			}
			c := &Client{Origin: FromSelf, Spec: Spec{RedirectURIs: []string{uri}}}
			if who.operator {
				c.Origin = FromOperator
			}
			if who.native {
				c.ApplicationType = "native"
			}
			if got := MatchRedirect(c, uri); got != who.want {
				t.Errorf("at use: MatchRedirect(%q) = %v", uri, got)
			}
		}
	}
}

func FuzzRedirect(f *testing.F) {
	for _, s := range shapes {
		f.Add(s.uri(), s.uri(), s.native)
		for _, v := range corpus(f, s) {
			f.Add(s.uri(), v, s.native)
		}
	}
	f.Add("http://127.0.0.1/cb", "http://127.0.0.1:80/cb", true)
	f.Fuzz(func(t *testing.T, registered, sent string, native bool) {
		c := &Client{Origin: FromOperator, Spec: Spec{RedirectURIs: []string{registered}}}
		if native {
			c.ApplicationType = "native"
		}
		if CheckRedirectURI(registered, native, true) != nil {
			if MatchRedirect(c, sent) && sent == registered {
				t.Fatalf("%q is refused at registration and matches at use", registered)
			}
			return
		}
		if MatchRedirect(c, registered) != true {
			t.Fatalf("%q does not match itself", registered)
		}
		if !MatchRedirect(c, sent) || sent == registered {
			return
		}
		a, errA := url.Parse(registered)
		b, errB := url.Parse(sent)
		if errA != nil || errB != nil || !native || a.Scheme != "http" || b.Scheme != "http" || a.Hostname() != b.Hostname() ||
			(a.Hostname() != "127.0.0.1" && a.Hostname() != "::1") || a.RequestURI() != b.RequestURI() || b.User != nil || b.Fragment != "" {
			t.Fatalf("%q matched %q", sent, registered)
		}
	})
}
