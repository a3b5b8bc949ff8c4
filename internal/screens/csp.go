package screens

import (
	"net/url"
	"strings"
)

// CSP is the Content-Security-Policy of a page (security rows HD2, HD3). With
// a nonce only the script tag that carries it runs, without one only scripts
// of our own origin. formAction is where the page's form may end: 'self', and
// for forms that can end at an application what design says ("https:", its
// loopback or private-use scheme), because Chromium checks every redirect
// after a POST. A page without a form gets 'none', or
// 'self' for its language menu. Malformed sources are left
// out.
func CSP(p Page, nonce string, formAction []string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self'")
	if origin := logoOrigin(p.common().Brand); origin != "" {
		b.WriteString(" " + origin)
	}
	if nonce != "" && plainSource(nonce) {
		b.WriteString("; script-src 'nonce-" + nonce + "'")
	} else {
		b.WriteString("; script-src 'self'")
	}
	if f, ok := p.(framing); ok && len(f.frames()) > 0 {
		b.WriteString("; frame-src " + frameSources(f.frames())) // LO9
	}
	b.WriteString("; base-uri 'none'; frame-ancestors 'none'; form-action " + formSources(p, formAction))
	return b.String()
}

// framing is implemented by pages with frames: the origins that these may show.
type framing interface{ frames() []string }

func formSources(p Page, sources []string) string {
	if !p.HasForm() {
		if len(p.common().Locales) > 1 {
			return "'self'" // the language menu
		}
		return "'none'"
	}
	var kept []string
	for _, s := range sources {
		if s == "'self'" || plainSource(s) {
			kept = append(kept, s)
		}
	}
	if len(kept) == 0 {
		return "'self'"
	}
	return strings.Join(kept, " ")
}

// plainSource refuses what could end a source, a directive or the header.
func plainSource(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' || c == ';' || c == ',' || c == '\'' || c == '"' {
			return false
		}
	}
	return s != ""
}

// logoOrigin is the origin of a logo that another server keeps.
func logoOrigin(b Brand) string {
	u, err := url.Parse(b.logo())
	if err != nil || u.Host == "" || !plainSource(u.Host) || strings.Contains(u.Host, "*") {
		return ""
	}
	return "https://" + u.Host
}

// ReferrerPolicy is the header of a page: a form needs same-origin, because
// no-referrer makes its POST send "Origin: null" (security row HD4).
func ReferrerPolicy(p Page) string {
	if p.HasForm() {
		return "same-origin"
	}
	return "no-referrer"
}
