package screens

import (
	"errors"
	"net/http"

	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// ShowVerify is GET /login/verify: an account's address has to be verified
// before its request goes on. Asking for the mail is a post, because a GET
// changes nothing (HD9).
func (s *Screens) ShowVerify(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.mailed(r)
	if err != nil {
		return err
	}
	if !verifies(a) {
		return s.past(w, r, a)
	}
	if f.Has("c") {
		return s.ShowCode(challenge.Verify)(w, r)
	}
	return s.write(w, http.StatusOK, s.verify(w, r, a), a.formAction()...)
}

// verifies tells whether the request stands where an address is missing.
func verifies(a *arrival) bool {
	return a.outcome != nil && a.outcome.Response == nil && a.outcome.Step == authz.Verify && a.outcome.Account != nil
}

// past leads on from a screen whose step is over.
func (s *Screens) past(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if a.outcome == nil {
		return web.Redirect(w, a.rest())
	}
	return s.onward(w, r, a)
}

func (s *Screens) verify(w http.ResponseWriter, r *http.Request, a *arrival) VerifyPage {
	return VerifyPage{Common: s.common(w, r, a.page(a.in.Tenant.BasePath+"/login/verify")), App: a.app(),
		Address: a.outcome.Account.Email, Request: a.sealed, Cancel: true}
}

// sendVerify mails the code and leads to where it is typed.
func (s *Screens) sendVerify(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if !verifies(a) {
		return s.past(w, r, a)
	}
	acc := a.outcome.Account
	id, err := s.Proofs.Verify(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), acc, a.in.Now)
	var limited *throttle.ErrLimited
	if errors.As(err, &limited) {
		p := s.verify(w, r, a)
		p.RetryAfter = limited.RetryAfter
		web.RetryAfter(w.Header(), limited.RetryAfter)
		return s.write(w, http.StatusTooManyRequests, p, a.formAction()...)
	}
	if err != nil {
		return err
	}
	return s.await(w, r, a, challenge.Verify, id, acc.Email)
}
