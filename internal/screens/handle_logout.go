package screens

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

// ConfirmLogout implements op.Screens: who is signed in, which application
// asks, this device or everywhere, Cancel (spec/logout.md §1.5).
func (s *Screens) ConfirmLogout(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision, sess *session.Session) error {
	q := web.From(r.Context())
	acc, err := s.People.FindAccount(r.Context(), q.Tenant.ID, sess.Sub)
	if err != nil {
		return err
	}
	n, err := s.Counts.CountSessions(r.Context(), q.Tenant.ID, sess.Sub, q.Now)
	if err != nil {
		return err
	}
	p.Asked = sess.SID
	sealed := p.Seal(s.Sealer, q.Tenant.ID)
	out := LogoutConfirmPage{
		Common: s.common(w, r, page{uiLocales: p.UILocales, client: d.Client, path: q.Tenant.BasePath + "/signout", sealed: sealed}),
		Who:    person(acc), Devices: n, Everywhere: d.Everywhere, Request: sealed,
	}
	if d.Client != nil {
		out.App = d.Client.Name()
	}
	return s.write(w, http.StatusOK, out, formAction(d.ReturnURI)...)
}

// ShowSignOut is GET /signout: the question again, in another language or after
// a reload. Without a request it is the person's own wish.
func (s *Screens) ShowSignOut(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	p, d, sess, err := s.pending(r, f)
	if err != nil {
		return err
	}
	if sess == nil {
		return s.LoggedOut(w, r, p, d)
	}
	return s.ConfirmLogout(w, r, p, d, sess)
}

// SignOut is POST /signout.
func (s *Screens) SignOut(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	p, d, sess, err := s.pending(r, f)
	switch {
	case err != nil:
		return err
	case f.Get("action") == "cancel" && (sess != nil || d.ReturnURI != "" && !d.ClickOnly):
		return s.stay(w, r, p, d)
	case sess == nil:
		return s.LoggedOut(w, r, p, d)
	case sess.SID != p.Asked: // another session by now: ask about that one
		return s.ConfirmLogout(w, r, p, d, sess)
	}
	d.Everywhere = f.Get("scope") == "everywhere"
	ctx := web.As(r.Context(), "account:"+sess.Sub)
	if _, err := s.Logout.EndHere(ctx, q.Tenant.ID, sess, d, q.Now); err != nil {
		return err
	}
	return s.LoggedOut(w, r, p, d)
}

// pending opens the sealed request of a form or an address and judges it anew.
func (s *Screens) pending(r *http.Request, f oidc.Form) (p logout.Pending, d logout.Decision, sess *session.Session, err error) {
	q := web.From(r.Context())
	if f.Has("r") {
		if p, err = logout.OpenPending(s.Sealer, q.Tenant.ID, f.Get("r")); err != nil {
			return p, d, nil, &web.Refused{Status: http.StatusBadRequest, Code: "unreadable_request", Err: err}
		}
	}
	if sess, err = s.Session(r); err != nil {
		return p, d, nil, err
	}
	d, err = s.Logout.Decide(r.Context(), q.Tenant, p, sess, true, q.Now)
	if err == nil && (d.Verdict == logout.Forbidden || d.Verdict == logout.Conflict) {
		d = logout.Decision{Verdict: logout.Ask, Rejected: p.Return != ""} // the client went away meanwhile
		if sess == nil {
			d.Verdict = logout.NothingHere
		}
	}
	return p, d, sess, err
}

// stay is the answer to Cancel: nothing ended (spec/logout.md §1.6).
func (s *Screens) stay(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision) error {
	if d.ReturnURI != "" && !d.ClickOnly {
		return web.Redirect(w, d.Result(p.State, false))
	}
	out := StillSignedInPage{Common: s.common(w, r, page{uiLocales: p.UILocales, client: d.Client})}
	if d.Client != nil {
		out.App, out.HomeURL = d.Client.Name(), d.Client.ClientURI
	}
	return s.write(w, http.StatusOK, out)
}

// LoggedOut implements op.Screens: the cookie is cleared with identical
// attributes, and the person returns or sees that it is done.
func (s *Screens) LoggedOut(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision) error {
	t := web.From(r.Context()).Tenant
	if web.Cookie(r, t, web.SessionCookie) != "" {
		web.SetCookie(w, t, web.SessionCookie, "", -1)
	}
	if t.Settings.ClearSiteData {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	if d.Rejected {
		web.From(r.Context()).Error = "logout_address_rejected"
	}
	if d.ReturnURI != "" && !d.ClickOnly {
		w.Header().Set("Referrer-Policy", "no-referrer")
		return web.Redirect(w, d.Result(p.State, true))
	}
	out := SignedOutPage{
		Common:     s.common(w, r, page{uiLocales: p.UILocales, client: d.Client}),
		Everywhere: d.Everywhere, ReturnRejected: d.Rejected,
	}
	if d.Client != nil {
		out.App, out.HomeURL = d.Client.Name(), d.Client.ClientURI
	}
	if d.ReturnURI != "" {
		out.ReturnURL = d.Result(p.State, true)
	}
	return s.write(w, http.StatusOK, out)
}
