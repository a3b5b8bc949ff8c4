package sqlstore_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// crowd gives a client as many sessions and consents; their sids.
func (w *world) crowd(clientID string, n int) (sids []string) {
	w.Helper()
	w.must(w.db.Write(w.ctx, func(tx *sqlstore.Tx) error {
		sids = nil
		for range n {
			id := w.next()
			sids = append(sids, fmt.Sprint("sid-", id))
			at, sub := noon.UnixMicro(), fmt.Sprint("sub-", id)
			if _, err := tx.Exec(`INSERT INTO sessions (tenant, id, hash, sid, sub, browser, created_at, auth_time, level, amr, last_seen,
					expires_at, idle_timeout, persistent, user_agent, address, ended_at, end_reason)
				VALUES ($1, $2, 'h', $3, $4, '', $5, $5, 1, 'pwd', $5, $6, 0, FALSE, '', '', NULL, '')`,
				acme, id, sids[len(sids)-1], sub, at, at+24*time.Hour.Microseconds()); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO participants (tenant, session, client_id, joined_at) VALUES ($1, $2, $3, $4)`, acme, id, clientID, at); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO consents (tenant, sub, client_id, scope, given_at) VALUES ($1, $2, $3, 'openid', $4)`, acme, sub, clientID, at); err != nil {
				return err
			}
		}
		return nil
	}))
	return sids
}

// heard counts what a client is told of each session: "sid reason".
func (w *world) heard(clientID string) map[string]int {
	w.Helper()
	list, err := logout.NewService(w.Store).Deliveries(w.ctx, acme, logout.Query{ClientID: clientID, State: outbox.Pending}, 0, 10_000)
	w.must(err)
	times := map[string]int{}
	for _, d := range list {
		times[d.SID+" "+string(d.Reason)]++
	}
	return times
}

// eachOnce fails unless a client is told of each of some sessions once, and of no other.
func (w *world) eachOnce(clientID, reason string, sids []string) {
	w.Helper()
	got := w.heard(clientID)
	if len(got) != len(sids) {
		w.Errorf("told of %d sessions, want %d", len(got), len(sids))
	}
	for _, sid := range sids {
		if n := got[sid+" "+reason]; n != 1 {
			w.Errorf("told %d times of %s", n, sid)
			return
		}
	}
}

func (w *world) nothingLeft(clientID string) {
	w.Helper()
	for _, table := range []string{"participants", "consents"} {
		var n int
		w.must(w.db.QueryRow(w.ctx, `SELECT count(*) FROM `+table+` WHERE client_id = $1`, clientID).Scan(&n))
		if n != 0 {
			w.Errorf("%d rows of %s are left", n, table)
		}
	}
}

const several = 2*sqlstore.DepartAtOnce + 1

// Deleting a client takes no longer than others may wait, however many sessions
// it is in: no transition of it touches more than some.
func TestLO7_AClientLeavesManySessionsBitByBit(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.hearing("one", "two")
		sids := w.crowd("one", several)
		w.exec(`INSERT INTO participants (tenant, session, client_id, joined_at) SELECT tenant, session, 'two', joined_at FROM participants`)
		before := w.db.Stats().Commits
		w.must(w.DeleteClient(w.ctx, acme, "one", noon, event(audit.ClientDeleted)))
		if n := w.db.Stats().Commits - before; w.db.Dialect() == "sqlite" && n != 4 {
			t.Errorf("%d transitions, want the deletion and three bits", n)
		}
		w.eachOnce("one", "client_deleted", sids)
		w.eachOnce("two", "", nil)
		w.nothingLeft("one")
		if n := w.records(acme)[audit.ClientDeleted]; n != 1 {
			t.Errorf("%d records (I9)", n)
		}
		// A node that had not heard yet let somebody in; once all have, it is over.
		sids = append(sids, w.crowd("one", 1)...)
		if n, err := w.SweepDepartures(w.ctx, noon.Add(59*time.Second), 9); n != 0 || err != nil || w.rows("departures") != 1 {
			t.Errorf("removed %d, %v", n, err)
		}
		w.eachOnce("one", "client_deleted", sids)
		w.nothingLeft("one")
		if n, err := w.SweepDepartures(w.ctx, noon.Add(time.Minute), 9); n != 1 || err != nil || w.rows("departures") != 0 {
			t.Errorf("removed %d, %v", n, err)
		}
	})
}

