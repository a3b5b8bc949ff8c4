package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
)

func TestAccountsAreKept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		a := &account.Account{Sub: "ada", CreatedAt: 1, UpdatedAt: 2, DisabledAt: 3, ValidFrom: 4, PasswordHash: "h", PasswordChangedAt: 5,
			Email: "Ada@example.com", EmailVerified: true, Mobile: "+41791234567", MobileVerified: true,
			Profile: account.Profile{Claims: map[string]string{"name": "Ada"}, Address: []byte(`{"country":"CH"}`)}}
		ids := []account.Identifier{email("ada"), {Kind: account.Mobile, Key: "+41791234567"}}
		w.must(w.CreateAccount(w.ctx, acme, a, ids, event(audit.AccountCreated)))
		for _, id := range ids {
			got, err := w.FindByIdentifier(w.ctx, acme, id)
			w.must(err)
			if diff := cmp.Diff(a, got); diff != "" {
				t.Error(diff)
			}
		}
		a.EmailVerified, a.Profile.Claims["name"], a.UpdatedAt = false, "Countess", 9
		w.must(w.UpdateProfile(w.ctx, acme, a, event(audit.AccountUpdated)))
		got, err := w.FindAccount(w.ctx, acme, "ada")
		w.must(err)
		if diff := cmp.Diff(a, got); diff != "" {
			t.Error(diff)
		}
		w.must(w.Rehash(w.ctx, acme, "ada", "other", "stale"))
		w.must(w.Rehash(w.ctx, acme, "ada", "h", "h2"))
		if got, err = w.FindAccount(w.ctx, acme, "ada"); err != nil || got.PasswordHash != "h2" {
			t.Errorf("hash is %q, %v", got.PasswordHash, err)
		}
		_, err = w.FindAccount(w.ctx, acme, "nobody")
		w.is(err, account.ErrNotFound)
		w.is(w.UpdateProfile(w.ctx, acme, &account.Account{Sub: "nobody"}, event(audit.AccountUpdated)), account.ErrNotFound)
		w.is(w.SetPassword(w.ctx, acme, "nobody", "x", 0, noon, event(audit.PasswordSet)), account.ErrNotFound)
		w.is(w.SetDisabled(w.ctx, acme, "nobody", true, noon, event(audit.AccountDisabled)), account.ErrNotFound)
		w.is(w.DeleteAccount(w.ctx, acme, "nobody", noon, event(audit.AccountDeleted)), account.ErrNotFound)
	})
}

func TestAccountsAreListed(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		for _, sub := range []string{"ada", "adele", "bea", "ümit"} {
			w.account(acme, sub)
		}
		w.must(w.DeleteAccount(w.ctx, acme, "adele", noon, event(audit.AccountDeleted)))
		for _, c := range []struct {
			query, cursor string
			limit         int
			want          string
		}{
			{"", "", 9, "[ada bea ümit]"}, {"", "ada", 1, "[bea]"}, {"ad", "", 9, "[ada]"}, {"bea@", "", 9, "[bea]"},
			{"üm", "", 9, "[ümit]"}, {"%", "", 9, "[]"}, {"a_a", "", 9, "[]"},
		} {
			list, err := w.ListAccounts(w.ctx, acme, c.query, c.cursor, c.limit)
			w.must(err)
			subs := []string{}
			for _, a := range list {
				subs = append(subs, a.Sub)
			}
			if got := fmt.Sprint(subs); got != c.want {
				t.Errorf("%q after %q: %s, want %s", c.query, c.cursor, got, c.want)
			}
		}
	})
}

func TestI7_IdentifierHasOneAccount(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		errs := compete(64, func(i int) error {
			a := account.New(fmt.Sprintf("sub-%d", i), noon)
			return w.CreateAccount(w.ctx, acme, a, []account.Identifier{email("ada")}, event(audit.AccountCreated))
		})
		winner := w.oneWinner(errs, account.ErrTaken)
		a, err := w.FindByIdentifier(w.ctx, acme, email("ada"))
		if err != nil || a.Sub != fmt.Sprintf("sub-%d", winner) || w.rows("accounts") != 1 || w.rows("audit") != 1 {
			t.Errorf("account %v, %v, want that of %d and nothing else", a, err, winner)
		}
	})
}

func TestMT3_SubIsNeverUsedAgain(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.must(w.DeleteAccount(w.ctx, acme, "ada", noon, event(audit.AccountDeleted)))
		err := w.CreateAccount(w.ctx, acme, account.New("ada", noon), nil, event(audit.AccountCreated))
		w.is(err, account.ErrTaken)
		// The identifier is free again, for another sub.
		w.must(w.CreateAccount(w.ctx, acme, account.New("eve", noon), []account.Identifier{email("ada")}, event(audit.AccountCreated)))
	})
}

