package op

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// The answers of the iframe to a page that asks (Session Management §3.2).
const (
	changed   = "changed"
	unchanged = "unchanged"
	// unknowable: this browser withholds Foyer's cookies here, so whether the
	// person is signed in cannot be said. Never "changed", which would sign
	// people out of applications for nothing.
	unknowable = "error"
)

// CheckSession is the session iframe (Session Management §3.2): the document,
// and, with session_state, the question that its script asks.
func (p *Interactive) CheckSession(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	if !q.Tenant.Settings.SessionManagement {
		return web.Status(http.StatusNotFound)
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	if f.Has("session_state") {
		return p.sessionState(w, r, f)
	}
	ancestors, err := p.framers(r)
	if err != nil {
		return err
	}
	return p.Screens.CheckSession(w, r, ancestors)
}

// sessionState tells the iframe's own script, and nobody else, what to answer
// to a page of the origin that sent the message. 403 is no answer at all: the
// page is not one of the client's (LO12).
func (p *Interactive) sessionState(w http.ResponseWriter, r *http.Request, f oidc.Form) error {
	q := web.From(r.Context())
	if s := r.Header.Get("Sec-Fetch-Site"); s != "" && s != "same-origin" {
		return web.HTTPException(w, http.StatusForbidden)
	}
	c, err := p.Clients.Find(r.Context(), q.Tenant.ID, f.Get("client_id"))
	if err != nil && !errors.Is(err, client.ErrNotFound) {
		return err
	}
	origin := f.Get("origin")
	if err != nil || !slices.Contains(client.RedirectOrigins(c), origin) {
		return web.HTTPException(w, http.StatusForbidden)
	}
	q.ClientID = c.ClientID
	sess, err := p.Browsing.Session(r)
	if err != nil {
		return err
	}
	answer := struct {
		Session string `json:"session"`
	}{changed}
	switch {
	case sess != nil && p.States.Unchanged(q.Tenant.ID, c.ClientID, origin, sess.SID, f.Get("session_state")):
		answer.Session = unchanged
	case sess == nil && !seesCookies(r, q):
		answer.Session = unknowable
	}
	return web.JSON(w, http.StatusOK, answer)
}

// seesCookies tells whether the browser sends Foyer's cookies here. Whoever has
// ever signed in has the browser cookie, which outlives the session and has the
// same attributes: where it is missing, a page of another site is around the
// iframe, or the browser keeps cookies apart.
func seesCookies(r *http.Request, q *web.Request) bool {
	return web.Cookie(r, q.Tenant, web.BrowserCookie) != "" || web.Cookie(r, q.Tenant, web.SessionCookie) != ""
}

// mostFramers and framersSize bound the list of who may frame the iframe: it
// travels in a header, for which proxies have little room.
const (
	mostFramers = 100
	framersSize = 2 << 10 // bytes
)

// framers are the origins that may frame the iframe: all that the tenant's
// clients are registered with, because its address says nothing of the client.
// Where they are too many, the one that the browser says is about to do it.
func (p *Interactive) framers(r *http.Request) ([]string, error) {
	t := web.From(r.Context()).Tenant
	all, err := p.Clients.Origins(r.Context(), t.ID, mostFramers)
	if err != nil {
		return nil, err
	}
	if all != nil && len(strings.Join(all, " ")) <= framersSize {
		return all, nil
	}
	from, err := url.Parse(r.Referer())
	if err != nil {
		return nil, nil
	}
	origin := client.OriginOf(from.Scheme + "://" + from.Host)
	ok, err := p.Clients.OriginAllowed(r.Context(), t.ID, origin)
	if err != nil || !ok {
		return nil, err
	}
	return []string{origin}, nil
}
