package screens

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// codePaths are where the code of a mail is typed.
var codePaths = map[challenge.Purpose]string{
	challenge.Register: "/register/code", challenge.Verify: "/login/verify", challenge.Reset: "/forgot-password/code",
}

// mailedTo is which mail a page is about, and what the person typed. It travels
// sealed and proves nothing: the code is bound to the browser's cookie.
type mailedTo struct {
	ID      int64  `json:"id"`
	Address string `json:"address"`
}

func purposeAsked(p challenge.Purpose) string { return "asked/" + string(p) }

func (s *Screens) sealAsked(r *http.Request, p challenge.Purpose, a mailedTo) string {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // a number and a string
	}
	return s.Sealer.SealString(web.From(r.Context()).Tenant.ID, purposeAsked(p), b)
}

func (s *Screens) openAsked(r *http.Request, p challenge.Purpose, c string) (mailedTo, bool) {
	var a mailedTo
	b, err := s.Sealer.OpenString(web.From(r.Context()).Tenant.ID, purposeAsked(p), c)
	return a, err == nil && json.Unmarshal(b, &a) == nil
}

// asker is this browser as it asks for a proof; it gets its cookie now, which
// the code will be bound to.
func (s *Screens) asker(w http.ResponseWriter, r *http.Request, a *arrival) challenge.Asker {
	q := web.From(r.Context())
	l := q.Tenant.Settings.Throttle
	return challenge.Asker{
		Browser: s.keepBrowser(w, r), Network: network(q.Addr), Locale: s.common(w, r, a.page("")).Locale.Tag(), Request: a.sealed,
		Limits: throttle.Limits{Account: l.Account, Network: l.Network, Tenant: l.Tenant, Window: l.Window.D()},
	}
}

// await leads to the page that waits for the code.
func (s *Screens) await(w http.ResponseWriter, r *http.Request, a *arrival, p challenge.Purpose, id int64, address string) error {
	return web.Redirect(w, a.with(codePaths[p], "c", s.sealAsked(r, p, mailedTo{id, address})))
}

// ShowCode is GET of a page that waits for a code.
func (s *Screens) ShowCode(p challenge.Purpose) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, a, err := s.mailed(r)
		if err != nil {
			return err
		}
		m, ok := s.openAsked(r, p, f.Get("c"))
		if !ok {
			return s.dead(w, r, a)
		}
		page, err := s.waiting(w, r, a, p, m, f.Get("c"))
		if errors.Is(err, challenge.ErrGone) {
			return s.gone(w, r, a)
		}
		if err != nil {
			return err
		}
		if f.Has("sent") {
			page.Notice = MailSent
		}
		return s.write(w, http.StatusOK, page, a.formAction()...)
	}
}

// mailed reads a request to a screen of mail. Without mail there is none.
func (s *Screens) mailed(r *http.Request) (oidc.Form, *arrival, error) {
	if s.Proofs == nil {
		return oidc.Form{}, nil, web.Status(http.StatusNotFound)
	}
	return s.standing(r)
}

func (s *Screens) waiting(w http.ResponseWriter, r *http.Request, a *arrival, p challenge.Purpose, m mailedTo, sealed string) (CheckMailPage, error) {
	t := a.in.Tenant
	page := CheckMailPage{
		Purpose: string(p), Address: m.Address, Action: t.BasePath + codePaths[p], Asked: sealed, Request: a.sealed, Cancel: a.outcome != nil,
	}
	about := a.page(page.Action)
	about.keep = "&c=" + sealed
	page.Common = s.common(w, r, about)
	switch p {
	case challenge.Register:
		page.OtherURL = a.at("/register")
	case challenge.Reset:
		page.OtherURL = a.at("/forgot-password")
	}
	c, err := s.Proofs.Asked(r.Context(), t.ID, s.Browser(r), m.ID, p, a.in.Now)
	if err != nil {
		return page, err
	}
	page.Wait = time.UnixMicro(c.SentAt).Add(challenge.ResendAfter).Sub(a.in.Now)
	return page, nil
}

// TakeCode is POST of a page that waits for a code.
func (s *Screens) TakeCode(p challenge.Purpose) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, a, err := s.mailed(r)
		if err != nil {
			return err
		}
		m, ok := s.openAsked(r, p, f.Get("c"))
		switch {
		case f.Get("action") == "cancel":
			return s.cancel(w, r, a)
		case !ok && p == challenge.Verify:
			return s.sendVerify(w, r, a)
		case !ok:
			return s.dead(w, r, a)
		case f.Get("action") == "resend":
			err = s.Proofs.Resend(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), m.ID, p, a.in.Now)
			if err == nil {
				return web.Redirect(w, a.with(codePaths[p], "c", f.Get("c"))+"&sent=1")
			}
		case f.Get("code") == "":
			err = errNoCode
		default:
			err = s.Proofs.Enter(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), m.ID, p, f.Get("code"), a.in.Now)
			if err == nil {
				return s.proved(w, r, a, challenge.Held{ID: m.ID, Purpose: p, Browser: s.Browser(r)}, f.Get("c"))
			}
		}
		return s.notProved(w, r, a, p, m, f.Get("c"), err)
	}
}