// Each change of an account kills its sessions, codes, refresh and access
// tokens, offline ones too.
func TestTK7_AccountChangesKillWhatRestsOnIt(t *testing.T) {
	t.Parallel()
	later := noon.Add(time.Second)
	changes := map[session.Reason]func(*world) error{
		session.PasswordChanged: func(w *world) error {
			return w.SetPassword(w.ctx, acme, "ada", "new", 0, later, event(audit.PasswordSet))
		},
		session.AccountDisabled: func(w *world) error {
			return w.SetDisabled(w.ctx, acme, "ada", true, later, event(audit.AccountDisabled))
		},
		"disabled and enabled": func(w *world) error {
			w.must(w.SetDisabled(w.ctx, acme, "ada", true, later, event(audit.AccountDisabled)))
			return w.SetDisabled(w.ctx, acme, "ada", false, later, event(audit.AccountEnabled))
		},
		session.AccountDeleted: func(w *world) error {
			return w.DeleteAccount(w.ctx, acme, "ada", later, event(audit.AccountDeleted))
		},
	}
	stores(t, func(t *testing.T, w *world) {
		for reason, change := range changes {
			w.account(acme, "ada")
			s := w.session(acme, "ada")
			code, offline := w.code(acme, "ada", s.Session.ID, false), w.family(acme, "ada", s.Session.ID, false)
			w.must(change(w))
			w.dead(s, code, offline, later)
			if n, err := w.CountSessions(w.ctx, acme, "ada", later); n != 0 || err != nil {
				t.Errorf("%s: %d sessions are left, %v", reason, n, err)
			}
			w.exec(`DELETE FROM identifiers`)
			w.exec(`DELETE FROM accounts`)
		}
	})
}

// dead fails where anything of a session still works.
func (w *world) dead(s session.Begin, code grant.CodeIssue, f family, now time.Time) {
	w.Helper()
	_, err := w.FindSession(w.ctx, acme, s.Session.ID, s.Hash, now)
	w.is(err, session.ErrNotFound)
	w.is(w.IssueCode(w.ctx, acme, w.newCode(s.Session.Sub, s.Session.ID, true), now), grant.ErrSessionEnded)
	w.is(w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: code.Grant.ID, Hash: code.CodeHash}, now), grant.ErrDead)
	w.is(w.Rotate(w.ctx, acme, w.rotation(f.r, now), now), grant.ErrDead)
	w.is(w.Rotate(w.ctx, acme, grant.Rotation{Old: f.r.ID, Hash: f.r.Hash, Extend: f.r.ExpiresAt}, now), grant.ErrDead)
	_, state, err := w.FindAccess(w.ctx, acme, f.a.ID, now)
	w.must(err)
	if state.Alive(now) {
		w.Error("an access token's grant is alive")
	}
}

func TestPW6_PasswordChangeKeepsOneSession(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		kept, other := w.session(acme, "ada"), w.session(acme, "ada")
		f := w.family(acme, "ada", kept.Session.ID, true)
		later := noon.Add(time.Second)
		w.must(w.SetPassword(w.ctx, acme, "ada", "new", kept.Session.ID, later, event(audit.PasswordSet)))
		if _, err := w.FindSession(w.ctx, acme, kept.Session.ID, kept.Hash, later); err != nil {
			t.Errorf("kept session: %v", err)
		}
		_, err := w.FindSession(w.ctx, acme, other.Session.ID, other.Hash, later)
		w.is(err, session.ErrNotFound)
		w.is(w.Rotate(w.ctx, acme, w.rotation(f.r, later), later), grant.ErrDead)
		c := w.newCode("ada", kept.Session.ID, true)
		c.Grant.CreatedAt = later.UnixMicro()
		w.must(w.IssueCode(w.ctx, acme, c, later))
		w.must(w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash}, later))
	})
}

// A sign-in whose password was looked at before the change begins no session.
func TestI4_NoSessionComesThroughBesideAPasswordChange(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		for round := range 10 {
			sub := fmt.Sprintf("sub-%d", round)
			w.account(acme, sub)
			later := noon.Add(time.Second)
			begins := make([]session.Begin, 16)
			for i := range begins {
				begins[i] = w.newSession(sub)
			}
			compete(17, func(i int) error {
				if i == 8 {
					return w.SetPassword(w.ctx, acme, sub, "new", 0, later, event(audit.PasswordSet))
				}
				return w.BeginSession(w.ctx, acme, begins[i%16], noon)
			})
			if n, err := w.CountSessions(w.ctx, acme, sub, later); n != 0 || err != nil {
				t.Fatalf("%d sessions outlived the password they were begun with, %v", n, err)
			}
		}
		// Nor does one that is younger than the change and has read the old password.
		w.account(acme, "eve")
		old, err := w.FindAccount(w.ctx, acme, "eve")
		w.must(err)
		later := noon.Add(time.Second)
		w.must(w.SetPassword(w.ctx, acme, "eve", "new", 0, later, event(audit.PasswordSet)))
		b, c := w.newSession("eve"), w.newCode("eve", 0, true)
		b.ValidFrom = old.ValidFrom
		c.Begin, c.Grant.Session = &b, b.Session.ID
		w.is(w.BeginSession(w.ctx, acme, b, later.Add(time.Second)), session.ErrNotFound)
		w.is(w.IssueCode(w.ctx, acme, c, later.Add(time.Second)), session.ErrNotFound)
		b.ValidFrom = later.UnixMicro()
		w.must(w.BeginSession(w.ctx, acme, b, later.Add(time.Second)))
		w.account(acme, "bob")
		w.must(w.SetDisabled(w.ctx, acme, "bob", true, noon, event(audit.AccountDisabled)))
		w.is(w.BeginSession(w.ctx, acme, w.newSession("bob"), noon.Add(time.Hour)), session.ErrNotFound)
		w.is(w.BeginSession(w.ctx, acme, w.newSession("nobody"), noon), session.ErrNotFound)
	})
}
