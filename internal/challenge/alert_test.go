package challenge_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

const ada = "ada@example.com"

// disown opens a link "this wasn't me" and presses its button.
func disown(b *rptest.Browser, path string) *rptest.Page {
	return b.Submit(b.Follow(b.Get(path)), nil)
}

func TestANewSignInIsToldOf(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		b.Header = http.Header{"Accept": {"text/html"}, "Accept-Language": {"fr"}, "User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"}}
		b.SignIn(w.Authorize("web", nil), ada, rptest.Password)
		m := w.Mail(ada, 0)
		for _, want := range []string{"Firefox sur Linux", "192.0.2.x", "1er mars 2026, 12:00 UTC"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("no %q in\n%s", want, m.Text)
			}
		}
		// The same browser again, and a registration, tell of nothing.
		w.Wait(time.Minute)
		b.SignIn(w.Authorize("web", url.Values{"prompt": {"login"}}), ada, rptest.Password)
		fresh := w.Browser()
		enter(fresh, signUp(w, fresh, carol), w.Mail(carol, 0).Code()).Code(t)
		w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
		w.Mail(ada, 1)
		if n := len(w.Inbox.Mails()); n != 3 {
			t.Errorf("%d mails", n)
		}
	})
}

func TestNobodyIsToldAtAnUnverifiedAddress(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, strings.Replace(rptest.Tenant, "{self_registration: true}", "{verify_identifiers: never}", 1)+
		"  - {email: eve@example.com, email_verified: false, password: "+rptest.Password+"}\n", rptest.Options{Mail: true})
	w.Browser().SignIn(w.Authorize("web", nil), "eve@example.com", rptest.Password)
	w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
	w.Mail(ada, 0)
	if n := len(w.Inbox.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// TestThisWasNotMe: everything ends, the password is gone, and the address that
// the mail went to is the way back.
func TestThisWasNotMe(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		thief, phone := w.Browser(), w.Browser()
		offline := w.Redeem("web", thief.SignIn(w.Authorize("web", url.Values{"scope": {"openid offline_access"}}), ada, rptest.Password))
		link := w.Path(w.Mail(ada, 0))
		w.Wait(time.Minute)
		p := phone.Follow(phone.Get(link))
		if p.Find(hasID("not-me")) == nil || strings.Contains(p.Body.String(), ada) || strings.Contains(strings.ToLower(p.Words()), "ada") {
			t.Fatalf("%d:\n%s", p.Status(), p.Body)
		}
		if p := thief.Get(w.Authorize("web", nil)); p.Answer().Get("code") == "" {
			t.Fatal("opening the link ended something")
		}
		done := phone.Submit(p, nil)
		if done.Find(hasID("not-me-done")) == nil || phone.Cookie("__Host-foyer-default") != "" {
			t.Fatalf("%d:\n%s", done.Status(), done.Body)
		}
		if p := thief.Follow(thief.Get(w.Authorize("web", nil))); p.URL.Path != "/login" {
			t.Errorf("the thief is still in: %s", p.URL)
		}
		if got := w.Refresh("web", offline.Get("refresh_token")); got.Status != http.StatusBadRequest {
			t.Errorf("an offline grant lives on: %d", got.Status)
		}
		if p := w.Browser().Login(w.Authorize("web", nil), ada, rptest.Password); p.Status() != http.StatusUnauthorized {
			t.Errorf("the old password: %d", p.Status())
		}
		if again := phone.Submit(p, nil); again.Status() != http.StatusGone {
			t.Errorf("the link was used twice: %d", again.Status())
		}
		mine := w.Browser()
		w.Wait(time.Minute)
		p = mine.Follow(enter(mine, forgot(w, mine, ada), w.Mail(ada, 1).Code()))
		mine.Submit(p, url.Values{"password": {another}}).Code(t)
	})
}

func TestTheLinkWorksOnceAnHourAndForSevenDays(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	for range 3 {
		w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
		w.Wait(time.Second)
	}
	first, second, third := w.Path(w.Mail(ada, 0)), w.Path(w.Mail(ada, 1)), w.Path(w.Mail(ada, 2))
	if p := disown(w.Browser(), first); !strings.Contains(p.Body.String(), "signed out everywhere") {
		t.Fatalf("%d:\n%s", p.Status(), p.Body)
	}
	w.Wait(59 * time.Minute)
	if p := disown(w.Browser(), second); !strings.Contains(p.Body.String(), "less than an hour") {
		t.Errorf("%d:\n%s", p.Status(), p.Body)
	}
	w.Wait(2 * time.Minute)
	if p := disown(w.Browser(), second); !strings.Contains(p.Body.String(), "signed out everywhere") {
		t.Errorf("%d:\n%s", p.Status(), p.Body)
	}
	w.Wait(7 * 24 * time.Hour)
	b := w.Browser()
	if p := b.Follow(b.Get(third)); p.Status() != http.StatusGone {
		t.Errorf("after a week: %d", p.Status())
	}
}

