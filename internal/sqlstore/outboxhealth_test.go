package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

func TestLanesThatFailOrWait(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		add := func(lane outbox.Lane, id int64, state outbox.State, attempts int, at time.Time, answer string) {
			w.must(w.db.Write(w.ctx, func(tx *sqlstore.Tx) error {
				settled := at.UnixMicro()
				if state == outbox.Pending {
					settled = 0
				}
				_, err := tx.Exec(`INSERT INTO outbox (tenant, id, kind, lane, session, sid, sub, payload, created_at, since, attempts, due_at, holder, state, answer, settled_at)
					VALUES ($1, $2, 'logout', $3, 0, '', '', '{}', $4, $4, $5, $4, '', $6, $7, $8)`,
					acme, id, string(lane), at.UnixMicro(), attempts, string(state), answer, settled)
				return err
			}))
		}
		good, bad, new := outbox.LaneOf("logout", acme, "good"), outbox.LaneOf("logout", acme, "bad"), outbox.LaneOf("logout", acme, "new")
		add(good, 1, outbox.Delivered, 1, noon, "HTTP 200")
		add(good, 2, outbox.Dead, 9, noon.Add(-48*time.Hour), "HTTP 500")
		add(bad, 3, outbox.Refused, 1, noon, "HTTP 400")
		add(bad, 4, outbox.Dead, 9, noon, "no answer in time")
		add(bad, 5, outbox.Pending, 3, noon.Add(-time.Hour), "HTTP 500")
		add(new, 6, outbox.Pending, 0, noon, "")
		add(new, 7, outbox.Pending, 0, noon.Add(time.Second), "")
		got, err := w.LanesHealth(w.ctx, noon.Add(-24*time.Hour))
		w.must(err)
		want := []sqlstore.LaneHealth{
			{Lane: bad, Refused: 1, Dead: 1, Waiting: 1, Since: noon.Add(-time.Hour).UnixMicro(), Answer: "no answer in time"},
			{Lane: new, Waiting: 2, Since: noon.UnixMicro(), Untried: true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
