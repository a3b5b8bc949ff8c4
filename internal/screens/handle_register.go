package screens

import (
	"errors"
	"net/http"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// ShowRegister is GET /register: from the login screen's link, prompt=create, or
// directly with the parameters of an authorization request.
func (s *Screens) ShowRegister(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.standing(r)
	if err != nil {
		return err
	}
	if !s.mayRegister(a) {
		return s.noRegistration(w, r, a)
	}
	p := s.register(w, r, a, f)
	p.Email = hint(a, f)
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

// mayRegister: self-registration is on, and the request stands where an account
// is missing.
func (s *Screens) mayRegister(a *arrival) bool {
	if a.outcome == nil {
		return authz.SelfRegistration(a.in.Tenant, a.visitor)
	}
	return authz.SelfRegistration(a.in.Tenant, a.outcome.Client) && signsIn(a.outcome)
}

// noRegistration treats the address as if registration had not been asked for.
func (s *Screens) noRegistration(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if a.outcome != nil {
		return s.onward(w, r, a)
	}
	return web.Redirect(w, a.at("/login"))
}

func (s *Screens) register(w http.ResponseWriter, r *http.Request, a *arrival, f oidc.Form) RegisterPage {
	t := a.in.Tenant
	p := RegisterPage{
		Common: s.common(w, r, a.page(t.BasePath+"/register")), App: a.app(), Email: f.Get("email"),
		MinPassword: t.Settings.Password.MinLength, Request: a.sealed, Cancel: a.outcome != nil, SignInURL: a.at("/login"),
	}
	for _, name := range t.Settings.RegistrationFields {
		p.Fields = append(p.Fields, Field{Name: name, Value: f.Get(name), Required: true})
	}
	return p
}

// Register is POST /register.
func (s *Screens) Register(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.standing(r)
	if err != nil {
		return err
	}
	switch {
	case f.Get("action") == "cancel":
		return s.cancel(w, r, a)
	case !s.mayRegister(a):
		return s.noRegistration(w, r, a)
	}
	p := s.register(w, r, a, f)
	reg := check(&p, f)
	if len(p.Problems()) > 0 {
		return s.write(w, http.StatusUnprocessableEntity, p, a.formAction()...)
	}
	if authz.Verifies(a.in.Tenant, s.Proofs != nil) {
		id, err := s.Proofs.Register(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), reg, a.in.Now)
		if err != nil {
			return s.notRegistered(w, a, p, err)
		}
		return s.await(w, r, a, challenge.Register, id, reg.Identifier.Value)
	}
	acc, err := s.create(r, reg)
	if err != nil {
		return s.notRegistered(w, a, p, err)
	}
	proof := session.Proof{Sub: acc.Sub, ValidFrom: acc.ValidFrom, Level: 1, AMR: []string{"pwd"}, Persistent: !a.in.Tenant.Settings.Session.RememberMe}
	if err := s.signIn(w, r, a, nil, proof, true); err != nil {
		return err
	}
	return s.finish(w, r, a)
}

// create charges the network and makes the account (RL8).
func (s *Screens) create(r *http.Request, reg account.Registration) (*account.Account, error) {
	q := web.From(r.Context())
	_, err := s.Limiter.Take(r.Context(), q.Tenant.ID, q.Now, throttle.Registrations.Of(network(q.Addr)))
	if err != nil {
		return nil, err
	}
	return s.Accounts.Register(r.Context(), q.Tenant.ID, reg, q.Now)
}

func (s *Screens) notRegistered(w http.ResponseWriter, a *arrival, p RegisterPage, err error) error {
	var limited *throttle.ErrLimited
	var busy *account.ErrBusy
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(err, account.ErrTaken):
		p.EmailError = i18n.WrongTaken
	case errors.As(err, &limited):
		status, p.Notice, p.RetryAfter = http.StatusTooManyRequests, NoticeThrottled, limited.RetryAfter
		web.RetryAfter(w.Header(), limited.RetryAfter)
	case errors.As(err, &busy):
		status, p.Notice, p.RetryAfter = http.StatusServiceUnavailable, NoticeBusy, busy.RetryAfter
		web.RetryAfter(w.Header(), busy.RetryAfter)
	default:
		return err
	}
	return s.write(w, status, p, a.formAction()...)
}

// check reads the form and marks what is wrong on the page.
func check(p *RegisterPage, f oidc.Form) account.Registration {
	reg := account.Registration{Password: f.Get("password"), Claims: map[string]string{}}
	words := []string{p.Brand.Name, p.App}
	for i := range p.Fields {
		field := &p.Fields[i]
		switch {
		case field.Value == "":
			field.Error = i18n.WrongMissing
		case len(field.Value) > maxHint:
			field.Error = i18n.WrongTooLong
		default:
			reg.Claims[field.Name] = field.Value
			words = append(words, field.Value)
		}
	}
	id, err := account.ParseIdentifier(p.Email, []account.Kind{account.Email})
	if err != nil {
		p.EmailError = i18n.WrongEmail
	}
	reg.Identifier = id
	if reg.Password == "" {
		p.PasswordError = i18n.WrongMissing
		return reg
	}
	if bad := account.CheckNew(reg.Password, account.Policy{MinLength: p.MinPassword}, append(words, id.Value)...); len(bad) > 0 {
		p.PasswordError = passwordProblem[bad[0]]
	}
	return reg
}

var passwordProblem = map[account.Problem]i18n.Key{
	account.TooShort: i18n.WrongPasswordShort, account.TooLong: i18n.WrongTooLong, account.NotText: i18n.WrongInvalid,
	account.CommonWord: i18n.WrongPasswordCommon, account.ContextWord: i18n.WrongPasswordContext,
}
