package sqlstore_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/session"
)

// hearing registers clients that are told of every reason but those of some,
// which are told of two.
func (w *world) hearing(names ...string) {
	w.Helper()
	for _, name := range names {
		c := shop()
		c.ClientID, c.BackchannelLogoutURI = name, "https://"+name+".example/bye"
		if name == "picky" {
			c.BackchannelLogoutOn = []string{string(session.ByRequest), string(session.AccountDisabled)}
		}
		if name == "deaf" {
			c.BackchannelLogoutURI = ""
		}
		w.must(w.CreateClient(w.ctx, acme, c, event(audit.ClientCreated)))
	}
}

// visited is a session in which clients took part.
func (w *world) visited(sub string, clients ...string) session.Begin {
	w.Helper()
	s := w.session(acme, sub)
	for i, name := range clients {
		w.exec(`INSERT INTO participants (tenant, session, client_id, joined_at) VALUES ($1, $2, $3, $4)`, acme, s.Session.ID, name, noon.UnixMicro()+int64(i))
	}
	return s
}

// told lists, as "client sid reason state", what waits in the outbox or went.
func (w *world) told(q logout.Query) (out []string) {
	w.Helper()
	list, err := logout.NewService(w.Store).Deliveries(w.ctx, acme, q, 0, 1000)
	w.must(err)
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s %s %s", d.ClientID, d.SID, d.Reason, d.State))
	}
	slices.Sort(out)
	return out
}

// Every way a session can end is the same event (spec/logout.md §2).
func TestLO7_EveryCauseTellsTheParticipants(t *testing.T) {
	t.Parallel()
	end := func(reason session.Reason) func(*world, session.Begin) error {
		return func(w *world, s session.Begin) error {
			_, err := w.EndSessions(w.ctx, acme, logout.Ending{Sessions: []int64{s.Session.ID}, Reason: reason}, noon, audit.Event{})
			return err
		}
	}
	causes := map[session.Reason]func(*world, session.Begin) error{
		session.ByRequest: end(session.ByRequest), session.ByProfile: end(session.ByProfile), session.NotMe: end(session.NotMe),
		session.ByAdmin: end(session.ByAdmin), session.ByCommand: end(session.ByCommand), session.FactorRemoved: end(session.FactorRemoved),
		session.IdentifierChanged: end(session.IdentifierChanged),
		session.Replaced: func(w *world, s session.Begin) error {
			w.account(acme, "bob")
			b := w.newSession("bob")
			b.Previous = s.Session.ID
			return w.BeginSession(w.ctx, acme, b, noon)
		},
		session.PasswordChanged: func(w *world, _ session.Begin) error {
			return w.SetPassword(w.ctx, acme, "ada", "new", 0, noon, event(audit.PasswordSet))
		},
		session.AccountDisabled: func(w *world, _ session.Begin) error {
			return w.SetDisabled(w.ctx, acme, "ada", true, noon, event(audit.AccountDisabled))
		},
		session.AccountDeleted: func(w *world, _ session.Begin) error {
			return w.DeleteAccount(w.ctx, acme, "ada", noon, event(audit.AccountDeleted))
		},
		session.Expired: func(w *world, _ session.Begin) error {
			n, err := w.ExpireSessions(w.ctx, noon.Add(24*time.Hour), 10)
			if err == nil && n != 1 {
				err = fmt.Errorf("%d expired", n)
			}
			return err
		},
	}
	stores(t, func(t *testing.T, w *world) {
		w.hearing("one", "two", "picky", "deaf")
		for reason, cause := range causes {
			w.exec(`DELETE FROM outbox`)
			w.exec(`DELETE FROM sessions`)
			w.exec(`DELETE FROM accounts`)
			w.exec(`DELETE FROM identifiers`)
			w.account(acme, "ada")
			s := w.visited("ada", "one", "two", "picky", "deaf", "unregistered")
			sid := s.Session.SID
			if got := w.told(logout.Query{}); got != nil {
				t.Fatalf("%s: before: %v", reason, got)
			}
			w.must(cause(w, s))
			want := []string{"one " + sid + " " + string(reason) + " pending"}
			if reason == session.ByRequest || reason == session.AccountDisabled {
				want = append(want, "picky "+sid+" "+string(reason)+" pending")
			}
			want = append(want, "two "+sid+" "+string(reason)+" pending")
			if got := w.told(logout.Query{}); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", reason, got, want)
			}
			if got := w.told(logout.Query{Session: s.Session.ID, ClientID: "two", State: outbox.Pending}); len(got) != 1 {
				t.Errorf("%s: of two: %v", reason, got)
			}
			w.must(end(session.ByAdmin)(w, s)) // it has ended already
			if got := w.told(logout.Query{}); !slices.Equal(got, want) {
				t.Errorf("%s: told twice: %v", reason, got)
			}
		}
	})
}

