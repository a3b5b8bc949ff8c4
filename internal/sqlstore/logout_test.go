package sqlstore_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
)

// After a logout has been answered, nothing that begins later succeeds with
// what the session gave (I3): each operation looks whether the answer was
// there before it begins.
func TestLO6_NothingSucceedsAfterLogoutIsAnswered(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		for round := range 12 {
			sub := fmt.Sprintf("sub-%d", round)
			w.account(acme, sub)
			w.logoutRace(sub)
		}
	})
}

func (w *world) logoutRace(sub string) {
	w.Helper()
	s := w.session(acme, sub)
	id := s.Session.ID
	codes, refresh := make([]grant.CodeIssue, 24), make([]*grant.Refresh, 4)
	for i := range codes {
		codes[i] = w.code(acme, sub, id, true)
	}
	for i := range refresh {
		refresh[i] = w.family(acme, sub, id, true).r
	}
	var answered atomic.Bool
	var before, late atomic.Int64
	// until runs op until it fails once after the answer.
	until := func(op func(n int) error) {
		for n := 0; ; n++ {
			after := answered.Load()
			err := op(n)
			switch {
			case err == nil && after:
				late.Add(1)
				return
			case err == nil:
				before.Add(1)
			case after:
				return
			}
		}
	}
	compete(11, func(i int) error {
		switch {
		case i == 0: // the logout, once something has succeeded
			for before.Load() < 8 {
				if _, err := w.FindSession(w.ctx, acme, id, s.Hash, noon); err != nil {
					return err
				}
			}
			_, err := w.EndSessions(w.ctx, acme, logout.Ending{Sessions: []int64{id}, Reason: session.ByRequest}, noon, audit.Event{})
			answered.Store(true)
			return err
		case i <= 4:
			current := refresh[i-1]
			until(func(int) error {
				r := w.rotation(current, noon)
				err := w.Rotate(w.ctx, acme, r, noon)
				if err == nil {
					current = r.New
				}
				return err
			})
		case i <= 8:
			mine := codes[(i-5)*6 : (i-5)*6+6]
			until(func(n int) error {
				c := mine[min(n, 4)] // the last one is for afterwards
				if answered.Load() {
					c = mine[5]
				}
				return w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash, Refresh: w.newRefresh(c.Grant.ID)}, noon)
			})
		case i == 9:
			until(func(int) error { return w.IssueCode(w.ctx, acme, w.newCode(sub, id, true), noon) })
		default:
			until(func(int) error { _, err := w.FindSession(w.ctx, acme, id, s.Hash, noon); return err })
		}
		return nil
	})
	if late.Load() != 0 || before.Load() < 8 {
		w.Fatalf("%d operations succeeded that began after the logout was answered, %d before", late.Load(), before.Load())
	}
	// What overtook the logout is dead where it is used.
	for _, c := range codes {
		if st, err := w.FindGrant(w.ctx, acme, c.Grant.ID, noon); err != nil || st.Alive(noon) {
			w.Fatalf("a grant of the ended session: alive %v, %v", st.Alive(noon), err)
		}
	}
}

func TestLO5_OfflineGrantsOutliveTheSession(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		bound, offline := w.family(acme, "ada", s.Session.ID, true), w.family(acme, "ada", s.Session.ID, false)
		code, late := w.code(acme, "ada", s.Session.ID, true), w.code(acme, "ada", s.Session.ID, false)
		w.end(acme, noon, s.Session.ID)
		w.dead(s, code, bound, noon)
		err := w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: late.Grant.ID, Hash: late.CodeHash, Refresh: w.newRefresh(late.Grant.ID)}, noon)
		if !errors.Is(err, grant.ErrDead) {
			t.Errorf("a code with offline_access, redeemed after the logout: %v (I3)", err)
		}
		w.must(w.Rotate(w.ctx, acme, w.rotation(offline.r, noon), noon))
		if st, err := w.FindGrant(w.ctx, acme, offline.Grant.ID, noon); err != nil || st.SessionAlive || !st.Alive(noon) {
			t.Errorf("offline grant: %+v, %v", st, err)
		}
	})
}
