package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
)

func TestTK1_CodeIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		for round := range 6 {
			c := w.code(acme, "ada", s.Session.ID, true)
			refresh, access := make([]*grant.Refresh, 64), make([]*grant.Access, 64)
			winner := w.oneWinner(compete(64, func(i int) error {
				r := grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash}
				if round%2 == 0 { // with rows to store, and as a single statement
					refresh[i], access[i] = w.newRefresh(c.Grant.ID), w.newAccess(c.Grant.ID)
					r.Refresh, r.Access = refresh[i], access[i]
				}
				return w.RedeemCode(w.ctx, acme, r, noon)
			}), grant.ErrReplayed)
			for i := range refresh {
				if refresh[i] == nil {
					continue
				}
				if _, _, err := w.FindRefresh(w.ctx, acme, refresh[i].ID, noon); (err == nil) != (i == winner) {
					t.Fatalf("refresh token of %d, winner %d: %v", i, winner, err)
				}
				if _, _, err := w.FindAccess(w.ctx, acme, access[i].ID, noon); (err == nil) != (i == winner) {
					t.Fatalf("access token of %d, winner %d: %v", i, winner, err)
				}
			}
		}
	})
}

func TestTK1_RevokedGrantKillsTheFamily(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		f := w.family(acme, "ada", s.Session.ID, false)
		wins := make([]bool, 32)
		for _, err := range compete(32, func(i int) (err error) {
			wins[i], err = w.RevokeGrant(w.ctx, acme, f.Grant.ID, noon, event(audit.CodeReplayed))
			return err
		}) {
			w.must(err)
		}
		n := 0
		for _, won := range wins {
			if won {
				n++
			}
		}
		if n != 1 || w.records(acme)[audit.CodeReplayed] != 1 {
			t.Errorf("%d callers killed it, records %v", n, w.records(acme))
		}
		w.is(w.Rotate(w.ctx, acme, w.rotation(f.r, noon), noon), grant.ErrDead)
		_, state, err := w.FindAccess(w.ctx, acme, f.a.ID, noon)
		if err != nil || state.Alive(noon) {
			t.Errorf("access token's grant is alive, %v", err)
		}
		// Dead by its session, and marked all the same.
		g := w.family(acme, "ada", s.Session.ID, true)
		w.end(acme, noon, s.Session.ID)
		if alive, err := w.RevokeGrant(w.ctx, acme, g.Grant.ID, noon, event(audit.GrantRevoked)); alive || err != nil {
			t.Errorf("alive %v, %v", alive, err)
		}
		if st, err := w.FindGrant(w.ctx, acme, g.Grant.ID, noon); err != nil || st.RevokedAt != noon.UnixMicro() {
			t.Errorf("revoked at %v, %v", st, err)
		}
		if alive, err := w.RevokeGrant(w.ctx, acme, 1, noon, event(audit.GrantRevoked)); alive || err != nil {
			t.Errorf("unknown grant: %v, %v", alive, err)
		}
	})
}

func TestAZ6_CodeNeedsItsHashTimeAndTenant(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account("other", "ada")
		s := w.session(acme, "ada")
		c := w.code(acme, "ada", s.Session.ID, true)
		try := func(tenant, hash string, now time.Time) error {
			return w.RedeemCode(w.ctx, tenant, grant.Redemption{GrantID: c.Grant.ID, Hash: hash}, now)
		}
		w.is(try(acme, "wrong", noon), grant.ErrDead)
		w.is(try("other", c.CodeHash, noon), grant.ErrDead)
		w.is(try(acme, c.CodeHash, noon.Add(time.Minute)), grant.ErrDead)
		// An id that is taken leaves the code unused.
		f := w.family(acme, "ada", s.Session.ID, true)
		w.is(w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash, Refresh: f.r}, noon), grant.ErrCollision)
		w.is(w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash, Access: f.a}, noon), grant.ErrCollision)
		w.must(try(acme, c.CodeHash, noon.Add(time.Minute-time.Microsecond)))
		w.is(try(acme, c.CodeHash, noon), grant.ErrReplayed)
		w.is(try(acme, "wrong", noon), grant.ErrDead) // a selector alone is never evidence
	})
}