func TestLO7_ADeletedClientAloneIsTold(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.hearing("one", "two")
		w.account(acme, "ada")
		w.account(acme, "bob")
		a, b, gone := w.visited("ada", "one", "two"), w.visited("bob", "one"), w.visited("bob", "one")
		w.visited("bob", "two")
		w.end(acme, noon, gone.Session.ID)
		w.exec(`DELETE FROM outbox`)
		w.must(w.DeleteClient(w.ctx, acme, "one", noon, event(audit.ClientDeleted)))
		want := []string{"one " + a.Session.SID + " client_deleted pending", "one " + b.Session.SID + " client_deleted pending"}
		if got := w.told(logout.Query{}); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if s, err := w.FindSession(w.ctx, acme, a.Session.ID, a.Hash, noon); err != nil || s.EndedAt != 0 {
			t.Errorf("the session ended too: %v", err)
		}
	})
}

// A client that is deleted while a session ends is told by one or the other.
func TestLO7_DeletionMeetsTheEndOfASession(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		for i := range 40 {
			name := fmt.Sprint("going", i)
			w.hearing(name)
			s := w.visited("ada", name)
			for _, err := range compete(2, func(i int) error {
				if i == 0 {
					return w.DeleteClient(w.ctx, acme, name, noon, event(audit.ClientDeleted))
				}
				_, err := w.EndSessions(w.ctx, acme, logout.Ending{Sessions: []int64{s.Session.ID}, Reason: session.ByRequest}, noon, audit.Event{})
				return err
			}) {
				w.must(err)
			}
			if got := w.told(logout.Query{ClientID: name}); len(got) == 0 {
				t.Errorf("%s was not told", name)
			}
		}
	})
}

// The metadata that decides is that of the transition, however often it changes.
func TestLO7_TheClientIsReadInTheTransition(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.hearing("one")
		for i, uri := range []string{"https://a.example/", "", "https://b.example/"} {
			c, err := w.FindClient(w.ctx, acme, "one")
			w.must(err)
			c.BackchannelLogoutURI = uri
			w.must(w.UpdateClient(w.ctx, acme, c, event(audit.ClientUpdated)))
			w.exec(`DELETE FROM outbox`)
			s := w.visited("ada", "one")
			w.end(acme, noon, s.Session.ID)
			list, err := logout.NewService(w.Store).Deliveries(w.ctx, acme, logout.Query{}, 0, 10)
			w.must(err)
			if uri == "" && len(list) != 0 || uri != "" && (len(list) != 1 || list[0].URI != uri) {
				t.Errorf("%d: %+v, want %q", i, list, uri)
			}
		}
		// Made anew under the same id and version.
		w.must(w.DeleteClient(w.ctx, acme, "one", noon, event(audit.ClientDeleted)))
		c := shop()
		c.ClientID, c.CreatedAt, c.BackchannelLogoutURI = "one", noon.UnixMicro()+1, ""
		w.must(w.CreateClient(w.ctx, acme, c, event(audit.ClientCreated)))
		w.exec(`DELETE FROM outbox`)
		s := w.visited("ada", "one")
		w.end(acme, noon, s.Session.ID)
		if got := w.told(logout.Query{}); got != nil {
			t.Errorf("told %v", got)
		}
	})
}

const lane = outbox.Lane("logout/acme/one")

// waiting puts n jobs into lane.
func (w *world) waiting(n int) {
	w.Helper()
	w.hearing("one")
	w.account(acme, "ada")
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = w.visited("ada", "one").Session.ID
	}
	w.end(acme, noon, ids...)
}

// One worker per job across all nodes: 32 workers on 8 lanes' worth of jobs.
func TestLO7_AJobIsLeasedOnce(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		const jobs = 300
		w.waiting(jobs)
		var mu sync.Mutex
		seen := map[int64]int{}
		errs := compete(32, func(i int) error {
			for {
				list, err := w.Lease(w.ctx, lane, fmt.Sprint("worker", i), 7, noon, noon.Add(30*time.Second))
				if err != nil {
					return err
				}
				mu.Lock()
				for _, j := range list {
					seen[j.ID]++
				}
				done := len(seen) == jobs
				mu.Unlock()
				if done {
					return nil
				}
			}
		})
		for _, err := range errs {
			w.must(err)
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("job %d was leased %d times", id, n)
			}
		}
		list, err := w.Lease(w.ctx, lane, "late", 7, noon.Add(29*time.Second), noon.Add(time.Hour))
		if err != nil || len(list) != 0 {
			t.Errorf("leased while others hold them: %d, %v", len(list), err)
		}
	})
}

