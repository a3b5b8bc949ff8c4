package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/throttle"
)

func TestSC2_SessionNeedsItsSecret(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		b := w.session(acme, "ada")
		got, err := w.FindSession(w.ctx, acme, b.Session.ID, b.Hash, noon)
		w.must(err)
		if diff := cmp.Diff(b.Session, got); diff != "" {
			t.Error(diff)
		}
		if got, err = w.FindBySID(w.ctx, acme, b.Session.SID, noon); err != nil || got.ID != b.Session.ID {
			t.Errorf("by sid: %v, %v", got, err)
		}
		for _, hash := range []string{"", b.Session.SID, b.Hash + "0"} {
			_, err := w.FindSession(w.ctx, acme, b.Session.ID, hash, noon)
			w.is(err, session.ErrNotFound)
		}
		_, err = w.FindSession(w.ctx, acme, b.Session.ID+1, b.Hash, noon)
		w.is(err, session.ErrNotFound)
		_, err = w.FindBySID(w.ctx, acme, "sid", noon)
		w.is(err, session.ErrNotFound)
	})
}

func TestSC3_RenewedSessionKeepsItsSIDUnderANewSecret(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "bob")
		b := w.session(acme, "ada")
		f := w.family(acme, "ada", b.Session.ID, true)
		later := noon.Add(time.Minute)
		renewed := *b.Session
		renewed.AuthTime, renewed.Level, renewed.AMR, renewed.LastSeen = later.UnixMicro(), 1, []string{"pwd"}, later.UnixMicro()
		renewed.ExpiresAt = later.Add(24 * time.Hour).UnixMicro()
		again := session.Begin{Session: &renewed, Hash: "new", Renews: true}
		w.must(w.BeginSession(w.ctx, acme, again, later))
		_, err := w.FindSession(w.ctx, acme, b.Session.ID, b.Hash, later)
		w.is(err, session.ErrNotFound)
		got, err := w.FindSession(w.ctx, acme, b.Session.ID, "new", later)
		w.must(err)
		if diff := cmp.Diff(&renewed, got); diff != "" {
			t.Error(diff)
		}
		w.must(w.Rotate(w.ctx, acme, w.rotation(f.r, later), later))
		if p, err := w.Participants(w.ctx, acme, b.Session.ID); err != nil || len(p) != 1 || p[0] != (session.Participant{ClientID: "shop", JoinedAt: noon.UnixMicro()}) {
			t.Errorf("participants %v, %v", p, err)
		}
		other := renewed
		other.Sub = "bob"
		w.is(w.BeginSession(w.ctx, acme, session.Begin{Session: &other, Hash: "x", Renews: true}, later), session.ErrNotFound)
		w.end(acme, later, b.Session.ID)
		w.is(w.BeginSession(w.ctx, acme, again, later), session.ErrNotFound)
	})
}

func TestBeginSessionReplacesThePrevious(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "bob")
		old := w.session(acme, "ada")
		b := w.newSession("bob")
		b.Previous = old.Session.ID
		w.must(w.BeginSession(w.ctx, acme, b, noon))
		_, err := w.FindSession(w.ctx, acme, old.Session.ID, old.Hash, noon)
		w.is(err, session.ErrNotFound)
		list, err := w.ListAudit(w.ctx, acme, 0, 100)
		w.must(err)
		var ends []map[string]string
		for _, r := range list {
			if r.Kind == audit.SessionEnded && r.SID == old.Session.SID && r.Sub == "ada" {
				ends = append(ends, r.Data)
			}
		}
		if len(ends) != 1 || ends[0]["reason"] != "replaced" {
			t.Errorf("records of the end: %v", ends)
		}
	})
}

