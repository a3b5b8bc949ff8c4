package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/grant"
)

func TestTK4_RotationHasOneWinner(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		f := w.family(acme, "ada", s.Session.ID, true)
		current := f.r
		for range 5 {
			tries := make([]grant.Rotation, 32)
			winner := w.oneWinner(compete(32, func(i int) error {
				tries[i] = w.rotation(current, noon)
				tries[i].Access = w.newAccess(f.Grant.ID)
				return w.Rotate(w.ctx, acme, tries[i], noon)
			}), grant.ErrReplayed)
			for i, r := range tries {
				_, _, err := w.FindRefresh(w.ctx, acme, r.New.ID, noon)
				if (err == nil) != (i == winner) {
					t.Fatalf("successor of %d, winner %d: %v", i, winner, err)
				}
			}
			current = tries[winner].New
		}
		if n := w.rows("refresh_tokens"); n != 6 {
			t.Errorf("the chain has %d tokens, want 6", n)
		}
	})
}

// The successor is handed out again inside the window; handing it out restarts
// its own window, once.
func TestTK4_SuccessorsWindowRestartsOnce(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		f := w.family(acme, "ada", s.Session.ID, true)
		at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
		find := func(id int64, now time.Time) *grant.Refresh {
			r, st, err := w.FindRefresh(w.ctx, acme, id, now)
			w.must(err)
			if st.ID != f.Grant.ID || !st.Alive(now) {
				t.Fatalf("state %v", st)
			}
			return r
		}
		if diff := cmp.Diff(f.r, find(f.r.ID, noon)); diff != "" {
			t.Error(diff)
		}
		first := w.rotation(f.r, at(0))
		w.must(w.Rotate(w.ctx, acme, first, at(0)))
		if r := find(f.r.ID, at(29)); r.UsedAt != noon.UnixMicro() || r.Successor != "sealed" {
			t.Errorf("in the window: %+v", r)
		}
		if r := find(f.r.ID, at(30)); r.Successor != "" {
			t.Errorf("after the window: %+v", r)
		}
		// Not rotated yet: nothing to restart, and the one restart is not spent.
		access := w.newAccess(f.Grant.ID)
		w.must(w.Reissue(w.ctx, acme, first.New.ID, at(31).UnixMicro(), access, at(1)))
		if r := find(first.New.ID, at(1)); r.Reissued || r.GraceUntil != 0 {
			t.Errorf("unused successor: %+v", r)
		}
		if _, st, err := w.FindAccess(w.ctx, acme, access.ID, at(1)); err != nil || st.ID != f.Grant.ID {
			t.Errorf("access token: %v, %v", st, err)
		}
		w.must(w.Rotate(w.ctx, acme, w.rotation(first.New, at(2)), at(2)))
		w.must(w.Reissue(w.ctx, acme, first.New.ID, at(50).UnixMicro(), nil, at(20)))
		w.must(w.Reissue(w.ctx, acme, first.New.ID, at(59).UnixMicro(), nil, at(29)))
		if r := find(first.New.ID, at(40)); !r.Reissued || r.GraceUntil != at(50).UnixMicro() || r.Successor != "sealed" {
			t.Errorf("restarted: %+v", r)
		}
		w.is(w.Reissue(w.ctx, acme, first.New.ID, 0, access, at(29)), grant.ErrCollision)
	})
}

func TestRotateConditions(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		f, g := w.family(acme, "ada", s.Session.ID, true), w.family(acme, "ada", s.Session.ID, true)
		wrong := w.rotation(f.r, noon)
		wrong.Hash = "wrong"
		w.is(w.Rotate(w.ctx, acme, wrong, noon), grant.ErrDead)
		idle := noon.Add(30 * time.Minute)
		w.is(w.Rotate(w.ctx, acme, w.rotation(f.r, idle), idle), grant.ErrDead)
		taken := w.rotation(f.r, noon)
		taken.New.ID = g.r.ID
		w.is(w.Rotate(w.ctx, acme, taken, noon), grant.ErrCollision)
		// A token that does not rotate: extended, with and without a row beside it.
		for i, access := range []*grant.Access{nil, w.newAccess(f.Grant.ID)} {
			until := noon.Add(time.Duration(40+i) * time.Minute).UnixMicro()
			w.must(w.Rotate(w.ctx, acme, grant.Rotation{Old: f.r.ID, Hash: f.r.Hash, Extend: until, Access: access}, idle.Add(-1000)))
			if r, _, err := w.FindRefresh(w.ctx, acme, f.r.ID, idle); err != nil || r.ExpiresAt != until || r.UsedAt != 0 {
				t.Errorf("extended: %+v, %v", r, err)
			}
		}
		// What is issued belongs to the grant of the presented token.
		stray := w.rotation(f.r, idle)
		stray.New.GrantID, stray.Access = g.Grant.ID, w.newAccess(g.Grant.ID)
		w.must(w.Rotate(w.ctx, acme, stray, idle))
		if r, st, err := w.FindRefresh(w.ctx, acme, stray.New.ID, idle); err != nil || r.GrantID != f.Grant.ID || st.ID != f.Grant.ID {
			t.Errorf("successor: %+v, %v", r, err)
		}
		w.is(w.Rotate(w.ctx, acme, grant.Rotation{Old: f.r.ID, Hash: f.r.Hash, Extend: 1}, idle), grant.ErrReplayed)
		w.is(w.Rotate(w.ctx, acme, grant.Rotation{Old: 1, Hash: "x", Extend: 1}, idle), grant.ErrDead)
		_, _, err := w.FindRefresh(w.ctx, acme, 1, noon)
		w.is(err, grant.ErrNotFound)
	})
}