func TestLO7_AJobThatIsNotSettledGoesToAnother(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.waiting(1)
		lease := func(who string, at time.Time) []outbox.Job {
			t.Helper()
			list, err := w.Lease(w.ctx, lane, who, 9, at, at.Add(outbox.LeaseTime))
			w.must(err)
			return list
		}
		first := lease("first", noon)
		if len(first) != 1 || first[0].Attempts != 1 || !first[0].Held || first[0].State != outbox.Pending {
			t.Fatalf("leased %+v", first)
		}
		second := lease("second", noon.Add(outbox.LeaseTime))
		if len(second) != 1 || second[0].Attempts != 2 {
			t.Fatalf("after the lease: %+v", second)
		}
		settle := func(who string, j outbox.Job, state outbox.State, next time.Time) {
			t.Helper()
			w.must(w.Settle(w.ctx, who, []outbox.Result{{Job: j, Outcome: outbox.Outcome{State: state, Answer: "HTTP 200", Next: next.UnixMicro()}}}, noon))
		}
		settle("first", first[0], outbox.Refused, noon) // too late: it is the other's
		if got := w.told(logout.Query{State: outbox.Pending}); len(got) != 1 {
			t.Fatalf("settled by who had lost it: %v", w.told(logout.Query{}))
		}
		settle("second", second[0], outbox.Pending, noon.Add(time.Minute))
		if list := lease("third", noon.Add(59*time.Second)); len(list) != 0 {
			t.Errorf("leased before it was due: %+v", list)
		}
		third := lease("third", noon.Add(time.Minute))
		if len(third) != 1 || third[0].Attempts != 3 || third[0].Answer != "HTTP 200" {
			t.Fatalf("when due: %+v", third)
		}
		// The same holder, an earlier attempt of its own: not this one's outcome.
		stale := third[0]
		stale.Attempts = 2
		settle("third", stale, outbox.Dead, noon)
		settle("third", third[0], outbox.Delivered, noon)
		settle("third", third[0], outbox.Dead, noon)
		if got := w.told(logout.Query{State: outbox.Delivered}); len(got) != 1 {
			t.Errorf("%v", w.told(logout.Query{}))
		}
		if got := w.records(acme); got["logout.delivered"] != 1 || got["logout.dead"] != 0 || got["logout.refused"] != 0 {
			t.Errorf("records: %v (I9)", got)
		}
		if q, err := w.Waiting(w.ctx); err != nil || len(q) != 0 {
			t.Errorf("waiting: %v, %v", q, err)
		}
	})
}

// Given up are jobs of the lane that nobody holds and that have waited as long,
// each with its record.
func TestJobsAreGivenUpTogether(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.hearing("one", "two")
		w.account(acme, "ada")
		end := func(at time.Time, clients ...string) int64 {
			id := w.visited("ada", clients...).Session.ID
			w.end(acme, at, id)
			return id
		}
		held := end(noon.Add(-time.Second), "one")
		now := noon.Add(time.Hour)
		if list, err := w.Lease(w.ctx, lane, "x", 1, now, now.Add(outbox.LeaseTime)); len(list) != 1 || list[0].Session != held {
			t.Fatalf("leased %v, %v", list, err)
		}
		for range 5 {
			end(noon, "one", "two")
		}
		late := end(noon.Add(time.Microsecond), "one")
		for _, want := range []int{3, 2, 0} {
			if n, err := w.GiveUp(w.ctx, lane, noon.UnixMicro(), "HTTP 503", 3, now); n != want || err != nil {
				t.Errorf("%d given up, want %d; %v", n, want, err)
			}
		}
		if got := w.told(logout.Query{ClientID: "one", State: outbox.Pending}); len(got) != 2 {
			t.Errorf("wait: %v, want those of sessions %d and %d", got, held, late)
		}
		list, err := logout.NewService(w.Store).Deliveries(w.ctx, acme, logout.Query{ClientID: "one", State: outbox.Dead}, 0, 9)
		if err != nil || len(list) != 5 || list[0].Answer != "HTTP 503" || list[0].SettledAt != now.UnixMicro() || list[0].URI == "" {
			t.Errorf("given up: %+v, %v", list, err)
		}
		if got := w.told(logout.Query{ClientID: "two", State: outbox.Pending}); len(got) != 5 {
			t.Errorf("of another lane wait %v", got)
		}
		if n := w.records(acme)["logout.dead"]; n != 5 {
			t.Errorf("%d records (I9)", n)
		}
	})
}

