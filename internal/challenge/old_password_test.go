package challenge_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestI4_NoOfflineGrantIsYoungerThanAReset: while the new password is hashed, a
// session that the reset ends may still get a grant that outlives sessions. The
// clock stands still, so that it is as old as the reset.
func TestI4_NoOfflineGrantIsYoungerThanAReset(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		thief, b := w.Browser(), w.Browser()
		thief.SignIn(w.Authorize("web", nil), ada, rptest.Password)
		notMe := w.Path(w.Mail(ada, 0))
		forgot(w, b, ada)
		page := b.Follow(b.Get(w.Path(w.Mail(ada, 1))))
		w.Wait(time.Minute)
		offline := func(b *rptest.Browser) string {
			return b.Tokens("web", url.Values{"scope": {"openid offline_access"}}).Get("refresh_token")
		}
		stolen := offline(thief)
		b.Submit(page, url.Values{"password": {another}}).Code(t)
		if got := w.Refresh("web", stolen); got.Get("error") != "invalid_grant" {
			t.Errorf("after a new password: %d %v", got.Status, got.Get("error"))
		}
		own := offline(b)
		if got := w.Refresh("web", own); got.Get("error") != "" {
			t.Errorf("what the person got since: %v", got.Get("error"))
		}
		b.Submit(b.Follow(b.Get(notMe)), nil)
		if got := w.Refresh("web", own); got.Get("error") != "invalid_grant" {
			t.Errorf("after this wasn't me: %d %v", got.Status, got.Get("error"))
		}
	})
}

// TestI4_NoSignInWithTheOldPasswordOutlivesAReset: whoever knows the old password
// may try as often as they like while the new one is being hashed.
func TestI4_NoSignInWithTheOldPasswordOutlivesAReset(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		forgot(w, b, ada)
		page := b.Follow(b.Get(w.Path(w.Mail(ada, 0))))
		w.Wait(time.Minute)
		var all sync.WaitGroup
		for i := range 8 {
			thief := w.Browser()
			thief.Remote = fmt.Sprintf("198.51.%d.9:1", i)
			form := thief.Follow(thief.Get(w.Authorize("web", nil)))
			all.Go(func() { thief.Submit(form, url.Values{"identifier": {ada}, "password": {rptest.Password}}) })
		}
		all.Go(func() { b.Submit(page, url.Values{"password": {another}}).Code(t) })
		all.Wait()
		if n, err := w.Server.Store.CountSessions(t.Context(), "default", find(t, w, ada).Sub, w.Now()); n != 1 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
	})
}
