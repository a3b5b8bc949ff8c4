package op

import (
	"context"
	"net/http"
	"net/url"

	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

// Screens is what the protocol endpoints ask of the hosted pages.
type Screens interface {
	// Continue answers an authorization request where it stands: to the client,
	// or with the screen of its step.
	Continue(w http.ResponseWriter, r *http.Request, o *authz.Outcome) error
	// ConfirmLogout asks before a session ends.
	ConfirmLogout(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision, sess *session.Session) error
	// LoggedOut clears the cookie and answers a logout that is done, of the
	// browser's session and others that ended with it; nil when it had none.
	LoggedOut(w http.ResponseWriter, r *http.Request, p logout.Pending, d logout.Decision, sess *session.Session, ended []logout.Ended) error
	// CheckSession is the document of the session iframe, which those origins
	// may frame.
	CheckSession(w http.ResponseWriter, r *http.Request, ancestors []string) error
}

// Browsing finds what a browser's cookies mean.
type Browsing interface {
	Session(r *http.Request) (*session.Session, error)
	Browser(r *http.Request) string
}

// Interactive are the endpoints that browsers navigate to.
type Interactive struct {
	Flow     *authz.Flow
	Clients  *client.Directory
	States   *session.States
	Objects  RequestObjects
	Logout   *logout.Engine
	Screens  Screens
	Browsing Browsing
	Sealer   *secret.Sealer
}

// RequestObjects verifies request objects and returns their parameters merged
// over the outer ones (RFC 9101 §6.3, OIDC Core §6.1).
type RequestObjects interface {
	Expand(ctx context.Context, q *web.Request, f oidc.Form) (oidc.Form, error)
}

// Authorize is the authorization endpoint (OIDC Core §3.1.2), GET and POST.
func (p *Interactive) Authorize(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	if web.Prefetched(r) {
		return prefetched()
	}
	in, err := p.interaction(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodPost && web.Cookie(r, q.Tenant, web.SessionCookie) == "" {
		return p.bounce(w, r, in)
	}
	sess, err := p.Browsing.Session(r)
	if err != nil {
		return err
	}
	o, err := p.Flow.Run(r.Context(), authz.Input{
		Tenant: q.Tenant, Interaction: in, Session: sess, Browser: p.Browsing.Browser(r), Now: q.Now,
	})
	if err != nil {
		return err
	}
	return p.answer(w, r, o)
}

func (p *Interactive) answer(w http.ResponseWriter, r *http.Request, o *authz.Outcome) error {
	q := web.From(r.Context())
	q.ClientID = o.Client.ClientID
	if o.Refusal != nil {
		q.Error, q.Cause = string(o.Refusal.Code), o.Refusal.Err
	}
	return p.Screens.Continue(w, r, o)
}

// prefetched refuses a browser that asks ahead of the person (spec/logout.md §1.5).
func prefetched() error {
	return &web.Refused{Status: http.StatusServiceUnavailable, Code: "prefetched", RetryAfter: retryLater,
		Detail: "this page is not loaded ahead of time"}
}

// interaction opens the sealed request of ?r=, or begins one.
func (p *Interactive) interaction(r *http.Request) (authz.Interaction, error) {
	q := web.From(r.Context())
	f, err := web.Form(r)
	if err != nil {
		return authz.Interaction{}, err
	}
	if r.Method == http.MethodGet && f.Has("r") && !f.Has("client_id") {
		in, err := authz.Open(p.Sealer, q.Tenant.ID, f.Get("r"))
		if err != nil {
			return in, &web.Refused{Status: http.StatusBadRequest, Code: "unreadable_request", Err: err}
		}
		return in, nil
	}
	return p.Begin(r.Context(), f)
}

// Begin makes an interaction of parameters that have just arrived: a request
// object is checked once, here (spec/sign-in.md §1).
func (p *Interactive) Begin(ctx context.Context, f oidc.Form) (authz.Interaction, error) {
	q := web.From(ctx)
	f, err := p.Objects.Expand(ctx, q, f)
	if err != nil {
		return authz.Interaction{}, err
	}
	return authz.NewInteraction(f, q.Now), nil
}

// bounce answers a POST that came without the Lax cookie, as cross-site posts
// do: the same request again as a GET that carries it, once (spec/logout.md §1).
func (p *Interactive) bounce(w http.ResponseWriter, r *http.Request, in authz.Interaction) error {
	q := web.From(r.Context())
	sealed, err := in.Seal(p.Sealer, q.Tenant.ID)
	if err != nil {
		o, err := p.Flow.Refuse(r.Context(), authz.Input{Tenant: q.Tenant, Interaction: in, Now: q.Now}, authz.TooLong)
		if err != nil {
			return err
		}
		return p.answer(w, r, o)
	}
	form, _ := in.Form() // a malformed one says so there
	return web.Redirect(w, q.Tenant.BasePath+"/authorize?r="+sealed+language(form.Get("ui_locales")))
}

// language keeps ui_locales in the address of a bounced request, which says
// that no page of it was seen yet.
func language(uiLocales string) string {
	if uiLocales == "" {
		return ""
	}
	return "&ui_locales=" + url.QueryEscape(uiLocales)
}

// BeginRequest implements screens.Begin: an interaction of the parameters that
// a screen was opened with.
func (p *Interactive) BeginRequest(r *http.Request) (authz.Interaction, error) {
	f, err := web.Form(r)
	if err != nil {
		return authz.Interaction{}, err
	}
	return p.Begin(r.Context(), f)
}