func TestDeliveriesAreReplayed(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.waiting(1)
		svc := logout.NewService(w.Store)
		list, err := svc.Deliveries(w.ctx, acme, logout.Query{}, 0, 10)
		w.must(err)
		id := list[0].ID
		w.is(svc.Replay(w.ctx, acme, id, noon), logout.ErrUnderWay)
		w.is(svc.Replay(w.ctx, acme, id+1, noon), logout.ErrNoDelivery)
		w.is(svc.Replay(w.ctx, "other", id, noon), logout.ErrNoDelivery)
		jobs, err := w.Lease(w.ctx, lane, "x", 1, noon, noon.Add(time.Minute))
		w.must(err)
		w.must(w.Settle(w.ctx, "x", []outbox.Result{{Job: jobs[0], Outcome: outbox.Outcome{State: outbox.Dead, Answer: "HTTP 500"}}}, noon))
		later := noon.Add(48 * time.Hour)
		w.must(svc.Replay(w.ctx, acme, id, later))
		w.is(svc.Replay(w.ctx, acme, id, later), logout.ErrUnderWay)
		d, err := svc.Delivery(w.ctx, acme, id)
		w.must(err)
		if d.State != outbox.Pending || d.NextAt != later.UnixMicro() || d.CreatedAt != noon.UnixMicro() || d.Answer != "HTTP 500" || d.SettledAt != 0 {
			t.Errorf("replayed: %+v", d)
		}
		again, err := w.Lease(w.ctx, lane, "x", 1, later, later.Add(time.Minute))
		if err != nil || len(again) != 1 || again[0].Attempts != 1 || again[0].Since != later.UnixMicro() {
			t.Errorf("leased %+v, %v", again, err)
		}
		if n := w.records(acme)[audit.LogoutReplayed]; n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

// Lanes are found one by one, whatever waits in each; those of other kinds too.
func TestWaitingListsLanesInOrder(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		if q, err := w.Waiting(w.ctx); err != nil || len(q) != 0 {
			t.Fatalf("an empty outbox: %v, %v", q, err)
		}
		w.hearing("one", "two", "picky")
		w.account(acme, "ada")
		w.end(acme, noon, w.visited("ada", "two", "one").Session.ID)
		w.end(acme, noon.Add(time.Second), w.visited("ada", "picky", "one").Session.ID)
		q, err := w.Waiting(w.ctx)
		w.must(err)
		want := []outbox.Waiting{{Lane: lane, DueAt: noon.UnixMicro()},
			{Lane: "logout/acme/picky", DueAt: noon.Add(time.Second).UnixMicro()}, {Lane: "logout/acme/two", DueAt: noon.UnixMicro()}}
		if !slices.Equal(q, want) {
			t.Errorf("%v, want %v", q, want)
		}
		b, err := w.Backlog(w.ctx)
		if err != nil || b[logout.Backchannel].Jobs != 4 || b[logout.Backchannel].Oldest != noon.UnixMicro() {
			t.Errorf("backlog %v, %v", b, err)
		}
	})
}

func TestExpiryEndsWhatIsOverAndNothingElse(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		begin := func(idle time.Duration) session.Begin {
			b := w.newSession("ada")
			b.Session.IdleTimeout = idle.Microseconds()
			w.must(w.BeginSession(w.ctx, acme, b, noon))
			return b
		}
		idle, busy, long := begin(time.Hour), begin(time.Hour), begin(0)
		w.exec(`UPDATE sessions SET last_seen = $2 WHERE id = $1`, busy.Session.ID, noon.Add(30*time.Minute).UnixMicro())
		w.must(w.IssueCode(w.ctx, acme, w.newCode("ada", long.Session.ID, true), noon))
		at := noon.Add(time.Hour)
		if n, err := w.ExpireSessions(w.ctx, at.Add(-time.Microsecond), 10); n != 0 || err != nil {
			t.Fatalf("too early: %d, %v", n, err)
		}
		errs := compete(8, func(int) error { _, err := w.ExpireSessions(w.ctx, at, 10); return err }) // eight nodes
		for _, err := range errs {
			w.must(err)
		}
		if n := w.records(acme)[audit.SessionEnded]; n != 1 {
			t.Errorf("%d records of an end, want that of the idle session (I9)", n)
		}
		for name, s := range map[string]session.Begin{"busy": busy, "long": long} {
			if _, err := w.FindSession(w.ctx, acme, s.Session.ID, s.Hash, at); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := w.FindSession(w.ctx, acme, idle.Session.ID, idle.Hash, at)
		w.is(err, session.ErrNotFound)
	})
}
