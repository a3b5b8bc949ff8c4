package sqlstore

import (
	"context"
	"fmt"
	"strings"
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
// on: the session's index where one is named, else the lane's, else the table's
// own order.
func listDeliveries(tenant string, q logout.Query) (string, []any) {
	var where strings.Builder
	var args []any
	and := func(condition string, arg any) {
		args = append(args, arg)
		fmt.Fprintf(&where, " AND "+condition, 4+len(args))
	}
	where.WriteString(`SELECT ` + jobColumns + ` FROM outbox WHERE tenant = $1 AND id < $2 AND kind = $3`)
	if q.Session != 0 {
		and("session = $%d AND session <> 0", q.Session)
	}
	if q.ClientID != "" {
		and("lane = $%d", string(outbox.LaneOf(logout.Backchannel, tenant, q.ClientID)))
	}
	if q.State != "" {
		and("state = $%d", string(q.State))
	}
	where.WriteString(` ORDER BY id DESC LIMIT $4`)
	return where.String(), args
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
