package egress

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURL bounds an address in bytes.
const maxURL = 4 << 10

// parse reads an address strictly: what two parsers could read differently is
// refused, because the guard and the network must mean the same host.
func parse(raw string) (*url.URL, error) {
	if len(raw) > maxURL || strings.ContainsFunc(raw, odd) {
		return nil, ErrBlocked
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil || u.Opaque != "" || strings.Contains(raw, "#") {
		return nil, ErrBlocked
	}
	if (u.Scheme != "https" && u.Scheme != "http") || !plainHost(u.Host, u.Hostname()) || !plainPort(u) {
		return nil, ErrBlocked
	}
	return u, nil
}

// odd are the characters that RFC 3986 §2 has no place for, and that parsers
// repair in different ways.
func odd(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`{|}", r) }

// plainHost takes names of letters, digits, hyphens and underscores, and
// addresses in their canonical form; never the octal, hexadecimal and short
// forms of IPv4 (SS1), zones, or IPv4 in IPv6 clothes.
func plainHost(hostport, host string) bool {
	if strings.HasPrefix(hostport, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && !a.Is4In6() && a.Zone() == ""
	}
	if host == "" || len(host) > 253 {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.ContainsFunc(l, notLabel) {
			return false
		}
	}
	if numeric(labels[len(labels)-1]) {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is4()
	}
	return true
}

func notLabel(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}

// numeric is the "ends in a number" test of the WHATWG URL Standard §3.5: such
// a host is an IPv4 address to somebody.
func numeric(label string) bool {
	hex, isHex := strings.CutPrefix(strings.ToLower(label), "0x")
	digits := "0123456789"
	if isHex {
		label, digits = hex, "0123456789abcdef"
	}
	return strings.Trim(strings.ToLower(label), digits) == ""
}

func plainPort(u *url.URL) bool {
	p := u.Port()
	if p == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.Atoi(p)
	return err == nil && n > 0 && n < 1<<16 && p[0] != '0'
}
