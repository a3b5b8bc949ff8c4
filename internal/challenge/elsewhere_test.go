package challenge_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestAnotherBrowserIsNeverGivenTheCode: the application waits in the browser
// that asked. A link in another one signs in there at most, also when it is
// pressed twice or has lost to somebody else.
func TestAnotherBrowserIsNeverGivenTheCode(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		none := func(what string, p *rptest.Page) {
			t.Helper()
			if strings.Contains(p.Location(), "code=") {
				t.Errorf("%s: %d %q", what, p.Status(), p.Location())
			}
		}
		forgot(w, w.Browser(), ada)
		phone := w.Browser()
		p := phone.Follow(phone.Get(w.Path(w.Mail(ada, 0))))
		w.Wait(time.Second)
		for range 2 {
			none("a new password", phone.Submit(p, url.Values{"password": {another}}))
		}
		if !phone.Alive() {
			t.Error("not signed in")
		}

		b := w.Browser()
		page := b.Get("/register?" + strings.TrimPrefix(w.Authorize("web", nil), "/authorize?"))
		b.Follow(b.Submit(page, url.Values{"email": {carol}, "password": {rptest.Password}}))
		p = phone.Follow(phone.Get(w.Path(w.Mail(carol, 0))))
		a := account.New("carol", w.Now())
		a.Email, a.EmailVerified = carol, true
		must(t, w.Server.Store.CreateAccount(t.Context(), "default", a, []account.Identifier{{Kind: account.Email, Value: carol, Key: carol}}, audit.Event{Kind: audit.AccountCreated}))
		none("an address that is taken by now", phone.Submit(p, url.Values{"password": {rptest.Password}}))
	})
}

// TestAnotherBrowserBeginsWhereTheApplicationDoes, if that is known: OIDC Core §4.
func TestAnotherBrowserBeginsWhereTheApplicationDoes(t *testing.T) {
	t.Parallel()
	tenant := strings.Replace(rptest.Tenant, "client_name: Example web\n", "client_name: Example web\n    initiate_login_uri: https://app.example.com/start\n", 1)
	w := rptest.New(t, tenant, rptest.Options{Mail: true})
	b, phone := w.Browser(), w.Browser()
	page := b.Get("/register?" + strings.TrimPrefix(w.Authorize("web", nil), "/authorize?"))
	b.Follow(b.Submit(page, url.Values{"email": {carol}, "password": {rptest.Password}}))
	forgot(w, b, ada)
	for to, password := range map[string]string{carol: rptest.Password, ada: another} {
		p := phone.Follow(phone.Get(w.Path(w.Mail(to, 0))))
		if csp := p.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https:") {
			t.Errorf("%s: the form may not end at the application: %s", to, csp)
		}
		if end := phone.Submit(p, url.Values{"password": {password}}); end.Location() != "https://app.example.com/start?iss="+url.QueryEscape(w.Base) {
			t.Errorf("%s: %d %q", to, end.Status(), end.Location())
		}
	}
}

// TestHD9_AUsedProofIsPassedByAtAuthorize: coming back to its pages is a GET,
// which changes nothing.
func TestHD9_AUsedProofIsPassedByAtAuthorize(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	page := b.Get("/register?" + strings.TrimPrefix(w.Authorize("web", nil), "/authorize?"))
	registers := b.Follow(b.Submit(page, url.Values{"email": {carol}, "password": {rptest.Password}}))
	enter(b, registers, w.Mail(carol, 0).Code()).Code(t)
	resets := b.Follow(enter(b, forgotAgain(w, b, carol), w.Mail(carol, 1).Code()))
	b.Submit(resets, url.Values{"password": {another}}).Code(t)
	for _, p := range []*rptest.Page{registers, resets} {
		before := w.Server.DB.Stats().Writes
		back := b.Get(p.URL.RequestURI())
		if n := w.Server.DB.Stats().Writes - before; n != 0 || !strings.HasPrefix(back.Location(), "/authorize?r=") {
			t.Errorf("%s: %d transitions, %d %q", p.URL.Path, n, back.Status(), back.Location())
		}
		b.Follow(back).Code(t)
	}
}

// forgotAgain asks for a new password in a browser that is signed in.
func forgotAgain(w *rptest.World, b *rptest.Browser, identifier string) *rptest.Page {
	w.T.Helper()
	w.Wait(time.Second)
	p := b.Get("/forgot-password?" + strings.TrimPrefix(w.Authorize("web", nil), "/authorize?"))
	return b.Follow(b.Submit(p, url.Values{"identifier": {identifier}}))
}
