package config

import (
	"fmt"
	"net/netip"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestRL3_ClientIP(t *testing.T) {
	t.Parallel()
	type lines = []string
	for _, c := range []struct {
		name           string
		remote         string
		xff, forwarded lines
		want           string // "" when the caller cannot be known
	}{
		{"no proxy", "203.0.113.9", nil, nil, "203.0.113.9"},
		{"headers of an untrusted peer do not count", "203.0.113.9", lines{"198.51.100.1"}, lines{"for=198.51.100.1"}, "203.0.113.9"},
		{"one proxy", "10.0.0.1", lines{"203.0.113.9"}, nil, "203.0.113.9"},
		{"a proxy that says nothing", "10.0.0.1", nil, nil, "10.0.0.1"},
		{"an empty header", "10.0.0.1", lines{"", " , "}, lines{" "}, "10.0.0.1"},
		{"a forged item stands left", "10.0.0.1", lines{"198.51.100.1, 203.0.113.9"}, nil, "203.0.113.9"},
		{"a forged line stands first", "10.0.0.1", lines{"198.51.100.1", "203.0.113.9"}, nil, "203.0.113.9"},
		{"a forged trusted item stands left", "10.0.0.1", lines{"10.9.9.9, 203.0.113.9"}, nil, "203.0.113.9"},
		{"two proxies", "10.0.0.1", lines{"198.51.100.1, 203.0.113.9, 10.0.0.2"}, nil, "203.0.113.9"},
		{"a caller inside the trusted networks", "10.0.0.1", lines{"10.5.5.5, 10.0.0.2"}, nil, "10.5.5.5"},
		{"an item that is no address", "10.0.0.1", lines{"unknown"}, nil, ""},
		{"an item that is no address beyond a proxy", "10.0.0.1", lines{"203.0.113.9, unix:, 10.0.0.2"}, nil, ""},
		{"garbage left of the caller", "10.0.0.1", lines{"<script>, 203.0.113.9"}, nil, "203.0.113.9"},
		{"ports", "10.0.0.1", lines{"203.0.113.9:4711, 10.0.0.2:80"}, nil, "203.0.113.9"},
		{"an impossible port", "10.0.0.1", lines{"203.0.113.9:65536"}, nil, ""},
		{"IPv6 plain", "fd00::1", lines{"2001:db8::9"}, nil, "2001:db8::9"},
		{"IPv6 in brackets", "fd00::1", lines{"[2001:db8::9]"}, nil, "2001:db8::9"},
		{"IPv6 with a port", "fd00::1", lines{"[2001:db8::9]:443"}, nil, "2001:db8::9"},
		{"brackets left open", "fd00::1", lines{"[2001:db8::9"}, nil, ""},
		{"IPv4 in brackets", "fd00::1", lines{"[203.0.113.9]"}, nil, ""},
		{"an item with a zone", "10.0.0.1", lines{"fe80::1%x1"}, nil, "fe80::1"},
		{"a peer with a zone", "fd00::1%eth0", lines{"203.0.113.9"}, nil, "203.0.113.9"},
		{"a mapped peer", "::ffff:10.0.0.1", lines{"::ffff:203.0.113.9"}, nil, "203.0.113.9"},
		{"a mapped hop", "10.0.0.1", lines{"203.0.113.9, ::ffff:10.0.0.2"}, nil, "203.0.113.9"},

		{"Forwarded", "10.0.0.1", nil, lines{`for=198.51.100.1, For=203.0.113.9;proto=https;by=10.0.0.1`}, "203.0.113.9"},
		{"Forwarded IPv6", "10.0.0.1", nil, lines{`proto=https;for="[2001:db8::9]:4711"`}, "2001:db8::9"},
		{"Forwarded empty pairs", "10.0.0.1", nil, lines{`;for=203.0.113.9; ;, ,`}, "203.0.113.9"},
		{"Forwarded that lost the proxy's for to a quote", "10.0.0.1", nil, lines{`a="b,, for="[2001:db8::9]:1"`}, ""},
		{"Forwarded obfuscated port", "10.0.0.1", nil, lines{`for="203.0.113.9:_x"`}, "203.0.113.9"},
		{"Forwarded obfuscated", "10.0.0.1", nil, lines{`for=203.0.113.9, for=_hidden`}, ""},
		{"Forwarded unknown", "10.0.0.1", nil, lines{`for=unknown`}, ""},
		{"Forwarded twice in an element", "10.0.0.1", nil, lines{`for=203.0.113.9;for=203.0.113.8`}, ""},
		{"Forwarded without for beside one with", "10.0.0.1", nil, lines{`for=203.0.113.9, proto=https`}, ""},
		{"Forwarded comma in quotes", "10.0.0.1", nil, lines{`for="198.51.100.1, for=198.51.100.2", for=203.0.113.9`}, "203.0.113.9"},
		{"Forwarded quote left open swallows nothing across lines", "10.0.0.1", nil, lines{`for="`, `for=203.0.113.9`}, "203.0.113.9"},
		{"Forwarded quote left open on the proxy's line proves nothing", "10.0.0.1", nil, lines{`for=10.0.0.9, for=", for=203.0.113.9`}, ""},
		{"Forwarded quote paired with the proxy's", "10.0.0.1", nil, lines{`for=", for="[2001:db8::9]"`}, ""},
		{"Forwarded escape", "10.0.0.1", nil, lines{`for="203.0.113.\9"`}, ""},

		{"both headers agree", "10.0.0.1", lines{"203.0.113.9"}, lines{"for=203.0.113.9"}, "203.0.113.9"},
		{"a forged Forwarded beside the proxy's X-Forwarded-For", "10.0.0.1", lines{"203.0.113.9"}, lines{"for=198.51.100.1"}, ""},
		{"a forged X-Forwarded-For beside the proxy's Forwarded", "10.0.0.1", lines{"198.51.100.1"}, lines{"for=203.0.113.9"}, ""},
		{"a Forwarded that only tells the scheme", "10.0.0.1", lines{"203.0.113.9"}, lines{"proto=https"}, "203.0.113.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var want netip.Addr
			if c.want != "" {
				want = netip.MustParseAddr(c.want)
			}
			if got := ClientIP(netip.MustParseAddr(c.remote), c.xff, c.forwarded, proxies); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestRL3_RotatingForgeriesAreOneCaller(t *testing.T) {
	t.Parallel()
	seen := map[netip.Addr]bool{}
	for i := range 200 {
		forged := fmt.Sprintf("198.51.%d.%d", i, i)
		for _, ip := range []netip.Addr{
			ClientIP(netip.MustParseAddr("10.0.0.1"), []string{forged + ", 203.0.113.9"}, nil, proxies),
			ClientIP(netip.MustParseAddr("10.0.0.1"), nil, []string{"for=" + forged + ", for=203.0.113.9"}, proxies),
			ClientIP(netip.MustParseAddr("203.0.113.9"), []string{forged}, []string{"for=" + forged}, proxies),
		} {
			seen[ip] = true
		}
	}
	if len(seen) != 1 || !seen[netip.MustParseAddr("203.0.113.9")] {
		t.Errorf("callers %v", seen)
	}
}

func TestRL3_AnUnknownCallerIsInNoNetwork(t *testing.T) {
	t.Parallel()
	ip := ClientIP(netip.MustParseAddr("10.0.0.1"), []string{"203.0.113.9"}, []string{"for=10.0.0.1"}, proxies)
	if ip.IsValid() || ip.IsLoopback() || trusts(append(proxies, netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")), ip) {
		t.Errorf("caller is %v", ip)
	}
}
