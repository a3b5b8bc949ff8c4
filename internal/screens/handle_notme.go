package screens

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

const notMe = "not-me" // what its links are sealed as

// ShowNotMe is GET of the link in a mail about a sign-in: it shows time, browser
// and place, whose sign-in it was not even, and changes nothing.
func (s *Screens) ShowNotMe(w http.ResponseWriter, r *http.Request) error {
	if s.Proofs == nil {
		return web.Status(http.StatusNotFound)
	}
	a := s.nothing(r)
	if token := r.URL.Query().Get("t"); token != "" {
		o, ok := secret.Parse(secret.NotMeLink, token)
		if !ok {
			return s.dead(w, r, a)
		}
		return s.moved(w, r, alert.Path, notMe, held{ID: o.Selector, Hash: o.Hash()})
	}
	sealed := r.URL.Query().Get("h")
	h, ok := s.openHeld(r, notMe, sealed)
	if !ok {
		return s.dead(w, r, a)
	}
	x, err := s.Alerts.Find(r.Context(), a.in.Tenant.ID, h.ID, h.Hash, a.in.Now)
	if errors.Is(err, alert.ErrGone) {
		return s.dead(w, r, a)
	}
	if err != nil {
		return err
	}
	addr, _ := netip.ParseAddr(x.Place)
	return s.write(w, http.StatusOK, NotMePage{Common: s.common(w, r, page{}), Held: sealed,
		At: time.UnixMicro(x.At).UTC(), Agent: session.ReadAgent(x.UserAgent), Addr: addr})
}

// NotMe is its button (spec/sign-in.md §5). Nobody is signed in by it.
func (s *Screens) NotMe(w http.ResponseWriter, r *http.Request) error {
	if s.Proofs == nil {
		return web.Status(http.StatusNotFound)
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	a := s.nothing(r)
	h, ok := s.openHeld(r, notMe, f.Get("h"))
	if !ok {
		return s.dead(w, r, a)
	}
	p := NotMeDonePage{Common: s.common(w, r, page{}), ForgotURL: a.at("/forgot-password")}
	err = s.Alerts.Disown(web.As(r.Context(), "alert"), a.in.Tenant.ID, h.ID, h.Hash, a.in.Now)
	switch {
	case errors.Is(err, alert.ErrGone):
		return s.dead(w, r, a)
	case errors.Is(err, alert.ErrRecent):
		p.Recent = true
	case err != nil:
		return err
	}
	return s.write(w, http.StatusOK, p)
}
