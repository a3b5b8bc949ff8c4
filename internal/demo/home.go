package demo

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/foyer-id/foyer/rp"
)

// home is the page of the main application, signed in or not.
func (a *App) home(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, ClientID, "home", "Foyer demo")
}

// reports is the page of the second application.
func (a *App) reports(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, ReportsClientID, "reports", "Demo reports")
}

func (a *App) show(w http.ResponseWriter, r *http.Request, clientID, template, title string) {
	p := a.page(r, title)
	site, err := a.site(r.Context(), clientID)
	if err != nil {
		a.failed(w, r, err)
		return
	}
	s, err := site.Session(r)
	if err == nil {
		err = a.describe(r.Context(), site, s, p)
	}
	switch {
	case errors.Is(err, rp.ErrNoSession):
		if p.Ended = visitOf(r.Context()).ended(clientID); p.Ended != nil {
			p.Notice = "Foyer said that its session has ended, here or on another device, and this application ended its own at once."
		}
	case errors.Is(err, errOver):
		if err := site.Forget(w, r); err != nil {
			a.failed(w, r, err)
			return
		}
		p.Notice = "Foyer says that this sign-in is over: the session there has ended, here or on another device. The demo has ended its own."
	case err != nil:
		a.failed(w, r, err)
		return
	}
	a.render(w, http.StatusOK, template, p)
}

// errOver: Foyer does not know the session any more.
var errOver = errors.New("the session at Foyer has ended")

// describe fills in what a session's tokens say. It asks Foyer each time, so
// that a session that was ended elsewhere is noticed here.
func (a *App) describe(ctx context.Context, site *rp.Site, s *rp.Session, p *page) error {
	s, err := site.Fresh(ctx, s)
	if errors.Is(err, rp.ErrNoSession) {
		return errOver
	}
	if err != nil {
		return err
	}
	t := s.Tokens
	info, err := site.Client().UserInfo(ctx, t.AccessToken, t.IDToken.Subject)
	var refused *rp.Error
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return errOver
	}
	if err != nil {
		return err
	}
	now := a.o.Now()
	p.Who = first(info.Name, info.Email, info.Subject)
	p.IDToken, p.Info = claimRows(t.IDToken.Claims, now), claimRows(info.Claims, now)
	p.CanRefresh = t.RefreshToken != ""
	p.Access = []claim{
		{"form", accessForm(t.AccessToken), "An application hands it on and does not look inside."},
		{"token_type", t.TokenType, "Whoever bears it may use it."},
		{"scope", t.Scope, "What it opens."},
		{"expires", when(t.Expires, now), "The demo gets a new one in time."},
		{"refresh token", map[bool]string{true: "yes", false: "no"}[p.CanRefresh], "Buys new access tokens while the session lives."},
	}
	return nil
}

func accessForm(token string) string {
	if strings.Count(token, ".") == 2 {
		return "a signed JWT (RFC 9068)"
	}
	return "opaque: a random string that only Foyer can read"
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// raw shows the tokens themselves, to whoever holds them.
func (a *App) raw(w http.ResponseWriter, r *http.Request) {
	_, s, ok := a.session(w, r, ClientID)
	if !ok {
		return
	}
	p := a.page(r, "The raw tokens")
	p.Raw = []param{{"ID token", s.Tokens.IDToken.Raw, ""}, {"Access token", s.Tokens.AccessToken, ""}}
	if s.Tokens.RefreshToken != "" {
		p.Raw = append(p.Raw, param{"Refresh token", s.Tokens.RefreshToken, ""})
	}
	a.render(w, http.StatusOK, "raw", p)
}
