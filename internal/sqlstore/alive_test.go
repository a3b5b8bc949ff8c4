package sqlstore_test

import (
	"fmt"
	"testing"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
)

// states are every way in which a session, its times in microseconds around
// noon, can be.
func states() (list []session.Session) {
	t := noon.UnixMicro()
	for _, ended := range []int64{0, t - 5, t + 5} {
		for _, expires := range []int64{t - 1, t, t + 1} {
			for _, idle := range [][2]int64{{0, t - 100}, {50, t - 51}, {50, t - 50}, {50, t - 49}} {
				list = append(list, session.Session{EndedAt: ended, ExpiresAt: expires, IdleTimeout: idle[0], LastSeen: idle[1]})
			}
		}
	}
	return list
}

// put stores a session in any state.
func (w *world) put(b session.Begin) {
	w.Helper()
	ended := b.Session.EndedAt
	w.must(w.BeginSession(w.ctx, acme, b, noon))
	if ended != 0 {
		w.exec(`UPDATE sessions SET ended_at = $1 WHERE id = $2`, ended, b.Session.ID)
	}
}

func TestSessionAliveAgreesWithSQL(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		for _, s := range states() {
			b := w.newSession("ada")
			b.Session.EndedAt, b.Session.ExpiresAt, b.Session.IdleTimeout, b.Session.LastSeen = s.EndedAt, s.ExpiresAt, s.IdleTimeout, s.LastSeen
			w.put(b)
			want, id := s.Alive(noon), b.Session.ID
			_, err := w.FindSession(w.ctx, acme, id, b.Hash, noon)
			_, errSID := w.FindBySID(w.ctx, acme, b.Session.SID, noon)
			if (err == nil) != want || (errSID == nil) != want {
				t.Errorf("%+v: found %v, %v, alive %v", s, err, errSID, want)
			}
			renewed := *b.Session
			errRenew := w.BeginSession(w.ctx, acme, session.Begin{Session: &renewed, Hash: b.Hash, Renews: true}, noon)
			w.exec(`UPDATE sessions SET last_seen = $1 WHERE id = $2`, s.LastSeen, id)
			errIssue := w.IssueCode(w.ctx, acme, w.newCode("ada", id, true), noon)
			w.exec(`UPDATE sessions SET last_seen = $1 WHERE id = $2`, s.LastSeen, id)
			if (errRenew == nil) != want || (errIssue == nil) != want {
				t.Errorf("%+v: renew %v, issue %v, alive %v", s, errRenew, errIssue, want)
			}
			if n := len(w.end(acme, noon, id)); (n == 1) != want {
				t.Errorf("%+v: ended %d, alive %v", s, n, want)
			}
		}
	})
}

// Every combination of a grant, its account and its session: what
// grant.State.Alive says is what redemption, rotation and revocation do.
func TestGrantAliveAgreesWithSQL(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		now := noon.UnixMicro()
		accounts := map[string]string{
			"fine": "", "same moment": fmt.Sprintf(`valid_from = %d`, now), "changed": fmt.Sprintf(`valid_from = %d`, now+1),
			"disabled": `disabled_at = 5`, "gone": "",
		}
		for sub := range accounts {
			w.account(acme, sub)
		}
		sessions := make(map[string]map[string]int64) // by account and state
		for sub := range accounts {
			sessions[sub] = map[string]int64{"alive": 0, "ended": 0, "expired": 0, "idle": 0, "swept": 0}
			for state := range sessions[sub] {
				sessions[sub][state] = w.session(acme, sub).Session.ID
			}
		}
		type grown struct {
			c grant.CodeIssue
			r *grant.Refresh
			q *grant.Refresh
		}
		var all []grown
		for sub := range accounts {
			for _, id := range sessions[sub] {
				for _, bound := range []bool{true, false} {
					for _, revoked := range []bool{true, false} {
						for _, expires := range []int64{now, now + 1} {
							g := grown{c: w.code(acme, sub, id, bound)}
							g.r, g.q = w.newRefresh(g.c.Grant.ID), w.newRefresh(g.c.Grant.ID)
							w.must(w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: g.c.Grant.ID, Hash: g.c.CodeHash, Refresh: g.r}, noon))
							w.exec(`UPDATE grants SET code_used_at = NULL, expires_at = $2 WHERE id = $1`, g.c.Grant.ID, expires)
							if revoked {
								w.exec(`UPDATE grants SET revoked_at = 7 WHERE id = $1`, g.c.Grant.ID)
							}
							all = append(all, g)
						}
					}
				}
			}
		}
		for sub, change := range accounts {
			if change != "" {
				w.exec(`UPDATE accounts SET `+change+` WHERE sub = $1`, sub)
			}
			w.exec(`UPDATE sessions SET ended_at = $2 WHERE id = $1`, sessions[sub]["ended"], now)
			w.exec(`UPDATE sessions SET expires_at = $2 WHERE id = $1`, sessions[sub]["expired"], now)
			w.exec(`UPDATE sessions SET idle_timeout = 10, last_seen = $2 WHERE id = $1`, sessions[sub]["idle"], now-10)
			w.exec(`DELETE FROM sessions WHERE id = $1`, sessions[sub]["swept"])
		}
		w.exec(`DELETE FROM accounts WHERE sub = 'gone'`)
		alive := 0
		for _, g := range all {
			st, err := w.FindGrant(w.ctx, acme, g.c.Grant.ID, noon)
			w.must(err)
			want := st.Alive(noon)
			if want {
				alive++
			}
			redeemed := w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: g.c.Grant.ID, Hash: g.c.CodeHash, Refresh: g.q}, noon) == nil
			rotated := w.Rotate(w.ctx, acme, w.rotation(g.r, noon), noon) == nil
			killed, err := w.RevokeGrant(w.ctx, acme, g.c.Grant.ID, noon, event(audit.GrantRevoked))
			w.must(err)
			// A code is bound to its session even where what it gives is not.
			if redeemed != (want && st.SessionAlive) || rotated != want || killed != want {
				t.Errorf("%+v, session alive %v, account %v: redeemed %v, rotated %v, killed %v, alive %v",
					st.Grant, st.SessionAlive, st.Account, redeemed, rotated, killed, want)
			}
		}
		if len(all) != 200 || alive != 2*(1+5) {
			t.Errorf("%d combinations, %d alive", len(all), alive)
		}
	})
}
