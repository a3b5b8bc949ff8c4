package screens

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// maxHint is how much of a login_hint is shown, in bytes (spec/sign-in.md §4).
const maxHint = 254

// ShowLogin is GET /login.
func (s *Screens) ShowLogin(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.standing(r)
	if err != nil {
		return err
	}
	if a.outcome == nil && a.in.Session != nil && !f.Has("other") {
		return web.Redirect(w, a.rest())
	}
	if a.outcome != nil && !signsIn(a.outcome) {
		return s.onward(w, r, a)
	}
	p := s.login(w, r, a, f.Has("other"))
	p.Identifier = hint(a, f)
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

// signsIn tells whether the login screen has something to ask. Registration and
// account choice may be left for it.
func signsIn(o *authz.Outcome) bool {
	return o.Response == nil && (o.Step == authz.SignIn || o.Step == authz.Register || o.Step == authz.Choose)
}

// hint is login_hint: of the request, or of this address.
func hint(a *arrival, f oidc.Form) string {
	h := f.Get("login_hint")
	if a.outcome != nil && a.outcome.Request.LoginHint != "" {
		h = a.outcome.Request.LoginHint
	}
	if len(h) > maxHint {
		return ""
	}
	return h
}

// login makes the page; other asks for another account than the session's.
func (s *Screens) login(w http.ResponseWriter, r *http.Request, a *arrival, other bool) LoginPage {
	t := a.in.Tenant
	p := LoginPage{
		Common: s.common(w, r, a.page(t.BasePath+"/login")), App: a.app(), Kind: identifierKind(t), Request: a.sealed,
		Remember: t.Settings.Session.RememberMe, Cancel: a.outcome != nil,
	}
	if s.mayRegister(a) {
		p.RegisterURL = a.at("/register")
	}
	if s.Proofs != nil {
		p.ForgotURL = a.at("/forgot-password")
	}
	if a.outcome != nil && a.outcome.Account != nil && !other && a.outcome.Step == authz.SignIn {
		who := person(a.outcome.Account)
		p.Fixed, p.Notice, p.RegisterURL = &who, NoticeAgain, ""
		p.OtherURL = a.at("/login") + "&other=1"
	}
	return p
}

func identifierKind(t *tenant.Live) IdentifierKind {
	email, mobile := slices.Contains(t.Settings.Identifiers, "email"), slices.Contains(t.Settings.Identifiers, "mobile")
	switch {
	case email && mobile:
		return IdentifierEither
	case mobile:
		return IdentifierPhone
	}
	return IdentifierEmail
}

func kinds(t *tenant.Live) []account.Kind {
	out := make([]account.Kind, len(t.Settings.Identifiers))
	for i, k := range t.Settings.Identifiers {
		out[i] = account.Kind(k)
	}
	return out
}

// Login is POST /login.
func (s *Screens) Login(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.standing(r)
	if err != nil {
		return err
	}
	if f.Get("action") == "cancel" {
		return s.cancel(w, r, a)
	}
	if a.outcome != nil && a.outcome.Response != nil {
		return s.Continue(w, r, a.outcome) // the client was changed meanwhile
	}
	if f.Get("identifier") == "" || f.Get("password") == "" {
		return s.again(w, r, a, f, http.StatusUnprocessableEntity, NoticeMissing, 0)
	}
	acc, forgive, err := s.authenticate(r, f)
	if err != nil {
		return s.notSignedIn(w, r, a, f, err)
	}
	remember := a.in.Tenant.Settings.Session.RememberMe
	err = s.signIn(w, r, a, acc, session.Proof{
		Sub: acc.Sub, ValidFrom: acc.ValidFrom, Level: 1, AMR: []string{"pwd"}, Forgive: forgive, Alert: s.alert(w, r, a, acc), // RFC 8176 §2
		Persistent: !remember || f.Has("remember"),
	}, false)
	if errors.Is(err, session.ErrNotFound) {
		err = account.ErrWrong // disabled, or its password changed, in this very moment
	}
	if err != nil {
		return s.notSignedIn(w, r, a, f, err)
	}
	return s.finish(w, r, a)
}

// alert drafts the mail about a sign-in from a browser that is new to the account.
func (s *Screens) alert(w http.ResponseWriter, r *http.Request, a *arrival, acc *account.Account) func(*session.Session) alert.Draft {
	if s.Alerts == nil {
		return nil
	}
	return func(x *session.Session) alert.Draft {
		e := alert.Event{Text: letter.SignedIn, Locale: s.common(w, r, a.page("")).Locale.Tag(), Session: x.ID, UserAgent: x.UserAgent, Place: x.Address}
		return s.Alerts.Draft(a.in.Tenant.ID, acc, e, a.in.Now)
	}
}

func (s *Screens) authenticate(r *http.Request, f oidc.Form) (*account.Account, []string, error) {
	q := web.From(r.Context())
	l := q.Tenant.Settings.Throttle
	return s.Accounts.Authenticate(r.Context(), q.Tenant.ID, account.Attempt{
		Identifier: f.Get("identifier"), Kinds: kinds(q.Tenant), Password: f.Get("password"),
		Network: network(q.Addr), Browser: s.Browser(r),
		Limits: throttle.Limits{Account: l.Account, Network: l.Network, Tenant: l.Tenant, Window: l.Window.D()},
	}, q.Now)
}

// notSignedIn shows the form again with one neutral message (RE1), or says how
// long to wait.
func (s *Screens) notSignedIn(w http.ResponseWriter, r *http.Request, a *arrival, f oidc.Form, err error) error {
	var limited *throttle.ErrLimited
	var busy *account.ErrBusy
	q := web.From(r.Context())
	switch {
	case errors.Is(err, account.ErrWrong):
		q.Error = "wrong_credentials"
		return s.again(w, r, a, f, http.StatusUnauthorized, NoticeWrongPair, 0)
	case errors.As(err, &limited):
		q.Error = "throttled"
		return s.again(w, r, a, f, http.StatusTooManyRequests, NoticeThrottled, limited.RetryAfter)
	case errors.As(err, &busy):
		q.Error = "busy"
		return s.again(w, r, a, f, http.StatusServiceUnavailable, NoticeBusy, busy.RetryAfter)
	}
	return err
}

// again shows the form with what was typed, except the password.
func (s *Screens) again(w http.ResponseWriter, r *http.Request, a *arrival, f oidc.Form, status int, n Notice, wait time.Duration) error {
	p := s.login(w, r, a, true)
	p.Identifier, p.Notice, p.RetryAfter, p.RememberChecked = f.Get("identifier"), n, wait, f.Has("remember")
	if len(p.Identifier) > maxHint {
		p.Identifier = ""
	}
	if wait > 0 {
		web.RetryAfter(w.Header(), wait)
	}
	return s.write(w, status, p, a.formAction()...)
}
