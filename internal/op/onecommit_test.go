package op_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestSignInIsOneTransition: a right password begins the session and issues the
// code together, so the person waits for one commit; where there is more to ask,
// or no application, the session alone (spec/performance.md).
func TestSignInIsOneTransition(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{})
	w.Browser().SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password) // hashes and keys are made at first use
	for name, c := range map[string]struct {
		path string
		code bool
	}{
		"an application":  {w.Authorize("web", nil), true},
		"its own session": {w.Authorize("web", url.Values{"prompt": {"login"}}), true},
		"consent is due":  {w.Authorize("third", nil), false},
		"no application":  {"/login", false},
	} {
		b := w.Browser()
		if name == "its own session" {
			b.SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password)
			w.Wait(time.Minute)
		}
		form := b.Follow(b.Get(c.path))
		before := w.Server.DB.Stats().Writes
		p := b.Submit(form, url.Values{"identifier": {"ada@example.com"}, "password": {rptest.Password}})
		if n := w.Server.DB.Stats().Writes - before; n != 1 || (p.Answer().Get("code") != "") != c.code {
			t.Errorf("%s: %d transitions, %d %q", name, n, p.Status(), p.Location())
		}
		if !b.Alive() {
			t.Errorf("%s: no session", name)
		}
	}
}
