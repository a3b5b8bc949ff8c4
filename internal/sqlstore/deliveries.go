package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
)

// Deliveries implements logout.Store.
func (s *Store) Deliveries(ctx context.Context, tenant string, q logout.Query, before int64, limit int) ([]outbox.Job, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	text, args := listDeliveries(tenant, q)
	rows, err := s.db.Query(ctx, text, append([]any{tenant, before, string(logout.Backchannel), limit}, args...)...)
	return collect(rows, err, scanJob)
}

// listDeliveries returns the statement of a question and its arguments from $5
// on. A sub-select that an index answers alone makes SQLite use it
// (accountSessions); a partial index is found only by a state that stands in
// the text.
func listDeliveries(tenant string, q logout.Query) (text string, args []any) {
	const head = `SELECT ` + jobColumns + ` FROM outbox WHERE tenant = $1 AND id < $2 AND kind = $3`
	const newest = ` ORDER BY id DESC LIMIT $4`
	lane := outbox.LaneOf(logout.Backchannel, tenant, q.ClientID)
	of := func(arg any) string {
		args = append(args, arg)
		return fmt.Sprintf("$%d", 4+len(args))
	}
	var which string
	switch {
	case q.Session != 0:
		which = ` AND id IN (SELECT x.id FROM outbox AS x WHERE x.tenant = $1 AND x.session <> 0 AND x.session = ` + of(q.Session) + `)`
		if q.ClientID != "" {
			which += ` AND lane = ` + of(string(lane))
		}
	case q.ClientID != "":
		which = ` AND id IN (SELECT x.id FROM outbox AS x WHERE x.lane = ` + of(string(lane)) + ` AND x.id < $2`
		if q.State == "" {
			which += ` ORDER BY x.id DESC LIMIT $4`
		}
		which += `)`
	case q.State == outbox.Refused || q.State == outbox.Dead:
		return head + ` AND id IN (SELECT x.id FROM outbox AS x WHERE x.tenant = $1 AND x.kind = $3 AND x.id < $2
			AND x.state = '` + string(q.State) + `' ORDER BY x.id DESC LIMIT $4)` + newest, nil
	case q.State == outbox.Pending:
		which = ` AND id IN (SELECT x.id FROM outbox AS x WHERE x.state = 'pending' AND x.lane >= ` + of(string(lane)) + ` AND x.lane < ` + of(string(lane)+"\U0010ffff") + `)`
	}
	if q.State != "" {
		which += ` AND state = ` + of(string(q.State))
	}
	return head + which + newest, args
}

// FindDelivery implements logout.Store.
func (s *Store) FindDelivery(ctx context.Context, tenant string, id int64) (outbox.Job, error) {
	rows, err := s.db.Query(ctx, `SELECT `+jobColumns+` FROM outbox WHERE tenant = $1 AND id = $2 AND kind = $3`,
		tenant, id, string(logout.Backchannel))
	list, err := collect(rows, err, scanJob)
	if err == nil && len(list) == 0 {
		err = logout.ErrNoDelivery
	}
	if err != nil {
		return outbox.Job{}, err
	}
	return list[0], nil
}

// ReplayDelivery implements logout.Store.
func (s *Store) ReplayDelivery(ctx context.Context, tenant string, id int64, now time.Time, ev audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE outbox SET state = 'pending', attempts = 0, since = $3, due_at = $3, settled_at = 0
			WHERE tenant = $1 AND id = $2 AND kind = $4 AND state <> 'pending'`, tenant, id, micro(now), string(logout.Backchannel))
		if err != nil {
			return err
		}
		if n == 0 {
			var found bool
			err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM outbox WHERE tenant = $1 AND id = $2 AND kind = $3)`,
				tenant, id, string(logout.Backchannel)).Scan(&found)
			switch {
			case err != nil:
				return err
			case found:
				return logout.ErrUnderWay
			}
			return logout.ErrNoDelivery
		}
		tx.queued = true
		return writeAudit(ctx, tx, tenant, now, ev)
	})
}

// Record implements logout.Store.
func (s *Store) Record(ctx context.Context, tenant string, now time.Time, ev audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error { return writeAudit(ctx, tx, tenant, now, ev) })
}