func TestSelectorsAndSIDsCollideVisibly(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		first := w.session(acme, "ada")
		for _, same := range []func(*session.Session){
			func(s *session.Session) { s.ID = first.Session.ID },
			func(s *session.Session) { s.SID = first.Session.SID },
		} {
			b := w.newSession("ada")
			b.Previous = first.Session.ID
			same(b.Session)
			w.is(w.BeginSession(w.ctx, acme, b, noon), session.ErrCollision)
		}
		if _, err := w.FindSession(w.ctx, acme, first.Session.ID, first.Hash, noon); err != nil {
			t.Errorf("a collision changed something: %v", err)
		}
		b := w.newSession("ada")
		w.oneWinner(compete(32, func(i int) error {
			mine, s := b, *b.Session
			s.SID = fmt.Sprint("unique", i)
			mine.Session = &s
			return w.BeginSession(w.ctx, acme, mine, noon)
		}), session.ErrCollision)
		c := w.code(acme, "ada", first.Session.ID, true)
		w.is(w.IssueCode(w.ctx, acme, c, noon), grant.ErrCollision)
	})
}

func TestSignInMarksTheDeviceAndForgivesTheAttempt(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		limiter := throttle.New(w.db)
		budget := throttle.Budget{Name: "account", Limit: 1, Window: time.Hour}
		ticket, err := limiter.Take(w.ctx, acme, noon, budget.Of("ada"))
		w.must(err)
		if known, err := w.KnownDevice(w.ctx, acme, "ada", "browser"); known || err != nil {
			t.Errorf("known before: %v, %v", known, err)
		}
		b := w.newSession("ada")
		b.Forgive = ticket.Keys
		w.must(w.BeginSession(w.ctx, acme, b, noon))
		if known, err := w.KnownDevice(w.ctx, acme, "ada", "browser"); !known || err != nil {
			t.Errorf("known after: %v, %v", known, err)
		}
		if _, err := limiter.Take(w.ctx, acme, noon, budget.Of("ada")); err != nil {
			t.Errorf("the right attempt was counted: %v", err)
		}
	})
}

func TestSessionsAreListed(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "bob")
		a1, b1, a2 := w.session(acme, "ada"), w.session(acme, "bob"), w.session(acme, "ada")
		gone := w.session(acme, "ada")
		w.code(acme, "ada", gone.Session.ID, true)
		w.end(acme, noon, gone.Session.ID)
		w.code(acme, "ada", a1.Session.ID, true)
		w.code(acme, "bob", b1.Session.ID, true)
		ids := func(list []*session.Session, err error) (ids []int64) {
			w.must(err)
			for _, s := range list {
				ids = append(ids, s.ID)
			}
			return ids
		}
		for name, c := range map[string]struct{ got, want []int64 }{
			"all":       {ids(w.ListSessions(w.ctx, acme, "", "", 0, 9, noon)), []int64{a2.Session.ID, b1.Session.ID, a1.Session.ID}},
			"page":      {ids(w.ListSessions(w.ctx, acme, "", "", a2.Session.ID, 1, noon)), []int64{b1.Session.ID}},
			"of one":    {ids(w.ListSessions(w.ctx, acme, "ada", "", 0, 9, noon)), []int64{a2.Session.ID, a1.Session.ID}},
			"of client": {ids(w.ListSessions(w.ctx, acme, "", "shop", 0, 9, noon)), []int64{b1.Session.ID, a1.Session.ID}},
			"of both":   {ids(w.ListSessions(w.ctx, acme, "ada", "shop", 0, 9, noon)), []int64{a1.Session.ID}},
			"too late":  {ids(w.ListSessions(w.ctx, acme, "", "", 0, 9, noon.Add(24*time.Hour))), nil},
		} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if n, err := w.CountSessions(w.ctx, acme, "ada", noon); n != 2 || err != nil {
			t.Errorf("count %d, %v", n, err)
		}
	})
}

