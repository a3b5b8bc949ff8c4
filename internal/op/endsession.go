package op

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// EndSession is the logout endpoint (RP-Initiated Logout §2), GET and POST.
func (p *Interactive) EndSession(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	if web.Prefetched(r) { // §1.5: changes nothing anywhere
		return prefetched()
	}
	pending, err := p.pending(r)
	if err != nil {
		return err
	}
	q.ClientID = pending.ClientID
	if r.Method == http.MethodPost && web.Cookie(r, q.Tenant, web.SessionCookie) == "" {
		return web.Redirect(w, q.Tenant.BasePath+"/endsession?r="+pending.Seal(p.Sealer, q.Tenant.ID)+language(pending.UILocales))
	}
	sess, err := p.Browsing.Session(r)
	if err != nil {
		return err
	}
	d, err := p.Logout.Decide(r.Context(), q.Tenant, pending, sess, web.Navigation(r), q.Now)
	if err != nil {
		return err
	}
	var ended []logout.Ended
	switch d.Verdict {
	case logout.Forbidden:
		return &web.Refused{Status: http.StatusForbidden, Code: "unknown_client",
			Detail: "no enabled client has this client_id; nobody was signed out"}
	case logout.Conflict:
		return &web.Refused{Status: http.StatusBadRequest, Code: "client_mismatch",
			Detail: "id_token_hint was issued to another client than client_id names; send the one that belongs to it; nobody was signed out"}
	case logout.Ask:
		return p.Screens.ConfirmLogout(w, r, pending, d, sess)
	case logout.EndNow:
		ctx := web.As(r.Context(), "account:"+sess.Sub)
		if ended, err = p.Logout.EndHere(ctx, q.Tenant.ID, sess, d, q.Now); err != nil {
			return err
		}
	}
	return p.Screens.LoggedOut(w, r, pending, d, sess, ended)
}

// asks tells whether the parameters are a logout request's own; beside them one
// called r is nobody's.
func asks(f oidc.Form) bool {
	return f.Has("client_id") || f.Has("id_token_hint") || f.Has("post_logout_redirect_uri")
}

// pending reads the request, or opens the one that a bounce sealed.
func (p *Interactive) pending(r *http.Request) (logout.Pending, error) {
	q := web.From(r.Context())
	f, err := web.Form(r)
	if err != nil {
		return logout.Pending{}, err
	}
	if r.Method == http.MethodGet && f.Has("r") && !asks(f) {
		pending, err := logout.OpenPending(p.Sealer, q.Tenant.ID, f.Get("r"))
		if err != nil {
			return pending, &web.Refused{Status: http.StatusBadRequest, Code: "unreadable_request", Err: err}
		}
		return pending, nil
	}
	req, perr := oidc.ParseEndSession(f)
	if perr != nil {
		return logout.Pending{}, perr
	}
	return p.Logout.Read(r.Context(), q.Tenant, req)
}