// TestTheLinkSurvivesAThiefWhoChangesEverything: password, address and number
// of the account, as if by its own pages; an alert that went to the thief's
// address is worth nothing afterwards.
func TestTheLinkSurvivesAThiefWhoChangesEverything(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		a := find(t, w, ada)
		w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
		link := w.Path(w.Mail(ada, 0))
		w.Wait(time.Minute)
		at := w.Now().UnixMicro()
		exec(t, w, `DELETE FROM identifiers WHERE tenant = 'default' AND sub = $1`, a.Sub)
		exec(t, w, `INSERT INTO identifiers (tenant, kind, key, sub, added_at) VALUES ('default', 'email', 'thief@example.com', $1, $2)`, a.Sub, at)
		exec(t, w, `INSERT INTO identifiers (tenant, kind, key, sub, added_at) VALUES ('default', 'mobile', '+33612345678', $1, $2)`, a.Sub, at)
		exec(t, w, `UPDATE accounts SET email = 'thief@example.com', mobile = '+33612345678', mobile_verified = TRUE WHERE tenant = 'default' AND sub = $1`, a.Sub)
		must(t, w.Server.Store.SetPassword(t.Context(), "default", a.Sub, a.PasswordHash, 0, w.Now(), audit.Event{Kind: audit.PasswordSet, Sub: a.Sub}))
		w.Wait(time.Second)
		w.Browser().SignIn(w.Authorize("web", nil), "thief@example.com", rptest.Password)
		thiefs := w.Path(w.Mail("thief@example.com", 0))
		w.Wait(time.Second)

		if p := disown(w.Browser(), link); p.Find(hasID("not-me-done")) == nil {
			t.Fatalf("%d:\n%s", p.Status(), p.Body)
		}
		got := find(t, w, ada)
		if got.Sub != a.Sub || got.Email != ada || !got.EmailVerified || got.Mobile != "" || got.PasswordHash != "" {
			t.Errorf("%+v", got)
		}
		for _, id := range []account.Identifier{{Kind: account.Email, Key: "thief@example.com"}, {Kind: account.Mobile, Key: "+33612345678"}} {
			if _, err := w.Server.Store.FindByIdentifier(t.Context(), "default", id); err == nil {
				t.Errorf("%s still signs in", id.Key)
			}
		}
		w.Wait(2 * time.Hour)
		b := w.Browser()
		if p := b.Follow(b.Get(thiefs)); p.Status() != http.StatusGone {
			t.Errorf("the thief's link: %d", p.Status())
		}
	})
}

// TestTheAddressIsSomebodyElsesByNow: who has only claimed it loses it to who
// reads its mail; who has proved it keeps it, and the account that the link is
// about is left without, not with an address that was added since.
func TestTheAddressIsSomebodyElsesByNow(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		a := find(t, w, ada)
		for i, proved := range []bool{false, true} {
			w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
			link := w.Path(w.Mail(ada, i))
			w.Wait(2 * time.Hour)
			at := w.Now().UnixMicro()
			exec(t, w, `UPDATE identifiers SET key = 'thief@example.com', added_at = $2 WHERE tenant = 'default' AND sub = $1 AND kind = 'email'`, a.Sub, at)
			exec(t, w, `UPDATE accounts SET email = 'thief@example.com' WHERE tenant = 'default' AND sub = $1`, a.Sub)
			other := account.New([]string{"claims", "proves"}[i], w.Now())
			other.Email, other.EmailVerified, other.PasswordHash = ada, proved, a.PasswordHash
			must(t, w.Server.Store.CreateAccount(t.Context(), "default", other, []account.Identifier{{Kind: account.Email, Value: ada, Key: ada}}, audit.Event{Kind: audit.AccountCreated}))

			if p := disown(w.Browser(), link); p.Find(hasID("not-me-done")) == nil {
				t.Fatalf("%d:\n%s", p.Status(), p.Body)
			}
			owner, want, left := find(t, w, ada).Sub, a.Sub, ada
			if proved {
				want, left = other.Sub, ""
			}
			got, err := w.Server.Store.FindAccount(t.Context(), "default", a.Sub)
			must(t, err)
			if owner != want || got.Email != left || got.EmailVerified == proved || got.PasswordHash != "" {
				t.Errorf("proved %v: it is %s's; %+v", proved, owner, got)
			}
			if _, err := w.Server.Store.FindByIdentifier(t.Context(), "default", account.Identifier{Kind: account.Email, Key: "thief@example.com"}); err == nil {
				t.Error("the address that was added since still signs in")
			}
			if e := w.Audit("default", string(audit.AccountDisowned)); len(e) != i+1 || (e[0].Data["address"] == "taken") != proved {
				t.Errorf("proved %v: recorded %+v", proved, e)
			}
			must(t, w.Server.Store.SetPassword(t.Context(), "default", a.Sub, a.PasswordHash, 0, w.Now(), audit.Event{Kind: audit.PasswordSet, Sub: a.Sub}))
			w.Wait(2 * time.Hour)
		}
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exec changes the database as something would that is not there yet.
func exec(t testing.TB, w *rptest.World, query string, args ...any) {
	t.Helper()
	_, err := w.Server.DB.WriteOne(context.WithoutCancel(t.Context()), query, args...)
	must(t, err)
}

// TestManyPressesUndoOnce: two links of one account, each pressed sixteen times
// at once.
func TestManyPressesUndoOnce(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		var pages []func()
		for i := range 2 {
			w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
			w.Wait(time.Second)
			b := w.Browser()
			p := b.Follow(b.Get(w.Path(w.Mail(ada, i))))
			pages = append(pages, func() { b.Submit(p, nil) })
		}
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(pages[i%2])
		}
		all.Wait()
		if n := len(w.Audit("default", string(audit.AccountDisowned))); n != 1 {
			t.Errorf("undone %d times", n)
		}
	})
}
