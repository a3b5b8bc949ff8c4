package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/tenant"
)

// The cookies of a tenant: the session, and beside it the browser (progress,
// known device) and the language. A dot cannot occur in a tenant id, so no two
// tenants share a name (spec/sign-in.md §2).
const (
	SessionCookie  = ""
	BrowserCookie  = ".browser"
	LanguageCookie = ".lang"
)

const maxCookie = 4 << 10 // bytes of value; more is treated as absent (SC5)

// CookieName is the name of a tenant's cookie. __Host- and Secure follow the
// issuer's scheme, not the connection's.
func CookieName(t *tenant.Live, which string) string {
	if t.Secure {
		return "__Host-foyer-" + t.ID + which
	}
	return "foyer-" + t.ID + which
}

// Cookie returns a cookie's value, "" when it is absent, oversized or sent
// twice with different values: then nobody knows which one is ours.
func Cookie(r *http.Request, t *tenant.Live, which string) string {
	name, value, found := CookieName(t, which), "", false
	for _, line := range r.Header["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			k, v, ok := strings.Cut(strings.TrimLeft(part, " \t"), "=")
			if !ok || k != name {
				continue
			}
			if len(v) > maxCookie || found && v != value {
				return ""
			}
			value, found = strings.Trim(v, `"`), true
		}
	}
	return value
}

// HasCookie tells whether the request carries any cookie of Foyer's.
func HasCookie(r *http.Request) bool {
	for _, line := range r.Header["Cookie"] {
		if strings.Contains(line, "foyer-") {
			return true
		}
	}
	return false
}

// SetCookie sets a tenant's cookie; maxAge 0 lasts until the browser closes,
// negative removes it with identical attributes.
func SetCookie(w http.ResponseWriter, t *tenant.Live, which, value string, maxAge time.Duration) {
	seconds := int(maxAge / time.Second)
	if maxAge < 0 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: CookieName(t, which), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: t.Secure, SameSite: http.SameSiteLaxMode,
	})
}
