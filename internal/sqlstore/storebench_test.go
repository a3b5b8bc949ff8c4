package sqlstore_test

import (
	"sync"
	"testing"

	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// BenchmarkStore is what the hot transitions and reads cost, with 8 callers,
// every commit flushed on SQLite.
func BenchmarkStore(b *testing.B) {
	const sessions, families = 1000, 200
	prepare := func(b *testing.B) (*world, []session.Begin, []family) {
		w := newWorld(b, storetest.Open(b, storetest.MigratedSQLite(b), sqlstore.Options{}))
		w.account(acme, "ada")
		begun, grown := make([]session.Begin, sessions), make([]family, families)
		w.inParallel(sessions, func(i int) { begun[i] = w.session(acme, "ada") })
		w.inParallel(families, func(i int) { grown[i] = w.family(acme, "ada", begun[i].Session.ID, true) })
		return w, begun, grown
	}
	b.Run("FindSession", func(b *testing.B) {
		w, begun, _ := prepare(b)
		parallel(b, 8, func(n int64) {
			s := begun[n%sessions]
			if _, err := w.FindSession(w.ctx, acme, s.Session.ID, s.Hash, noon); err != nil {
				b.Error(err)
			}
		})
	})
	b.Run("IssueCode", func(b *testing.B) {
		w, begun, _ := prepare(b)
		parallel(b, 8, func(n int64) {
			if err := w.IssueCode(w.ctx, acme, w.newCode("ada", begun[n%sessions].Session.ID, true), noon); err != nil {
				b.Error(err)
			}
		})
	})
	b.Run("RedeemCode", func(b *testing.B) {
		w, begun, _ := prepare(b)
		codes := make([]grant.CodeIssue, b.N+1)
		w.inParallel(b.N+1, func(i int) { codes[i] = w.code(acme, "ada", begun[i%sessions].Session.ID, true) })
		parallel(b, 8, func(n int64) {
			c := codes[n]
			if err := w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash, Refresh: w.newRefresh(c.Grant.ID)}, noon); err != nil {
				b.Error(err)
			}
		})
	})
	b.Run("Rotate", func(b *testing.B) {
		w, _, grown := prepare(b)
		locks := make([]sync.Mutex, families)
		parallel(b, 8, func(n int64) {
			i := n % families
			locks[i].Lock()
			defer locks[i].Unlock()
			r := w.rotation(grown[i].r, noon)
			if err := w.Rotate(w.ctx, acme, r, noon); err != nil {
				b.Error(err)
			}
			grown[i].r = r.New
		})
	})
	b.Run("FindAccess", func(b *testing.B) {
		w, _, grown := prepare(b)
		parallel(b, 8, func(n int64) {
			if _, _, err := w.FindAccess(w.ctx, acme, grown[n%families].a.ID, noon); err != nil {
				b.Error(err)
			}
		})
	})
	b.Run("FindRefresh", func(b *testing.B) {
		w, _, grown := prepare(b)
		parallel(b, 8, func(n int64) {
			if _, _, err := w.FindRefresh(w.ctx, acme, grown[n%families].r.ID, noon); err != nil {
				b.Error(err)
			}
		})
	})
}

// inParallel fills a database faster: many callers share a commit.
func (w *world) inParallel(n int, fill func(i int)) {
	compete(64, func(k int) error {
		for i := k; i < n; i += 64 {
			fill(i)
		}
		return nil
	})
}
