package rp

import (
	"errors"
	"net/http"
)

// Logout ends the session here and sends the browser to the provider, to end
// the one there. It answers POST only and refuses requests from other sites: a
// link or an image must not sign anybody out.
//
// A form that posts here needs the provider's origin, beside 'self', in the
// form-action of the page's Content-Security-Policy.
func (s *Site) Logout() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.SignOut(w, r, "") })
}

// SignOut is Logout with a say in the request: a state to come back with, a
// LogoutHint to sign out everywhere, the language of the provider's pages.
func (s *Site) SignOut(w http.ResponseWriter, r *http.Request, state string, params ...Param) {
	noStore(w)
	if !allow(w, r, http.MethodPost) {
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "this request comes from another site", http.StatusForbidden)
		return
	}
	hint := ""
	found, err := s.Session(r)
	switch {
	case err == nil:
		hint = found.Tokens.IDToken.Raw
	case !errors.Is(err, ErrNoSession):
		s.o.Failed(w, r, err)
		return
	}
	if err := s.Forget(w, r); err != nil {
		s.o.Failed(w, r, err)
		return
	}
	to, err := s.client.EndSessionURL(hint, s.o.AfterLogout, state, params...)
	if errors.Is(err, ErrUnsupported) {
		to = or(s.o.AfterLogout, s.o.AfterLogin) // the provider keeps its session; this one is gone
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// Forget ends the session of a request's browser here, and here only.
func (s *Site) Forget(w http.ResponseWriter, r *http.Request) error {
	if err := s.forget(r.Context(), r); err != nil {
		return err
	}
	s.jar.set(w, sessionSuffix, "", 0)
	return nil
}
