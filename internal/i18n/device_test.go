package i18n

import (
	"net/netip"
	"testing"
)

func TestFormatDevice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tag, browser, system, want string }{
		{"en", "Firefox", "Linux", "Firefox on Linux"},
		{"fr", "Firefox", "Linux", "Firefox sur Linux"},
		{"ar", "Firefox", "Linux", "Firefox على Linux"},
		{"en", "Safari", "macOS or iPad", "Safari on macOS or iPad"},
		{"fr", "Safari", "macOS or iPad", "Safari sur macOS ou iPad"},
		{"en", "curl", "", "curl"},
		{"en", "", "iPhone", "A browser or an app on iPhone"},
		{"en", "", "", "An unknown browser or app"},
	} {
		if got := FormatDevice(localeOf(t, c.tag), c.browser, c.system); got != c.want {
			t.Errorf("%s, %q on %q: %q, not %q", c.tag, c.browser, c.system, got, c.want)
		}
	}
}

func TestFormatPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ tag, addr, want string }{
		{"en", "203.0.113.77", "Network 203.0.113.x"},
		{"en", "203.0.0.7", "Network 203.0.0.x"},
		{"en", "::ffff:203.0.113.77", "Network 203.0.113.x"},
		{"en", "2001:db8:85a3:8d3:1319:8a2e:370:7348", "Network 2001:db8:85a3::x"},
		{"en", "2001:db8::1", "Network 2001:db8::x"},
		{"en", "fe80::1%eth0", "A home or office network"},
		{"en", "192.168.1.20", "A home or office network"},
		{"en", "172.17.0.1", "A home or office network"},
		{"en", "fd00::1", "A home or office network"},
		{"en", "127.0.0.1", "The computer this service runs on"},
		{"en", "::1", "The computer this service runs on"},
		{"en", "", "An unknown network"},
		{"en", "0.0.0.0", "An unknown network"},
		{"fr", "203.0.113.77", "Réseau 203.0.113.x"},
		{"ar", "203.0.113.77", "الشبكة \u2066203.0.113.x\u2069"},
	} {
		addr, _ := netip.ParseAddr(c.addr)
		if got := FormatPlace(localeOf(t, c.tag), addr); got != c.want {
			t.Errorf("%s, %q: %q, not %q", c.tag, c.addr, got, c.want)
		}
	}
}