func TestIssueCodeChecksTheSession(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "bob")
		s := w.session(acme, "ada")
		later := noon.Add(time.Minute)
		w.must(w.PutProgress(w.ctx, acme, "browser", "i1", authz.Progress{Chosen: "ada"}, noon, noon.Add(time.Hour)))
		w.must(w.PutProgress(w.ctx, acme, "browser", "i2", authz.Progress{Chosen: "ada"}, noon, noon.Add(time.Hour)))
		c := w.newCode("ada", s.Session.ID, true)
		c.Interaction, c.Browser = "i1", "browser"
		w.must(w.IssueCode(w.ctx, acme, c, later))
		w.must(w.IssueCode(w.ctx, acme, w.newCode("ada", s.Session.ID, true), later.Add(time.Minute)))
		w.must(w.IssueCode(w.ctx, acme, w.newCode("ada", s.Session.ID, true), later.Add(time.Minute+59*time.Second))) // not worth a write
		silent := w.newCode("ada", s.Session.ID, true)
		silent.Silent = true // AZ12: prompt=none never extends a session
		w.must(w.IssueCode(w.ctx, acme, silent, later.Add(time.Hour)))
		got, err := w.FindSession(w.ctx, acme, s.Session.ID, s.Hash, later)
		if err != nil || got.LastSeen != later.Add(time.Minute).UnixMicro() || got.AuthTime != noon.UnixMicro() {
			t.Errorf("last seen %v, %v", got, err)
		}
		p, err := w.Participants(w.ctx, acme, s.Session.ID)
		if diff := cmp.Diff([]session.Participant{{ClientID: "shop", JoinedAt: later.UnixMicro()}}, p); diff != "" || err != nil {
			t.Error(diff, err)
		}
		for interaction, want := range map[string]string{"i1": "", "i2": "ada"} {
			if got, err := w.FindProgress(w.ctx, acme, "browser", interaction, later); got.Chosen != want || err != nil {
				t.Errorf("progress %s: %v, %v", interaction, got, err)
			}
		}
		w.is(w.IssueCode(w.ctx, acme, w.newCode("bob", s.Session.ID, true), later), grant.ErrSessionEnded)
		w.is(w.IssueCode(w.ctx, acme, w.newCode("ada", 1, true), later), grant.ErrSessionEnded)
		w.end(acme, later, s.Session.ID)
		w.is(w.IssueCode(w.ctx, acme, w.newCode("ada", s.Session.ID, true), later), grant.ErrSessionEnded)
	})
}

func TestGrantsAreKept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		c := w.code(acme, "ada", s.Session.ID, true)
		st, err := w.FindGrant(w.ctx, acme, c.Grant.ID, noon)
		w.must(err)
		acc, err := w.FindAccount(w.ctx, acme, "ada")
		w.must(err)
		acc.PasswordHash, acc.PasswordChangedAt = "", 0 // no token needs them
		want := &grant.State{Grant: c.Grant, CodeHash: c.CodeHash, CodeExpiresAt: c.CodeExpiresAt, SessionAlive: true, Account: acc}
		if diff := cmp.Diff(want, st); diff != "" {
			t.Error(diff)
		}
		_, err = w.FindGrant(w.ctx, acme, 1, noon)
		w.is(err, grant.ErrNotFound)

		f := w.family(acme, "ada", s.Session.ID, true)
		a, st, err := w.FindAccess(w.ctx, acme, f.a.ID, noon)
		if diff := cmp.Diff(f.a, a); diff != "" || err != nil || st.ID != f.Grant.ID {
			t.Error(diff, err)
		}
		w.must(w.RevokeAccess(w.ctx, acme, f.a.ID, noon, event(audit.TokenRevoked)))
		w.must(w.RevokeAccess(w.ctx, acme, f.a.ID, noon.Add(1), event(audit.TokenRevoked)))
		if a, _, err = w.FindAccess(w.ctx, acme, f.a.ID, noon); err != nil || a.RevokedAt != noon.UnixMicro() {
			t.Errorf("revoked %v, %v", a, err)
		}
		own := w.newAccess(0)
		w.must(w.AddAccess(w.ctx, acme, own))
		w.is(w.AddAccess(w.ctx, acme, own), grant.ErrCollision)
		if _, st, err = w.FindAccess(w.ctx, acme, own.ID, noon); err != nil || st != nil {
			t.Errorf("client's own: %v, %v", st, err)
		}
		_, _, err = w.FindAccess(w.ctx, acme, 1, noon)
		w.is(err, grant.ErrNotFound)
		if n := w.records(acme)[audit.TokenRevoked]; n != 1 {
			t.Errorf("%d records of the revocation", n)
		}
	})
}

func TestJTIsAndConsents(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		for range 2 {
			w.must(w.RevokeJTI(w.ctx, acme, "j", noon.UnixMicro(), event(audit.TokenRevoked)))
		}
		for jti, want := range map[string]bool{"j": true, "k": false} {
			if got, err := w.JTIRevoked(w.ctx, acme, jti); got != want || err != nil {
				t.Errorf("%s: %v, %v", jti, got, err)
			}
		}
		if scope, err := w.FindConsent(w.ctx, acme, "ada", "shop"); scope != nil || err != nil {
			t.Errorf("consent before: %v, %v", scope, err)
		}
		all := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
		for _, err := range compete(32, func(i int) error {
			return w.GiveConsent(w.ctx, acme, "ada", "shop", []string{all[i%8], "a"}, noon, event(audit.ConsentGiven))
		}) {
			w.must(err)
		}
		scope, err := w.FindConsent(w.ctx, acme, "ada", "shop")
		if diff := cmp.Diff(all, scope); diff != "" || err != nil {
			t.Error(diff, err)
		}
		w.must(w.GiveConsent(w.ctx, acme, "bob", "shop", nil, noon, event(audit.ConsentGiven)))
		if scope, err := w.FindConsent(w.ctx, acme, "bob", "shop"); scope == nil || len(scope) != 0 || err != nil {
			t.Errorf("empty consent: %v, %v", scope, err)
		}
		if n := w.records(acme); n[audit.ConsentGiven] != 33 || n[audit.TokenRevoked] != 1 {
			t.Errorf("records %v", n)
		}
	})
}
