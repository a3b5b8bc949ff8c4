package sqlstore_test

import (
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/session"
)

// A tenant whose sessions cannot be ended, for whatever reason, does not keep
// those of others from their end, however many of its own were over before.
func TestAFailingTenantKeepsNoOtherFromExpiry(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		for tenant, n := range map[string]int{"broken": 20, acme: 9} {
			w.account(tenant, "ada")
			for i := range n {
				b := w.newSession("ada")
				if tenant == acme {
					b.Session.ExpiresAt += 1000 // later than all the others
				}
				if i%2 == 1 {
					b.Session.IdleTimeout = 24 * time.Hour.Microseconds()
				}
				w.must(w.BeginSession(w.ctx, tenant, b, noon))
			}
		}
		breaks := map[string]string{
			"sqlite":   `CREATE TRIGGER broken BEFORE UPDATE ON sessions WHEN NEW.tenant = 'broken' BEGIN SELECT RAISE(ABORT, 'injected'); END`,
			"postgres": `ALTER TABLE sessions ADD CONSTRAINT broken CHECK (tenant <> 'broken' OR ended_at IS NULL)`,
		}
		w.exec(breaks[w.db.Dialect()])
		over := noon.Add(25 * time.Hour)
		for _, want := range []int{5, 4, 0} {
			if n, err := w.ExpireSessions(w.ctx, over, 5); n != want || err == nil {
				t.Errorf("%d have expired, want %d; err %v", n, want, err)
			}
		}
		if list, err := w.ListRecords(w.ctx, acme, "", "", 0, 99); err != nil || len(list) != 9 || list[0].EndReason != session.Expired || list[8].EndReason != session.Expired {
			t.Errorf("%d sessions, %v", len(list), err)
		}
	})
}
