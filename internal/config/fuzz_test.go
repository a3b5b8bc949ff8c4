package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// FuzzServer: any text either decodes or is refused with findings that print;
// what decodes and validates has all its parsed forms.
func FuzzServer(f *testing.F) {
	f.Add(string(documented))
	f.Add("a: &a [*a]\n---\n<<: {listen: x}\n? {}\n: []\n")
	f.Add("mail: {smtp: {port: 1e3}}\nlog: &l {<<: [*l]}\n")
	f.Add("public_url: http://[::1%25]:/?#\ntrusted_proxies: [::ffff:0.0.0.0/96, 0/0]\nlisten: '[:'")
	f.Fuzz(func(t *testing.T, text string) {
		s := Defaults()
		err := DecodeStrict("f.yaml", []byte(text), s)
		var wrong *Errors
		switch {
		case err == nil:
		case !errors.As(err, &wrong) || len(wrong.Findings) == 0:
			t.Fatalf("a fault: %v", err)
		default:
			if strings.Count(err.Error(), "\n") > maxPrinted {
				t.Fatalf("printed without bound")
			}
			return
		}
		_ = s.String()
		if len(s.Validate()) == 0 && (s.PublicURL() == nil || len(s.TrustedProxies()) != len(s.Proxies)) {
			t.Fatalf("valid and yet %v %v", s.PublicURL(), s.TrustedProxies())
		}
	})
}

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"60s", "336h", "-1s", "0", "1h0m0.5s", "9e9h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again Duration
		if d.UnmarshalText([]byte(text)) != nil {
			return
		}
		if d < 0 {
			t.Fatalf("%q is negative", text)
		}
		if err := again.UnmarshalText([]byte(d.String())); err != nil || again != d {
			t.Fatalf("%q prints as %s, which reads as %v, %v", text, d, again, err)
		}
	})
}

// FuzzE14_ClientIP: whatever a caller sends, it cannot choose its address. The
// trusted proxy appends the true one, on the same line or on its own.
func FuzzE14_ClientIP(f *testing.F) {
	for _, s := range []string{"", "1.2.3.4", "for=1.2.3.4", `for="`, `for="\`, `for="[::1]:80`, "10.0.0.1,", ";for=10.0.0.1", `a="b,`, "for=_x;for="} {
		f.Add(s, s)
	}
	proxy, caller, caller6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8::9")
	f.Fuzz(func(t *testing.T, xff, forwarded string) {
		if ip := ClientIP(caller, []string{xff}, []string{forwarded}, proxies); ip != caller {
			t.Fatalf("untrusted peer became %v", ip)
		}
		for _, lines := range [][]string{{xff, caller.String()}, {xff + ", " + caller.String()}} {
			if ip := ClientIP(proxy, lines, nil, proxies); ip != caller {
				t.Fatalf("X-Forwarded-For %q: %v", lines, ip)
			}
			if ip := ClientIP(proxy, lines, []string{forwarded}, proxies); ip.IsValid() && ip != caller {
				t.Fatalf("X-Forwarded-For %q, Forwarded %q: %v", lines, forwarded, ip)
			}
		}
		if ip := ClientIP(proxy, nil, []string{forwarded, "for=203.0.113.9"}, proxies); ip != caller {
			t.Fatalf("Forwarded %q on its own line: %v", forwarded, ip)
		}
		for written, want := range map[string]netip.Addr{`, for=203.0.113.9;proto=https`: caller, `, for="[2001:db8::9]:1"`: caller6} {
			if ip := ClientIP(proxy, nil, []string{forwarded + written}, proxies); ip.IsValid() && ip != want {
				t.Fatalf("Forwarded %q: %v", forwarded+written, ip)
			}
		}
	})
}
