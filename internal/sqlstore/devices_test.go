package sqlstore_test

import (
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
)

func TestJoinedReadsTheParticipantsOfManySessions(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		one, two, none := w.session(acme, "ada").Session.ID, w.session(acme, "ada").Session.ID, w.session(acme, "ada").Session.ID
		join := func(tenant string, id int64, client string, at int64) {
			w.exec(`INSERT INTO participants (tenant, session, client_id, joined_at) VALUES ($1, $2, $3, $4)`, tenant, id, client, at)
		}
		join(acme, one, "c", 1)
		join(acme, one, "a", 2)
		join(acme, one, "b", 2)
		join(acme, one, "d", 3)
		join(acme, two, "a", 9)
		got, err := w.Joined(w.ctx, acme, []int64{none, two, one, 77}, 3)
		w.must(err)
		want := map[int64]session.Joined{one: {Clients: []string{"c", "a", "b"}, All: 4}, two: {Clients: []string{"a"}, All: 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got, err = w.Joined(w.ctx, "other", []int64{one, two}, 3); err != nil || len(got) != 0 {
			t.Errorf("in another tenant: %v, %v", got, err)
		}
		if got, err = w.Joined(w.ctx, acme, nil, 3); err != nil || len(got) != 0 {
			t.Errorf("of no sessions: %v, %v", got, err)
		}
	})
}

// TestSC6_EndingNamesTheOwner: of the sessions that are named, only the owner's
// end, whatever the caller looked at before.
func TestSC6_EndingNamesTheOwner(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "bob")
		adas, bobs := w.session(acme, "ada").Session, w.session(acme, "bob").Session
		e := logout.Ending{Sessions: []int64{bobs.ID, adas.ID}, Owner: "ada", Reason: session.ByProfile}
		if ended, err := w.EndSessions(w.ctx, "other", e, noon, audit.Event{}); err != nil || len(ended) != 0 {
			t.Errorf("in another tenant: %v, %v", ended, err)
		}
		ended, err := w.EndSessions(w.ctx, acme, e, noon, audit.Event{})
		w.must(err)
		if len(ended) != 1 || ended[0].SID != adas.SID {
			t.Errorf("ended %+v", ended)
		}
		if _, err := w.FindBySID(w.ctx, acme, bobs.SID, noon); err != nil {
			t.Errorf("somebody else's session: %v", err)
		}
	})
}

// TestSC6_ManyTabsEndOneDeviceOnce: of 32 who end the same session at once, its
// owner from many tabs and a stranger from as many, one ends it.
func TestSC6_ManyTabsEndOneDeviceOnce(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		id := w.session(acme, "ada").Session.ID
		var ended, stolen atomic.Int64
		compete(32, func(i int) error {
			owner, n := "ada", &ended
			if i%2 == 1 {
				owner, n = "bob", &stolen
			}
			list, err := w.EndSessions(w.ctx, acme, logout.Ending{Sessions: []int64{id}, Owner: owner, Reason: session.ByProfile}, noon, event(audit.SessionEnded))
			n.Add(int64(len(list)))
			return err
		})
		if ended.Load() != 1 || stolen.Load() != 0 || w.records(acme)[audit.SessionEnded] != 1 {
			t.Errorf("the owner ended it %d times, a stranger %d times, recorded %d times", ended.Load(), stolen.Load(), w.records(acme)[audit.SessionEnded])
		}
	})
}
