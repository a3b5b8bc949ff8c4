package client

import (
	"slices"
	"strings"
	"sync"
)

// maxURI bounds a registered address in bytes.
const maxURI = 2 << 10

// MatchRedirect tells whether uri is one of the client's redirect addresses:
// byte for byte (RFC 9700 §4.1.3). The only exception is the port of a loopback
// IP literal that a native client registered (RFC 8252 §7.3); the name
// localhost has none (§8.3). What may not be registered is not matched either,
// however it came to be stored (AZ3).
func MatchRedirect(c *Client, uri string) bool {
	if uri == "" || len(uri) > maxURI {
		return false
	}
	if slices.Contains(c.RedirectURIs, uri) {
		return c.mayUse(uri)
	}
	prefix, rest, ok := splitLoopback(uri)
	return ok && c.Native() && CheckRedirectURI(uri, true, c.Origin != FromSelf) == nil &&
		slices.ContainsFunc(c.RedirectURIs, func(r string) bool {
			p, s, ok := splitLoopback(r)
			return ok && p == prefix && s == rest
		})
}

// MatchPostLogout tells whether uri is one of the client's addresses to return
// to after logout: byte for byte (RP-Initiated Logout §3).
func MatchPostLogout(c *Client, uri string) bool {
	return uri != "" && slices.Contains(c.PostLogoutRedirectURIs, uri) && c.mayUse(uri)
}

// mayUse is CheckRedirectURI of an address that the client registered.
func (c *Client) mayUse(uri string) bool {
	return registered.usable(use{uri, c.Native(), c.Origin != FromSelf})
}

// use is an address in a client's hands; whether it may be used depends on
// nothing else.
type use struct {
	uri                  string
	native, operatorMade bool
}

// uses remembers the verdicts on addresses that clients registered: a sign-in
// asks for the same one four times.
type uses struct {
	mu    sync.RWMutex
	known map[use]bool
}

var registered uses

// maxUses bounds what is remembered; addresses of clients that are gone leave
// with all others.
const maxUses = 10_000

func (u *uses) usable(x use) bool {
	u.mu.RLock()
	ok, found := u.known[x]
	u.mu.RUnlock()
	if found {
		return ok
	}
	ok = CheckRedirectURI(x.uri, x.native, x.operatorMade) == nil
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.known == nil || len(u.known) >= maxUses {
		u.known = map[use]bool{}
	}
	u.known[x] = ok
	return ok
}

// splitLoopback takes http://127.0.0.1:PORT/rest apart, the port optional. The
// address is one of two exact strings, the port what a listener can have.
func splitLoopback(uri string) (prefix, rest string, ok bool) {
	for _, p := range []string{"http://127.0.0.1", "http://[::1]"} {
		rest, ok := strings.CutPrefix(uri, p)
		if !ok {
			continue
		}
		if after, ok := strings.CutPrefix(rest, ":"); ok {
			n := strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' })
			if n < 0 {
				n = len(after)
			}
			if !validPort(after[:n]) {
				return "", "", false
			}
			rest = after[n:]
		}
		return p, rest, rest == "" || rest[0] == '/' || rest[0] == '?'
	}
	return "", "", false
}

// CheckRedirectURI holds the rules of an address that a browser is sent to
// (spec/sign-in.md §1, spec/tokens.md §6): https; http for loopback names and
// literals, of native clients and of those an operator made; a private-use
// scheme with a dot for native clients. It returns nil when s is one; the
// finding has no pointer yet.
func CheckRedirectURI(s string, native, operatorMade bool) *Finding {
	if f := checkURI(s); f != nil {
		return f
	}
	scheme, rest, _ := strings.Cut(s, ":")
	switch scheme {
	case "https", "http":
		u, f := checkWebURI(s)
		switch {
		case f != nil:
			return f
		case scheme == "https" || Loopback(u.Hostname()) && (native || operatorMade):
			return nil
		case Loopback(u.Hostname()):
			return &Finding{Message: "http on the loopback interface is for native clients (application_type native)", Cite: "OIDC Registration §2"}
		}
		return &Finding{Message: "http is for the loopback interface only (localhost, 127.0.0.1, [::1]); use https", Cite: "RFC 9700 §2.6"}
	}
	switch {
	case !strings.Contains(scheme, "."):
		return &Finding{Message: "the scheme must be https, or for native clients a private one with a dot, such as com.example.app", Cite: "RFC 8252 §7.1"}
	case !native:
		return &Finding{Message: "a private-use scheme is for native clients (application_type native)", Cite: "RFC 8252 §7.1"}
	case rest == "" || authorityHasUser(rest):
		return &Finding{Message: "a private-use address needs a path and has no user information", Cite: "RFC 8252 §7.1"}
	}
	return nil
}
