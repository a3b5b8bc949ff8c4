package client

import (
	"net/url"
	"strings"
)

var addressRules = []rule{
	{"redirect_uris", "", eachRedirect(func(s *Spec) []string { return s.RedirectURIs })},
	{"post_logout_redirect_uris", "", eachRedirect(func(s *Spec) []string { return s.PostLogoutRedirectURIs })},
	{"backchannel_logout_uri", "Back-Channel §2.2", func(in checked, r *report) { called(in, in.BackchannelLogoutURI, r) }},
	{"jwks_uri", "RFC 7591 §2", func(in checked, r *report) { called(in, in.JWKSURI, r) }},
	frontchannelRule,
	{"initiate_login_uri", "OIDC Core §4", func(in checked, r *report) {
		if in.InitiateLoginURI != "" {
			visited(in.InitiateLoginURI, r)
		}
	}},
	{"client_uri", "RFC 7591 §2", shown(func(s *Spec) string { return s.ClientURI })},
	{"logo_uri", "RFC 7591 §2", shown(func(s *Spec) string { return s.LogoURI })},
	{"policy_uri", "RFC 7591 §2", shown(func(s *Spec) string { return s.PolicyURI })},
	{"tos_uri", "RFC 7591 §2", shown(func(s *Spec) string { return s.TOSURI })},
	{"cors_origins", "RFC 6454 §6.2", func(in checked, r *report) {
		for i, o := range in.CORSOrigins {
			if !validOrigin(o) {
				r.say(i, "is not an origin as browsers send it, such as https://app.example.com: small letters, no path, no default port; http on the loopback interface only")
			}
		}
	}},
}

// eachRedirect applies CheckRedirectURI, whose findings cite for themselves.
func eachRedirect(uris func(*Spec) []string) func(checked, *report) {
	return func(in checked, r *report) {
		for i, u := range uris(&in.Spec) {
			if f := CheckRedirectURI(u, in.Native(), in.CheckContext.Origin != FromSelf); f != nil {
				r.add(i, *f)
			}
		}
	}
}

// called is an address that Foyer calls: https; http on the loopback interface,
// or anywhere when the operator allows private networks (the egress client
// still decides by address).
func called(in checked, s string, r *report) {
	if s == "" {
		return
	}
	if u := webURI(s, r); u != nil && u.Scheme == "http" && !in.PlainHTTP && !Loopback(u.Hostname()) {
		r.say(-1, "must be https")
	}
}

// visited is an address that browsers are sent to without being a redirect URI.
func visited(s string, r *report) {
	if u := webURI(s, r); u != nil && u.Scheme == "http" && !Loopback(u.Hostname()) {
		r.say(-1, "must be https")
	}
}

// webURI is an absolute http or https address in one reading, or nil after it
// was said why not.
func webURI(s string, r *report) *url.URL {
	if f := checkURI(s); f != nil {
		r.add(-1, *f)
		return nil
	}
	if scheme, _, _ := strings.Cut(s, ":"); scheme != "https" && scheme != "http" {
		r.say(-1, "must be https")
		return nil
	}
	u, f := checkWebURI(s)
	if f != nil {
		r.add(-1, *f)
		return nil
	}
	return u
}

// shown is an address that pages link to: never a scheme that runs something.
func shown(uri func(*Spec) string) func(checked, *report) {
	return func(in checked, r *report) {
		if s := uri(&in.Spec); s != "" {
			webURI(s, r)
		}
	}
}

func validOrigin(o string) bool {
	if o == "" || OriginOf(o) != o || checkURI(o) != nil {
		return false
	}
	return strings.HasPrefix(o, "https://") || Loopback(originHost(o))
}

// originHost is the host of a web address, "" for anything else.
func originHost(uri string) string {
	u, err := url.Parse(OriginOf(uri))
	if err != nil {
		return ""
	}
	return u.Hostname()
}
