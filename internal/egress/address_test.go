package egress

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

// table is the deny list a second time, written as first and last addresses.
var table = [][2]string{
	{"0.0.0.0", "0.255.255.255"}, {"10.0.0.0", "10.255.255.255"}, {"100.64.0.0", "100.127.255.255"},
	{"127.0.0.0", "127.255.255.255"}, {"168.63.129.16", "168.63.129.16"}, {"169.254.0.0", "169.254.255.255"},
	{"172.16.0.0", "172.31.255.255"}, {"192.0.0.0", "192.0.0.255"}, {"192.0.2.0", "192.0.2.255"},
	{"192.31.196.0", "192.31.196.255"}, {"192.52.193.0", "192.52.193.255"}, {"192.88.99.0", "192.88.99.255"},
	{"192.168.0.0", "192.168.255.255"}, {"192.175.48.0", "192.175.48.255"}, {"198.18.0.0", "198.19.255.255"},
	{"198.51.100.0", "198.51.100.255"}, {"203.0.113.0", "203.0.113.255"}, {"224.0.0.0", "255.255.255.255"},
	{"::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"},
	{"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
}

func tableSays(a netip.Addr) bool {
	raw := a.AsSlice()
	if len(raw) == 16 && bytes.Equal(raw[:12], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) {
		raw = raw[12:]
	}
	return slices.ContainsFunc(table, func(r [2]string) bool {
		first, last := netip.MustParseAddr(r[0]).AsSlice(), netip.MustParseAddr(r[1]).AsSlice()
		return len(first) == len(raw) && bytes.Compare(first, raw) <= 0 && bytes.Compare(raw, last) <= 0
	})
}

func TestE15_SpecialEqualsTheTableAtEveryEdge(t *testing.T) {
	t.Parallel()
	for _, r := range table {
		for _, s := range r {
			a := netip.MustParseAddr(s)
			for _, b := range []netip.Addr{a, a.Next(), a.Prev()} {
				if b.IsValid() && Special(b) != tableSays(b) {
					t.Errorf("Special(%s) = %v, the table says otherwise", b, Special(b))
				}
			}
		}
	}
	for _, s := range []string{"8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"} {
		if Special(netip.MustParseAddr(s)) {
			t.Errorf("Special(%s): a public server", s)
		}
	}
	if !Special(netip.Addr{}) || !Special(netip.MustParseAddr("2606:4700::1%eth0")) {
		t.Error("no address and an address with a zone are not public servers")
	}
}

func FuzzAddress(f *testing.F) {
	for _, r := range table {
		f.Add(netip.MustParseAddr(r[0]).AsSlice(), "https://"+r[1]+"/")
	}
	for _, l := range literals(f) {
		f.Add([]byte{8, 8, 8, 8}, "https://"+l.host+"/x")
	}
	f.Fuzz(func(t *testing.T, raw []byte, s string) {
		if a, ok := netip.AddrFromSlice(raw); ok && Special(a) != tableSays(a) {
			t.Errorf("Special(%s) = %v", a, Special(a))
		}
		u, err := parse(s)
		if err != nil {
			if !errors.Is(err, ErrBlocked) {
				t.Errorf("parse(%q): %v", s, err)
			}
			return
		}
		host := strings.TrimSuffix(u.Hostname(), ".")
		last := host[strings.LastIndexByte(host, '.')+1:]
		_, err = netip.ParseAddr(host)
		if digit := last != "" && last[0] >= '0' && last[0] <= '9'; err != nil && digit && numeric(last) {
			t.Errorf("parse(%q) took a number that is not an address", s)
		}
	})
}

type literal struct{ host, answers string }

func literals(t testing.TB) []literal {
	t.Helper()
	text, err := os.ReadFile("testdata/literals.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []literal
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		host, answers, _ := strings.Cut(line, "=")
		out = append(out, literal{host, answers})
	}
	return out
}