func TestEndedSessionsAreListedUntilTheyAreSwept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "bob")
		a, b := w.session(acme, "ada"), w.session(acme, "bob")
		gone := w.session(acme, "ada")
		w.code(acme, "ada", gone.Session.ID, true)
		w.code(acme, "bob", b.Session.ID, true)
		later := noon.Add(time.Minute)
		w.end(acme, later, gone.Session.ID)
		got, err := w.FindRecord(w.ctx, acme, gone.Session.SID)
		w.must(err)
		if at, why := got.Ended(later); at != later.UnixMicro() || why == "" {
			t.Errorf("ended %d, %q", at, why)
		}
		got, err = w.FindRecord(w.ctx, acme, a.Session.SID)
		w.must(err)
		if at, why := got.Ended(later); at != 0 || why != "" {
			t.Errorf("a live one: ended %d, %q", at, why)
		}
		if at, why := got.Ended(noon.Add(24 * 365 * time.Hour)); at != got.ExpiresAt || why != session.Expired {
			t.Errorf("one that is over: ended %d, %q", at, why)
		}
		_, err = w.FindRecord(w.ctx, acme, "sid")
		w.is(err, session.ErrNotFound)
		ids := func(list []*session.Session, err error) (ids []int64) {
			w.must(err)
			for _, s := range list {
				ids = append(ids, s.ID)
			}
			return ids
		}
		for name, c := range map[string]struct{ got, want []int64 }{
			"all":       {ids(w.ListRecords(w.ctx, acme, "", "", 0, 9)), []int64{gone.Session.ID, b.Session.ID, a.Session.ID}},
			"page":      {ids(w.ListRecords(w.ctx, acme, "", "", gone.Session.ID, 1)), []int64{b.Session.ID}},
			"of one":    {ids(w.ListRecords(w.ctx, acme, "ada", "", 0, 9)), []int64{gone.Session.ID, a.Session.ID}},
			"of client": {ids(w.ListRecords(w.ctx, acme, "", "shop", 0, 9)), []int64{gone.Session.ID, b.Session.ID}},
			"of both":   {ids(w.ListRecords(w.ctx, acme, "ada", "shop", 0, 9)), []int64{gone.Session.ID}},
		} {
			if diff := cmp.Diff(c.want, c.got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if _, err := w.SweepSessions(w.ctx, later.Add(time.Hour), 9); err != nil {
			t.Error(err)
		}
		_, err = w.FindRecord(w.ctx, acme, gone.Session.SID)
		w.is(err, session.ErrNotFound)
	})
}

func TestEndSessionsEndsEachOnce(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		var ids []int64
		for range 8 {
			ids = append(ids, w.session(acme, "ada").Session.ID)
		}
		w.code(acme, "ada", ids[0], true)
		lists := make([][]logout.Ended, 32)
		for _, err := range compete(32, func(i int) (err error) {
			e := logout.Ending{Sessions: []int64{ids[i%8], ids[7-i%8], ids[0], ids[0]}, Except: ids[7], Reason: session.ByProfile}
			if i%4 == 3 {
				e = logout.Ending{Sub: "ada", Except: ids[7], Reason: session.ByAdmin}
			}
			lists[i], err = w.EndSessions(w.ctx, acme, e, noon, audit.Event{})
			return err
		}) {
			w.must(err)
		}
		seen := make(map[int64]logout.Ended)
		for _, list := range lists {
			for _, x := range list {
				if _, twice := seen[x.ID]; twice {
					t.Errorf("session %d ended twice", x.ID)
				}
				seen[x.ID] = x
			}
		}
		if len(seen) != 7 || seen[ids[7]].ID != 0 || w.records(acme)[audit.SessionEnded] != 7 {
			t.Errorf("ended %v, records %v", seen, w.records(acme))
		}
		want := logout.Ended{ID: ids[0], SID: fmt.Sprintf("sid-%d", ids[0]), Sub: "ada", Participants: []string{"shop"}}
		if diff := cmp.Diff(want, seen[ids[0]]); diff != "" {
			t.Error(diff)
		}
	})
}
