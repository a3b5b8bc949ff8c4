package client

import (
	"slices"
	"strings"
)

// frontchannelRule is what a frontchannel_logout_uri must be: an address that
// may be a redirect address and is on the web, of the origin of one that is.
var frontchannelRule = rule{"frontchannel_logout_uri", "Front-Channel §2", func(in checked, r *report) {
	uri := in.FrontchannelLogoutURI
	if uri == "" {
		return
	}
	if f := CheckRedirectURI(uri, in.Native(), in.CheckContext.Origin != FromSelf); f != nil {
		r.add(-1, *f)
		return
	}
	origin := OriginOf(uri)
	switch {
	case origin == "":
		r.say(-1, "must be https")
	case strings.Contains(origin, "["):
		r.add(-1, Finding{Message: "an IPv6 address cannot be named in a Content-Security-Policy; use a host name or 127.0.0.1", Cite: "CSP §2.3.1"})
	case !slices.ContainsFunc(in.RedirectURIs, func(r string) bool { return OriginOf(r) == origin }):
		r.say(-1, "must have the scheme, host and port of one of redirect_uris")
	}
}}

// FrontChannel is the address that a page loads in a frame to tell the client of
// a logout, and its origin: none when the client is disabled, or has no address
// that may be registered today, however it came to be stored (LO9).
func (c *Client) FrontChannel() (uri, origin string, ok bool) {
	if c.FrontchannelLogoutURI == "" || !c.IsEnabled() ||
		len(run([]rule{frontchannelRule}, checked{c, CheckContext{Origin: c.Origin}})) > 0 {
		return "", "", false
	}
	return c.FrontchannelLogoutURI, OriginOf(c.FrontchannelLogoutURI), true
}
