package screens

import (
	"context"
	"net/http"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

// Consents records what a person allowed a client.
type Consents interface {
	GiveConsent(ctx context.Context, tenant, sub, clientID string, scope []string, now time.Time, e audit.Event) error
}

// screenOf is the path of the screen of a step, below the base.
var screenOf = map[authz.Step]string{
	authz.Register: "/register", authz.Choose: "/choose", authz.SignIn: "/login",
	authz.Consent: "/consent", authz.Continue: "/consent", authz.Verify: "/login/verify",
}

// Continue implements op.Screens: it answers the client, or leads to the screen
// of the request's step with the request sealed in its address.
func (s *Screens) Continue(w http.ResponseWriter, r *http.Request, o *authz.Outcome) error {
	if o.Response != nil {
		return s.respond(w, r, o)
	}
	t := web.From(r.Context()).Tenant
	sealed, err := o.Interaction.Seal(s.Sealer, t.ID)
	if err != nil {
		return s.respond(w, r, o.Refuse(t, authz.TooLong))
	}
	// A language that the application asked for is remembered even though this
	// answer is no page yet.
	s.common(w, r, page{uiLocales: o.Request.UILocales, client: o.Client})
	return web.Redirect(w, t.BasePath+screenOf[o.Step]+"?r="+sealed)
}

// respond sends an answer to the client (RFC 6749 §4.1.2): 303, or a page that
// posts itself.
func (s *Screens) respond(w http.ResponseWriter, r *http.Request, o *authz.Outcome) error {
	a := o.Response
	if a.Mode != oidc.ModeFormPost {
		w.Header()["Referrer-Policy"] = []string{"no-referrer"}
		return web.Redirect(w, a.URL())
	}
	p := FormPostPage{Common: s.common(w, r, page{uiLocales: o.Request.UILocales, client: o.Client}), App: o.Client.Name(), Action: a.RedirectURI}
	for _, f := range a.Params {
		p.Fields = append(p.Fields, Param{f.Name, f.Value})
	}
	return s.write(w, http.StatusOK, p, formAction(a.RedirectURI)...)
}

// arrival is a request to a screen: the interaction it is about, if any, and
// where that stands.
type arrival struct {
	in       authz.Input
	sealed   string         // "" without an interaction
	outcome  *authz.Outcome // nil without an authorization request
	answered *authz.Outcome // what came of it together with signing in
	// elsewhere: the application sent the person here in another browser, so its
	// request is not answered in this one.
	elsewhere bool
	// visitor is the application that sent the person to their own pages without
	// an authorization request, back the address it is left for, if any.
	visitor *client.Client
	back    string
	devices bool // a bare visit wants the list of devices
}

// standing reads a request to a screen: its form, and where its interaction
// stands.
func (s *Screens) standing(r *http.Request) (oidc.Form, *arrival, error) {
	f, err := web.Form(r)
	if err != nil {
		return f, nil, err
	}
	a, err := s.arrive(r, f, false)
	return f, a, err
}

// arrive opens the sealed request of a GET or POST, or begins one from the
// parameters of an authorization request, and judges it anew. It changes
// nothing.
func (s *Screens) arrive(r *http.Request, f oidc.Form, profile bool) (*arrival, error) {
	q := web.From(r.Context())
	sess, err := s.Session(r)
	if err != nil {
		return nil, err
	}
	a := &arrival{in: authz.Input{Tenant: q.Tenant, Session: sess, Browser: s.Browser(r), Now: q.Now}}
	switch {
	case f.Has("r"):
		a.sealed = f.Get("r")
		if a.in.Interaction, err = authz.Open(s.Sealer, q.Tenant.ID, a.sealed); err != nil {
			return nil, &web.Refused{Status: http.StatusBadRequest, Code: "unreadable_request", Err: err}
		}
	case r.Method == http.MethodGet && f.Has("client_id"):
		if a.in.Interaction, err = s.Begin.BeginRequest(r); err != nil {
			return nil, err
		}
		a.in.Interaction.Profile = profile
		if a.sealed, err = a.in.Interaction.Seal(s.Sealer, q.Tenant.ID); err != nil {
			a.outcome, err = s.Flow.Refuse(r.Context(), a.in, authz.TooLong)
			return a, err
		}
	default:
		return a, nil
	}
	return a, s.judge(r, a)
}

// judge finds where an interaction stands.
func (s *Screens) judge(r *http.Request, a *arrival) (err error) {
	q := web.From(r.Context())
	if form, bad := a.in.Interaction.Form(); a.in.Interaction.Profile && bad == nil && !form.Has("response_type") {
		return s.visited(r, a, form)
	}
	if a.outcome, err = s.Flow.Evaluate(r.Context(), a.in); err == nil {
		q.ClientID = a.outcome.Client.ClientID
	}
	return err
}

// page describes the arrival for a Common.
func (a *arrival) page(path string) page {
	p := page{sealed: a.sealed, path: path, client: a.client()}
	if a.outcome != nil {
		p.uiLocales = a.outcome.Request.UILocales
	} else if form, bad := a.in.Interaction.Form(); bad == nil {
		p.uiLocales = form.Get("ui_locales")
	}
	return p
}

// client is the application that the arrival is about, nil for none.
func (a *arrival) client() *client.Client {
	if a.outcome != nil {
		return a.outcome.Client
	}
	return a.visitor
}

func (a *arrival) app() string {
	if c := a.client(); c != nil {
		return c.Name()
	}
	return ""
}

// at is the address of a screen with the arrival's request.
func (a *arrival) at(path string) string {
	if a.sealed == "" {
		return a.in.Tenant.BasePath + path
	}
	return a.in.Tenant.BasePath + path + "?r=" + a.sealed
}

// rest is where an arrival leads when no application asked for anything.
func (a *arrival) rest() string {
	switch {
	case a.devices:
		return a.at(devicesPath)
	case a.in.Interaction.Profile:
		return a.at(profilePath)
	}
	return a.in.Tenant.BasePath + "/"
}

// formAction is where the forms of the arrival's pages may end.
func (a *arrival) formAction() []string {
	switch {
	case a.outcome != nil:
		return formAction(a.outcome.Request.RedirectURI)
	case a.start() != "":
		return formAction(a.start())
	}
	return []string{"'self'"}
}

// onward leads back to /authorize, the only place where a GET may issue a code.
// A request that is too long for that has its answer already.
func (s *Screens) onward(w http.ResponseWriter, r *http.Request, a *arrival) error {
	switch {
	case a.sealed == "":
		return s.Continue(w, r, a.outcome)
	case a.in.Interaction.Profile:
		return web.Redirect(w, a.rest())
	}
	return web.Redirect(w, a.at("/authorize"))
}

// finish goes on after the person did something: to the client with a code, to
// the next screen, to their own pages, or home when no application asked.
func (s *Screens) finish(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if a.answered != nil {
		return s.Continue(w, r, a.answered)
	}
	if a.outcome == nil || a.in.Interaction.Profile {
		return web.Redirect(w, a.rest())
	}
	if a.forgotten() {
		o, err := s.Flow.Evaluate(r.Context(), a.in)
		if err != nil {
			return err
		}
		if o.Response == nil && o.Step == authz.Issue {
			return web.Redirect(w, oidc.AppendQuery(a.outcome.Client.InitiateLoginURI, []oidc.Param{{Name: "iss", Value: a.in.Tenant.Issuer}}))
		}
		return s.Continue(w, r, o)
	}
	o, err := s.Flow.Run(r.Context(), a.in)
	if err != nil {
		return err
	}
	return s.Continue(w, r, o)
}

// staleAfter is the age at which an application has forgotten its state: it
// begins anew at its initiate_login_uri and the session answers at once (OIDC
// Core §4, spec/sign-in.md §1).
const staleAfter = 24 * time.Hour

func (a *arrival) forgotten() bool {
	return a.outcome.Client.InitiateLoginURI != "" && a.in.Now.Sub(a.in.Interaction.Arrived) > staleAfter
}

// atOnce tells whether finish will run the request as it stands, so that
// signing in may do it already, in one transition.
func (a *arrival) atOnce() bool {
	return a.outcome != nil && !a.in.Interaction.Profile && !a.forgotten() && !a.outcome.UsesProgress()
}

// cancel is the answer to a journey that the person left.
func (s *Screens) cancel(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if a.outcome == nil {
		return web.Redirect(w, web.From(r.Context()).Tenant.BasePath+"/")
	}
	o, err := s.Flow.Deny(r.Context(), a.in)
	if err != nil {
		return err
	}
	return s.Continue(w, r, o)
}

// signIn records a proof, sets the cookie and remembers what was done in this
// interaction. acc is the account where it has been read for this, or nil.
// What finish would do next is done in the same transition where it can be.
func (s *Screens) signIn(w http.ResponseWriter, r *http.Request, a *arrival, acc *account.Account, p session.Proof, registered bool) error {
	q := web.From(r.Context())
	p.Lifetime = q.Tenant.Settings.Session.Lifetime.D()
	p.IdleTimeout = q.Tenant.Settings.Session.IdleTimeout.D()
	p.UserAgent, p.Address = r.UserAgent(), q.Addr.String()
	p.Browser = s.keepBrowser(w, r)
	ctx := web.As(r.Context(), "account:"+p.Sub)
	var keep func(session.Begin) error
	if a.atOnce() {
		keep = func(b session.Begin) (err error) {
			in := a.in
			in.Session, in.Begin, in.Browser, in.Account = b.Session, &b, p.Browser, acc
			a.answered, err = s.Flow.Run(ctx, in)
			return err
		}
	}
	sess, cookie, err := s.Sessions.Authenticated(ctx, q.Tenant.ID, p, a.in.Session, q.Now, keep)
	if err != nil {
		return err
	}
	age := time.Duration(0)
	if p.Persistent {
		age = p.Lifetime
	}
	web.SetCookie(w, q.Tenant, web.SessionCookie, cookie, age)
	a.in.Session, a.in.Browser, a.in.Account = sess, p.Browser, acc
	return s.progress(r, a, authz.Progress{Chosen: p.Sub, Registered: registered})
}

// progress stores what was done, where the request's prompt makes it matter.
// Signing in with an account that exists ends a prompt=create as well: the
// person has one.
func (s *Screens) progress(r *http.Request, a *arrival, p authz.Progress) error {
	if a.outcome == nil || !a.outcome.UsesProgress() {
		return nil
	}
	q := web.From(r.Context())
	p.Registered = p.Registered || a.outcome.Request.Prompt.Create
	return s.Flow.Store.PutProgress(r.Context(), q.Tenant.ID, a.in.Browser, a.in.Interaction.ID, p, q.Now, q.Now.Add(progressLife))
}

// progressLife is how long progress holds after the last proof (AZ17).
const progressLife = 15 * time.Minute
