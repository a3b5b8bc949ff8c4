package rptest

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/web"
)

// Enter gives the browser a session of an account as if it had signed in some
// time ago, without the cost of a password. What it had before is forgotten, not
// ended.
func (b *Browser) Enter(tenantID, email string, ago time.Duration) *session.Session {
	b.w.T.Helper()
	ctx, s, now := b.w.T.Context(), b.w.Server, b.w.Now().Add(-ago)
	t := b.w.Live(tenantID)
	acc := b.w.Person(tenantID, email)
	known := secret.New(secret.Browser, now)
	sess, cookie, err := s.Sessions.Authenticated(ctx, tenantID, session.Proof{
		Sub: acc.Sub, Level: 1, AMR: []string{"pwd"}, Browser: known.Hash(), Persistent: true,
		UserAgent: b.Header.Get("User-Agent"),
		Lifetime:  t.Settings.Session.Lifetime.D(), IdleTimeout: t.Settings.Session.IdleTimeout.D(),
	}, nil, now, nil)
	check(b.w.T, err)
	base, err := url.Parse(t.Base)
	check(b.w.T, err)
	b.jar.SetCookies(base, []*http.Cookie{
		{Name: web.CookieName(t, web.SessionCookie), Value: cookie, Path: "/", Secure: t.Secure},
		{Name: web.CookieName(t, web.BrowserCookie), Value: known.Reveal(), Path: "/", Secure: t.Secure},
	})
	return sess
}

// Live is a tenant as requests meet it.
func (w *World) Live(id string) *tenant.Live {
	w.T.Helper()
	_, err := w.Server.Directory.Refresh(w.T.Context(), w.Now())
	check(w.T, err)
	t, ok := w.Server.Directory.Find(id)
	if !ok {
		w.T.Fatalf("no tenant %q", id)
	}
	return t
}

// Alive tells whether the browser is signed in at the default tenant, by asking
// for a code without a screen.
func (b *Browser) Alive() bool {
	b.w.T.Helper()
	p := b.Get(b.w.Authorize("other", url.Values{"prompt": {"none"}}))
	switch a := p.Answer(); {
	case a.Get("code") != "":
		return true
	case a.Get("error") == "login_required":
		return false
	}
	b.w.T.Fatalf("prompt=none answered %d %q:\n%s", p.Status(), p.Location(), p.Body)
	return false
}

// Tokens gets a code without a screen and redeems it.
func (b *Browser) Tokens(clientID string, with url.Values) *Answer {
	b.w.T.Helper()
	a := b.w.Redeem(clientID, b.Follow(b.Get(b.w.Authorize(clientID, with))).Code(b.w.T))
	if a.Status != http.StatusOK {
		b.w.T.Fatalf("token answered %d %s", a.Status, a.Raw)
	}
	return a
}

// Person makes an account with a verified address and no password, once.
func (w *World) Person(tenantID, email string) *account.Account {
	w.T.Helper()
	id, err := account.ParseIdentifier(email, []account.Kind{account.Email})
	check(w.T, err)
	a, err := w.Server.Store.FindByIdentifier(w.T.Context(), tenantID, id)
	if !errors.Is(err, account.ErrNotFound) {
		check(w.T, err)
		return a
	}
	a = account.New(secret.UUID(), w.Now().Add(-24*time.Hour))
	a.Email, a.EmailVerified = id.Value, true
	check(w.T, w.Server.Store.CreateAccount(w.T.Context(), tenantID, a, []account.Identifier{id}, audit.Event{Kind: audit.AccountCreated, Sub: a.Sub}))
	return a
}
