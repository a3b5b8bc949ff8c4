package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// forwardedForHops reads X-Forwarded-For lines. Empty items are no items
// (RFC 9110 §5.6.1); an item that is no address is the zero Addr.
func forwardedForHops(lines []string) []netip.Addr {
	var hops []netip.Addr
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if item = strings.Trim(item, " \t"); item != "" {
				hops = append(hops, parseNode(item))
			}
		}
	}
	return hops
}

// forwardedHops reads Forwarded lines (RFC 7239 §4). Each line is read on its
// own, so that a quote left open in the client's cannot swallow the proxy's. A
// header without any for= says nothing about the caller and counts as absent.
func forwardedHops(lines []string) []netip.Addr {
	var hops []netip.Addr
	anyNamed := false
	for _, line := range lines {
		for _, element := range splitQuoted(line, ',') {
			if strings.Trim(element, " \t") == "" {
				continue
			}
			hop, named := elementFor(element)
			anyNamed = anyNamed || named
			hops = append(hops, hop)
		}
	}
	if !anyNamed {
		return nil
	}
	return hops
}

// elementFor returns the address of an element's one for= parameter; named tells
// whether there is such a parameter. A malformed element counts as named: it may
// be the proxy's, spoilt by what the client wrote before it.
func elementFor(element string) (hop netip.Addr, named bool) {
	for _, p := range splitQuoted(element, ';') {
		if p = strings.Trim(p, " \t"); p == "" {
			continue
		}
		name, value, ok := strings.Cut(p, "=")
		text, closed := unquote(value)
		isFor := strings.EqualFold(name, "for")
		switch {
		case !ok || !closed || !isToken(name) || (isFor && named):
			return netip.Addr{}, true // RFC 7239 §4: each parameter once
		case isFor:
			named, hop = true, parseNode(text)
		}
	}
	return hop, named
}

// splitQuoted splits at sep outside quoted strings. An open quote runs to the end
// of the line, which leaves an element that unquote refuses.
func splitQuoted(s string, sep byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case !quoted && s[i] == sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unquote removes the quotes of a quoted-string; no address needs an escape.
func unquote(s string) (string, bool) {
	if inner, ok := strings.CutPrefix(s, `"`); ok {
		s, ok = strings.CutSuffix(inner, `"`)
		if !ok {
			return "", false
		}
	}
	return s, !strings.ContainsAny(s, `"\`)
}

// isToken is RFC 9110 §5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// parseNode reads a node of either header: an address, with brackets or without,
// and perhaps a port (RFC 7239 §6). Obfuscated names and "unknown" give zero.
func parseNode(s string) netip.Addr {
	host, port := s, ""
	if inner, ok := strings.CutPrefix(s, "["); ok {
		host, port, ok = strings.Cut(inner, "]")
		if !ok || !strings.Contains(host, ":") {
			return netip.Addr{}
		}
	} else if strings.Count(s, ":") == 1 {
		i := strings.IndexByte(s, ':')
		host, port = s[:i], s[i:]
	}
	if port != "" && !validPort(port) {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return canonical(ip)
}

// validPort takes ":443" and an obfuscated ":_x" (RFC 7239 §6.2).
func validPort(s string) bool {
	p, ok := strings.CutPrefix(s, ":")
	if !ok {
		return false
	}
	if strings.HasPrefix(p, "_") {
		return len(p) > 1
	}
	_, err := strconv.ParseUint(p, 10, 16)
	return err == nil
}
