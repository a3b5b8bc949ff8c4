package client

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// checkURI refuses what parsers and browsers read in different ways, whatever
// the scheme.
func checkURI(s string) *Finding {
	refuse := func(message, cite string) *Finding { return &Finding{Message: message, Cite: cite} }
	scheme, _, ok := strings.Cut(s, ":")
	switch {
	case s == "":
		return refuse("must not be empty", "RFC 6749 §3.1.2")
	case len(s) > maxURI:
		return refuse("is longer than 2 KiB", "Foyer DS1")
	case strings.ContainsFunc(s, notURI):
		return refuse("has a space, a control character, a backslash or another character that an address cannot have; percent-encode it", "RFC 3986 §2")
	case strings.Contains(s, "#"):
		return refuse("must not have a fragment", "RFC 6749 §3.1.2")
	case strings.Contains(s, "*"):
		return refuse("must not have a wildcard; register every address", "RFC 9700 §2.1")
	case !ok || !validScheme(scheme):
		return refuse("must be absolute, with its scheme in small letters", "RFC 6749 §3.1.2")
	case !validEscapes(s):
		return refuse("has a % that is not followed by two hexadecimal digits", "RFC 3986 §2.1")
	}
	return nil
}

// checkWebURI reads an http or https address whose host means the same to
// every parser (E1).
func checkWebURI(s string) (*url.URL, *Finding) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "" || !strings.HasPrefix(s[len(u.Scheme):], "://"):
		return nil, &Finding{Message: "is not an address such as https://app.example.com/callback", Cite: "RFC 3986 §3"}
	case u.User != nil || strings.Contains(u.Host, "@"):
		return nil, &Finding{Message: "must not have user information", Cite: "RFC 9110 §4.2.4"}
	case !validHost(u.Host, u.Hostname()):
		return nil, &Finding{Message: "has a host that is not a name or a canonical IP address", Cite: "RFC 3986 §3.2.2"}
	case u.Port() != "" && !validPort(u.Port()), strings.HasSuffix(u.Host, ":"):
		return nil, &Finding{Message: "has a port that is not a number from 1 to 65535", Cite: "RFC 3986 §3.2.3"}
	}
	return u, nil
}

// Loopback takes the names and literals that stay on the machine (W3C Secure
// Contexts §3.1): localhost, names below it, 127.0.0.0/8 and ::1.
func Loopback(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Zone() == "" && a.IsLoopback()
}

// OriginOf returns the origin of an http or https address as browsers write it
// (RFC 6454 §6.2): small letters, no default port; "" for anything else.
func OriginOf(uri string) string {
	if scheme, _, _ := strings.Cut(uri, ":"); scheme != "https" && scheme != "http" {
		return ""
	}
	u, f := checkWebURI(uri)
	if f != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if p := u.Port(); p == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host = strings.TrimSuffix(host, ":"+p)
	}
	return u.Scheme + "://" + host
}

func notURI(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\\\"<>^`{|}", r) }

func validScheme(s string) bool {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z':
		case i > 0 && (r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.'):
		default:
			return false
		}
	}
	return s != ""
}

func validEscapes(s string) bool {
	hex := func(b byte) bool { return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' }
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && (i+2 >= len(s) || !hex(s[i+1]) || !hex(s[i+2])) {
			return false
		}
	}
	return true
}

func validPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n < 1<<16 && s[0] >= '1' && s[0] <= '9'
}

// validHost takes names of letters, digits, hyphens and underscores, and IP
// addresses in canonical form. A name that ends in a number is an IPv4 address
// to browsers (WHATWG URL §3.5), so it must be one.
func validHost(hostport, host string) bool {
	if strings.HasPrefix(hostport, "[") {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is6() && a.Zone() == "" && !a.Is4In6() && a.String() == host
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.ContainsFunc(l, notHostRune) {
			return false
		}
	}
	if last := strings.ToLower(labels[len(labels)-1]); endsInNumber(last) {
		a, err := netip.ParseAddr(host)
		return err == nil && a.Is4()
	}
	return len(host) <= 253 && validPunycode(strings.ToLower(host))
}

// browserNames reads internationalized names as browsers do (WHATWG URL §3.3).
var browserNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true), idna.CheckHyphens(false), idna.StrictDomainName(false), idna.Transitional(false))

// validPunycode refuses xn-- labels that stand for nothing: browsers refuse
// them or show another name.
func validPunycode(host string) bool {
	if !strings.Contains(host, "xn--") {
		return true
	}
	ascii, err := browserNames.ToASCII(host)
	return err == nil && ascii == host
}

func endsInNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func notHostRune(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
}

func authorityHasUser(rest string) bool {
	authority, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return false
	}
	authority, _, _ = strings.Cut(authority, "/")
	authority, _, _ = strings.Cut(authority, "?")
	return strings.Contains(authority, "@")
}