var errNoCode = errors.New("no code was typed")

// notProved shows the page again with what is to be done.
func (s *Screens) notProved(w http.ResponseWriter, r *http.Request, a *arrival, p challenge.Purpose, m mailedTo, sealed string, cause error) error {
	if errors.Is(cause, challenge.ErrGone) {
		return s.gone(w, r, a)
	}
	page, err := s.waiting(w, r, a, p, m, sealed)
	if errors.Is(err, challenge.ErrGone) {
		return s.gone(w, r, a)
	}
	if err != nil {
		return err
	}
	q, status := web.From(r.Context()), http.StatusUnprocessableEntity
	var limited *throttle.ErrLimited
	switch {
	case errors.Is(cause, challenge.ErrWrongCode):
		page.Notice, q.Error = MailWrong, "wrong_code"
	case errors.Is(cause, challenge.ErrSpent):
		page.Notice, q.Error = MailSpent, "spent_code"
	case errors.Is(cause, errNoCode):
		page.Notice = MailMissing
	case errors.Is(cause, challenge.ErrTooSoon):
		page.Notice, page.RetryAfter, status = MailSoon, max(page.Wait, time.Second), http.StatusTooManyRequests
	case errors.As(cause, &limited):
		page.Notice, page.RetryAfter, status, q.Error = MailLimited, limited.RetryAfter, http.StatusTooManyRequests, "throttled"
	default:
		return cause
	}
	if page.RetryAfter > 0 {
		web.RetryAfter(w.Header(), page.RetryAfter)
	}
	return s.write(w, status, page, a.formAction()...)
}

// proved goes on once the code was right in this browser.
func (s *Screens) proved(w http.ResponseWriter, r *http.Request, a *arrival, h challenge.Held, sealed string) error {
	switch h.Purpose {
	case challenge.Reset:
		return web.Redirect(w, a.with(newPasswordPath, "c", sealed))
	case challenge.Verify:
		if _, _, err := s.Proofs.Confirm(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), h, "", a.in.Now); err != nil {
			return s.orGone(w, r, a, err)
		}
		return s.finish(w, r, a)
	}
	acc, _, err := s.Proofs.Create(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), h, "", a.in.Now)
	if err != nil {
		return s.orGone(w, r, a, err)
	}
	if err := s.signIn(w, r, a, nil, s.newcomer(a, acc), true); err != nil {
		return err
	}
	return s.finish(w, r, a)
}

// newcomer is the proof of somebody who has just made an account or a password.
func (s *Screens) newcomer(a *arrival, acc *account.Account) session.Proof {
	return session.Proof{Sub: acc.Sub, ValidFrom: acc.ValidFrom, Level: 1, AMR: []string{"pwd", "otp"}, // RFC 8176 §2
		Persistent: !a.in.Tenant.Settings.Session.RememberMe}
}

// orGone answers what is left of a proof that could not be used.
func (s *Screens) orGone(w http.ResponseWriter, r *http.Request, a *arrival, err error) error {
	if errors.Is(err, challenge.ErrGone) || errors.Is(err, account.ErrTaken) {
		return s.gone(w, r, a)
	}
	return err
}

// gone is the answer when a proof has been used: by a second press of the same
// button more often than not, and then the person is in already. Coming back to
// the page is a GET, which issues a code nowhere but at /authorize (HD9).
func (s *Screens) gone(w http.ResponseWriter, r *http.Request, a *arrival) error {
	fresh := a.outcome != nil && a.outcome.Fresh
	switch {
	case a.in.Session == nil || a.outcome != nil && !fresh && signsIn(a.outcome):
		return s.dead(w, r, a)
	case r.Method == http.MethodGet:
		return s.past(w, r, a)
	case fresh: // the code of another tab has ended this request's progress
		if err := s.progress(r, a, authz.Progress{Chosen: a.in.Session.Sub, Registered: true}); err != nil {
			return err
		}
	}
	return s.finish(w, r, a)
}

// dead says that a link or a page is good for nothing, and the ways on.
func (s *Screens) dead(w http.ResponseWriter, r *http.Request, a *arrival) error {
	web.From(r.Context()).Error = "dead_link"
	p := DeadLinkPage{Common: s.common(w, r, a.page("")), SignInURL: a.at("/login"), ForgotURL: a.at("/forgot-password")}
	return s.write(w, http.StatusGone, p)
}
