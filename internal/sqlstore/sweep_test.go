package sqlstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
)

func TestDS10_SweepsAreBounded(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		for i := range 10 {
			s := w.session(acme, "ada")
			f := w.family(acme, "ada", s.Session.ID, true)
			w.must(w.Rotate(w.ctx, acme, w.rotation(f.r, noon), noon))
			w.must(w.RevokeJTI(w.ctx, acme, fmt.Sprint(i), noon.Add(20*time.Minute).UnixMicro(), event("x")))
			w.must(w.MarkSeen(w.ctx, acme, "jti", fmt.Sprint(i), noon, noon.Add(time.Minute)))
			w.must(w.PutProgress(w.ctx, acme, fmt.Sprint(i), "i", progressOf("ada"), noon, noon.Add(time.Minute)))
			w.must(w.BeginSession(w.ctx, acme, other(w.newSession("ada"), fmt.Sprint(i)), noon))
		}
		live := w.session(acme, "ada")
		w.exec(`UPDATE sessions SET expires_at = $2 WHERE id = $1`, live.Session.ID, noon.Add(1000*time.Hour).UnixMicro())
		kept := w.family(acme, "ada", live.Session.ID, true)
		w.exec(`UPDATE grants SET expires_at = $2 WHERE id = $1`, kept.Grant.ID, noon.Add(1000*time.Hour).UnixMicro())
		w.exec(`UPDATE refresh_tokens SET expires_at = $2 WHERE id = $1`, kept.r.ID, noon.Add(1000*time.Hour).UnixMicro())

		check := func(name string, want int) func(int, error) {
			return func(n int, err error) {
				t.Helper()
				if n != want || err != nil {
					t.Errorf("%s: %d, %v, want %d", name, n, err, want)
				}
			}
		}
		check("nothing is over", 0)(w.SweepGrants(w.ctx, noon.Add(29*time.Second), 100))
		check("windows", 4)(w.SweepGrants(w.ctx, noon.Add(30*time.Second), 4))
		check("the other windows", 6)(w.SweepGrants(w.ctx, noon.Add(30*time.Second), 100))
		check("access and revocations", 6)(w.SweepGrants(w.ctx, noon.Add(20*time.Minute), 3))
		end := noon.Add(time.Hour)
		for n := 1; n > 0; {
			var err error
			if n, err = w.SweepGrants(w.ctx, end, 3); err != nil || n > 4*3 {
				t.Fatalf("swept %d, %v", n, err)
			}
		}
		check("seen", 7)(w.SweepSeen(w.ctx, end, 7))
		check("seen", 3)(w.SweepSeen(w.ctx, end, 7))
		check("progress", 9)(w.SweepProgress(w.ctx, end, 9))
		check("progress", 1)(w.SweepProgress(w.ctx, end, 9))
		check("no session is over", 0)(w.SweepSessions(w.ctx, end, 100))
		w.end(acme, end, live.Session.ID, w.session(acme, "ada").Session.ID, w.session(acme, "ada").Session.ID)
		check("not yet", 0)(w.SweepSessions(w.ctx, end.Add(-1000), 100))
		check("ended", 2)(w.SweepSessions(w.ctx, end, 2))
		check("ended", 1)(w.SweepSessions(w.ctx, end, 2))
		over := noon.Add(24 * time.Hour)
		check("nobody is over", 0)(w.ExpireSessions(w.ctx, over.Add(-1000), 100))
		check("over", 15)(w.ExpireSessions(w.ctx, over, 15))
		check("over", 5)(w.ExpireSessions(w.ctx, over, 15))
		check("ended when found over", 0)(w.SweepSessions(w.ctx, over.Add(-1000), 100))
		check("expired", 15)(w.SweepSessions(w.ctx, over, 15))
		check("expired", 5)(w.SweepSessions(w.ctx, over, 15))
		check("devices", 8)(w.SweepDevices(w.ctx, noon, 8))
		check("devices", 3)(w.SweepDevices(w.ctx, noon, 8))
		for table, want := range map[string]int{
			"sessions": 0, "participants": 0, "grants": 1, "refresh_tokens": 1, "access_tokens": 0,
			"revoked_tokens": 0, "seen": 0, "progress": 0, "devices": 0,
		} {
			if n := w.rows(table); n != want {
				t.Errorf("%s has %d rows, want %d", table, n, want)
			}
		}
		// The grant is bound to a session that has been swept: dead for good.
		w.is(w.Rotate(w.ctx, acme, w.rotation(kept.r, end), end), grant.ErrDead)
		if st, err := w.FindGrant(w.ctx, acme, kept.Grant.ID, end); err != nil || st.Alive(end) {
			t.Errorf("alive %v, %v", st, err)
		}
	})
}

func other(b session.Begin, browser string) session.Begin {
	b.Session.Browser = browser
	return b
}

// A token whose grant was swept first is not found, whatever its own row says.
func TestSweptGrantTakesItsTokensAlong(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		f := w.family(acme, "ada", s.Session.ID, true)
		w.exec(`DELETE FROM grants`)
		_, _, err := w.FindRefresh(w.ctx, acme, f.r.ID, noon)
		w.is(err, grant.ErrNotFound)
		_, _, err = w.FindAccess(w.ctx, acme, f.a.ID, noon)
		w.is(err, grant.ErrNotFound)
		w.is(w.Rotate(w.ctx, acme, w.rotation(f.r, noon), noon), grant.ErrDead)
	})
}
