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
// a reload; with done what followed it. Without a request it is the person's own
// wish.
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
		q := web.From(r.Context())
		if done, ok := logout.OpenFarewell(s.Sealer, q.Tenant.ID, f.Get("done"), s.Browser(r), q.Now); ok {
			return s.showFarewell(w, r, p, d, done)
		}
		return s.LoggedOut(w, r, p, d, nil, nil)
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
		return s.LoggedOut(w, r, p, d, nil, nil)
	case sess.SID != p.Asked: // another session by now: ask about that one
		return s.ConfirmLogout(w, r, p, d, sess)
	}
	d.Everywhere = f.Get("scope") == "everywhere"
	ctx := web.As(r.Context(), "account:"+sess.Sub)
	ended, err := s.Logout.EndHere(ctx, q.Tenant.ID, sess, d, q.Now)
	if err != nil {
		return err
	}
	return s.LoggedOut(w, r, p, d, sess, ended)
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
// attributes, and the person returns or sees that it is done; before that their
// applications are told, where some want to be told in the browser. Every page
// that ended sessions answers with it.
func (s *Screens) LoggedOut(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision, sess *session.Session, ended []logout.Ended) error {
	q := web.From(r.Context())
	if web.Cookie(r, q.Tenant, web.SessionCookie) != "" {
		web.SetCookie(w, q.Tenant, web.SessionCookie, "", -1)
	}
	if q.Tenant.Settings.ClearSiteData {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	if d.Rejected {
		q.Error = "logout_address_rejected"
	}
	var told logout.FrontChannel
	if sess != nil {
		var err error
		if told, err = s.Logout.FrontChannel(r.Context(), q.Tenant, ended, sess.ID); err != nil {
			q.Cause = err // the session has ended: nothing that fails now may say otherwise
		}
	}
	// The page is for this browser's cookie: one without it is told in the answer.
	if len(told.Frames) > 0 && r.Method == http.MethodPost && s.Browser(r) != "" {
		return web.Redirect(w, s.farewell(r, p, d, told))
	}
	return s.goodbye(w, r, p, d, told)
}

// farewell is the address of the page that tells the applications after a form
// ended the session: reloading it, and coming back to it, sends no form again.
func (s *Screens) farewell(r *http.Request, p logout.Pending, d logout.Decision, told logout.FrontChannel) string {
	t, now := web.From(r.Context()).Tenant, web.From(r.Context()).Now
	f := logout.NewFarewell(told)
	f.Browser, f.At, f.Everywhere = s.Browser(r), now.UnixMicro(), d.Everywhere
	if d.Client != nil {
		if !d.ClickOnly {
			f.Direct = d.Client.ClientID
		}
		if p.ClientID == "" && p.Hint == logout.NoHint {
			p.ClientID = d.Client.ClientID // of the page where it was asked for
		}
	}
	return t.BasePath + "/signout?r=" + p.Seal(s.Sealer, t.ID) + "&done=" + f.Seal(s.Sealer, t.ID)
}

// showFarewell is GET /signout?done=…. The request is judged anew; what was
// proved by the session that is gone travels with it.
func (s *Screens) showFarewell(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision, f logout.Farewell) error {
	q := web.From(r.Context())
	told, err := s.Logout.Again(r.Context(), q.Tenant, f)
	if err != nil {
		q.Cause = err
	}
	d.Everywhere = f.Everywhere
	d.ClickOnly = d.ClickOnly && d.Client.ClientID != f.Direct
	return s.goodbye(w, r, p, d, told)
}

// goodbye answers a logout that is done: back to the application, or the page
// that says so, which tells the applications first.
func (s *Screens) goodbye(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision, told logout.FrontChannel) error {
	direct := d.ReturnURI != "" && !d.ClickOnly
	if direct && len(told.Frames) == 0 {
		w.Header().Set("Referrer-Policy", "no-referrer")
		return web.Redirect(w, d.Result(p.State, true))
	}
	out := SignedOutPage{
		Common:     s.common(w, r, page{uiLocales: p.UILocales, client: d.Client}),
		Everywhere: d.Everywhere, ReturnRejected: d.Rejected,
		Direct: direct, Apps: told.Apps, MoreApps: told.Left,
	}
	for _, f := range told.Frames {
		out.Frames = append(out.Frames, Frame{App: f.App, URL: f.URL, Origin: f.Origin})
	}
	if d.Client != nil {
		out.App, out.HomeURL = d.Client.Name(), d.Client.ClientURI
	}
	if d.ReturnURI != "" {
		out.ReturnURL = d.Result(p.State, true)
	}
	return s.write(w, http.StatusOK, out)
}
