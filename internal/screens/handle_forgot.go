package screens

import (
	"errors"
	"net/http"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// newPasswordPath is where a new password is typed once the code was right.
const newPasswordPath = "/forgot-password/new"

// ShowForgot is GET /forgot-password: from the sign-in screen, or directly with
// the parameters of an authorization request.
func (s *Screens) ShowForgot(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.mailed(r)
	if err != nil {
		return err
	}
	p := s.forgot(w, r, a)
	p.Identifier = hint(a, f)
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

func (s *Screens) forgot(w http.ResponseWriter, r *http.Request, a *arrival) ForgotPage {
	t := a.in.Tenant
	return ForgotPage{Common: s.common(w, r, a.page(t.BasePath+"/forgot-password")), Kind: identifierKind(t), Request: a.sealed,
		SignInURL: a.at("/login"), Cancel: a.outcome != nil}
}

// Forgot is POST /forgot-password: the same answer for everybody (RE1).
func (s *Screens) Forgot(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.mailed(r)
	if err != nil {
		return err
	}
	if f.Get("action") == "cancel" {
		return s.cancel(w, r, a)
	}
	p := s.forgot(w, r, a)
	p.Identifier = f.Get("identifier")
	id, err := account.ParseIdentifier(p.Identifier, kinds(a.in.Tenant))
	if err != nil {
		p.Wrong = []i18n.Key{i18n.WrongEmail, i18n.WrongPhone, i18n.WrongInvalid}[p.Kind]
		if len(p.Identifier) > maxHint {
			p.Identifier = ""
		}
		return s.write(w, http.StatusUnprocessableEntity, p, a.formAction()...)
	}
	challengeID, err := s.Proofs.Reset(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), id, a.in.Now)
	var limited *throttle.ErrLimited
	if errors.As(err, &limited) {
		web.From(r.Context()).Error = "throttled"
		p.RetryAfter = limited.RetryAfter
		web.RetryAfter(w.Header(), limited.RetryAfter)
		return s.write(w, http.StatusTooManyRequests, p, a.formAction()...)
	}
	if err != nil {
		return err
	}
	return s.await(w, r, a, challenge.Reset, challengeID, id.Value)
}

// ShowNewPassword is GET /forgot-password/new, after the code.
func (s *Screens) ShowNewPassword(w http.ResponseWriter, r *http.Request) error {
	f, a, _, c, err := s.resetting(r)
	if errors.Is(err, challenge.ErrGone) {
		return s.gone(w, r, a)
	}
	if err != nil {
		return err
	}
	p := s.newPassword(w, r, a, c)
	p.Asked, p.Held = f.Get("c"), f.Get("h")
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

// resetting reads a request about a new password: the proof is the link that
// this browser has opened, or the code that was right in it.
func (s *Screens) resetting(r *http.Request) (oidc.Form, *arrival, challenge.Held, *challenge.Challenge, error) {
	f, a, err := s.mailed(r)
	if err != nil {
		return f, a, challenge.Held{}, nil, err
	}
	if f.Get("h") != "" {
		h, c, err := s.linked(r, a, challenge.Reset, f.Get("h"))
		if err == nil {
			a = s.resume(r, a, h, c)
		}
		return f, a, h, c, err
	}
	m, ok := s.openAsked(r, challenge.Reset, f.Get("c"))
	h := challenge.Held{ID: m.ID, Purpose: challenge.Reset, Browser: s.Browser(r)}
	if !ok || h.Browser == "" {
		return f, a, h, nil, challenge.ErrGone
	}
	c, err := s.Proofs.Find(r.Context(), a.in.Tenant.ID, h, a.in.Now)
	return f, a, h, c, err
}

func (s *Screens) newPassword(w http.ResponseWriter, r *http.Request, a *arrival, c *challenge.Challenge) NewPasswordPage {
	about := a.page("")
	about.sealed = ""
	return NewPasswordPage{Common: s.common(w, r, about), Address: c.Address, Request: a.sealed, MinPassword: a.in.Tenant.Settings.Password.MinLength}
}

// NewPassword is POST /forgot-password/new. The proof is looked at again in the
// statement that uses it (RE5): no step before this one can be left out.
func (s *Screens) NewPassword(w http.ResponseWriter, r *http.Request) error {
	f, a, h, c, err := s.resetting(r)
	if errors.Is(err, challenge.ErrGone) {
		return s.gone(w, r, a)
	}
	if err != nil {
		return err
	}
	p := s.newPassword(w, r, a, c)
	p.Asked, p.Held = f.Get("c"), f.Get("h")
	password := f.Get("password")
	if p.PasswordError, err = s.judgePassword(r, a, c, password, p.MinPassword, p.Brand.Name, p.Address); err != nil {
		return err
	}
	if p.PasswordError != "" {
		return s.write(w, http.StatusUnprocessableEntity, p, a.formAction()...)
	}
	change := challenge.Change{Password: password, UserAgent: r.UserAgent(), Address: web.From(r.Context()).Addr.String()}
	if a.in.Session != nil && a.in.Session.Sub == c.Sub {
		change.Keep = a.in.Session.ID
	}
	acc, _, err := s.Proofs.SetPassword(web.As(r.Context(), "account:"+c.Sub), a.in.Tenant.ID, s.asker(w, r, a), h, change, a.in.Now)
	var busy *account.ErrBusy
	if errors.As(err, &busy) {
		p.Busy = busy.RetryAfter
		web.RetryAfter(w.Header(), busy.RetryAfter)
		return s.write(w, http.StatusServiceUnavailable, p, a.formAction()...)
	}
	if err != nil {
		return s.orGone(w, r, a, err)
	}
	err = s.signIn(w, r, a, nil, s.newcomer(a, acc), false)
	if errors.Is(err, session.ErrNotFound) {
		return web.Redirect(w, a.at("/login")) // disabled in this very moment
	}
	if err != nil {
		return err
	}
	return s.goOn(w, r, a)
}

// judgePassword is the policy for a new password: what is close to the person's
// own names is as easy to guess as a common one.
func (s *Screens) judgePassword(r *http.Request, a *arrival, c *challenge.Challenge, password string, minLength int, words ...string) (i18n.Key, error) {
	if password == "" {
		return i18n.WrongMissing, nil
	}
	acc, err := s.People.FindAccount(r.Context(), a.in.Tenant.ID, c.Sub)
	switch {
	case err == nil:
		words = append(words, acc.Email, acc.Profile.Get("name"), acc.Profile.Get("given_name"), acc.Profile.Get("family_name"))
	case !errors.Is(err, account.ErrNotFound):
		return "", err
	}
	if bad := account.CheckNew(password, account.Policy{MinLength: minLength}, words...); len(bad) > 0 {
		return passwordProblem[bad[0]], nil
	}
	return "", nil
}