// A client is being deleted when the program dies, after any of the commits:
// none of it works, and it is told once of each session in which it took part,
// of those that end in between by their own end.
func TestLO7_K1_KilledWhileAClientLeaves(t *testing.T) {
	t.Parallel()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		for commits := range 5 {
			address := url(t)
			w := newWorld(t, storetest.Open(t, address, sqlstore.Options{}))
			w.hearing("one")
			w.account(acme, "ada")
			sids := w.crowd("one", several)
			last := w.visited("ada", "one") // the last to be told

			var left atomic.Int64
			left.Store(int64(commits))
			dead := errors.New("killed")
			dies := sqlstore.NewStore(storetest.Open(t, address, sqlstore.Options{Logger: slog.New(slog.DiscardHandler), CommitHook: func() error {
				if left.Add(-1) < 0 {
					return dead
				}
				return nil
			}}))
			err := dies.DeleteClient(w.ctx, acme, "one", noon, event(audit.ClientDeleted))
			if commits == 0 { // nothing has happened
				w.is(err, sqlstore.ErrUnknown)
				w.eachOnce("one", "", nil)
				_, err = w.FindClient(w.ctx, acme, "one")
				w.must(err)
				continue
			}
			w.must(err)
			_, err = w.FindClient(w.ctx, acme, "one")
			w.is(err, client.ErrNotFound)
			w.is(w.DeleteClient(w.ctx, acme, "one", noon, event(audit.ClientDeleted)), client.ErrNotFound)

			w.end(acme, noon, last.Session.ID)
			if _, err := w.SweepDepartures(w.ctx, noon, 9); err != nil {
				t.Fatal(err)
			}
			w.eachOnce("one", "client_deleted", append(sids, last.Session.SID))
			if t.Failed() {
				t.Fatalf("killed after %d commits", commits)
			}
		}
	})
}

// What time has run out for, but nobody has been told of, is told too.
func TestLO7_AClientLeavesSessionsThatAreOver(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.hearing("one")
		sids := w.crowd("one", 2)
		over := noon.Add(24 * time.Hour)
		w.must(w.DeleteClient(w.ctx, acme, "one", over, event(audit.ClientDeleted)))
		if n, err := w.ExpireSessions(w.ctx, over, 10); n != 2 || err != nil {
			t.Fatalf("%d have expired, %v", n, err)
		}
		w.eachOnce("one", "client_deleted", sids)
	})
}

// A client that is made under the id of one that is being removed has none of
// its sessions and consents, and is not removed from its own.
func TestMT3_ANewClientOfTheSameId(t *testing.T) {
	t.Parallel()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		address := url(t)
		w := newWorld(t, storetest.Open(t, address, sqlstore.Options{}))
		w.hearing("one")
		w.account(acme, "ada")
		sids := w.crowd("one", several)
		commits := 0
		dies := sqlstore.NewStore(storetest.Open(t, address, sqlstore.Options{Logger: slog.New(slog.DiscardHandler), CommitHook: func() error {
			if commits++; commits > 1 {
				return errors.New("killed")
			}
			return nil
		}}))
		w.must(dies.DeleteClient(w.ctx, acme, "one", noon, event(audit.ClientDeleted)))
		w.hearing("one")
		w.eachOnce("one", "client_deleted", sids)
		w.nothingLeft("one")
		s := w.visited("ada", "one")
		for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
			if n, err := w.SweepDepartures(w.ctx, at, 9); n != 0 || err != nil {
				t.Errorf("removed %d, %v", n, err)
			}
		}
		if p, err := w.Participants(w.ctx, acme, s.Session.ID); len(p) != 1 || err != nil {
			t.Errorf("the new client's session has %v, %v", p, err)
		}
		w.end(acme, noon, s.Session.ID)
		if got := strings.Join(w.told(logout.Query{Session: s.Session.ID}), "\n"); got != "one "+s.Session.SID+" end_session pending" {
			t.Errorf("told %s", got)
		}
	})
}
