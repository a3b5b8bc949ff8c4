package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	sess "github.com/foyer-id/foyer/internal/session"
)

// EndSessions implements logout.Store.
//
// A redemption or rotation reads the session's row in its own statement, so one
// that begins after this has been answered finds it ended; one that overtakes
// it yields tokens that are dead at their first use, which reads the row again.
func (s *Store) EndSessions(ctx context.Context, tenant string, e logout.Ending, now time.Time, ev audit.Event) ([]logout.Ended, error) {
	return WriteValue(ctx, s.db, func(tx *Tx) ([]logout.Ended, error) {
		return s.endSessions(ctx, tx, tenant, e, now, ev)
	})
}

// endSessions is the one way a session ends, in whatever transition: the row,
// one job for each participant that hears of it, and one record. It returns
// those that were alive, by id.
func (s *Store) endSessions(ctx context.Context, tx *Tx, tenant string, e logout.Ending, now time.Time, ev audit.Event) ([]logout.Ended, error) {
	var list []logout.Ended
	var err error
	switch {
	case e.Sub != "":
		list, err = endOfAccount(tx, tenant, e, now)
	case e.Reason == sess.Expired:
		list, err = endByID(tx, tenant, e, now, sessionOver)
	default:
		list, err = endByID(tx, tenant, e, now, sessionAlive)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b logout.Ended) int { return cmp.Compare(a.ID, b.ID) })
	for i := range list {
		x := &list[i]
		if err := s.tell(tx, tenant, x, e.Reason, now); err != nil {
			return nil, err
		}
		if err := writeAudit(ctx, tx, tenant, now, ended(ev, x.SID, x.Sub, e.Reason)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// accountSessions selects an account's live sessions. SQLite, which plans
// without statistics, prefers the tenant's part of the table's own order to an
// index that it must look through; a sub-select that the index answers alone
// leaves it no choice.
const accountSessions = `s.tenant = $1 AND s.id IN (SELECT x.id FROM sessions AS x WHERE x.tenant = $1 AND x.sub = $2)
	AND ` + sessionAlive

const endAccountSessions = `UPDATE sessions AS s SET ended_at = $3, end_reason = $4
	WHERE ` + accountSessions + ` AND s.id <> $5 RETURNING id, sid, sub`

func endOfAccount(tx *Tx, tenant string, e logout.Ending, now time.Time) ([]logout.Ended, error) {
	rows, err := tx.Query(endAccountSessions, tenant, e.Sub, micro(now), string(e.Reason), e.Except)
	return collect(rows, err, func(rows *Rows) (x logout.Ended, err error) {
		err = rows.Scan(&x.ID, &x.SID, &x.Sub)
		return x, err
	})
}

// endByID takes the rows in one order, so that two callers never wait for each
// other.
func endByID(tx *Tx, tenant string, e logout.Ending, now time.Time, which string) ([]logout.Ended, error) {
	var list []logout.Ended
	for _, id := range slices.Compact(slices.Sorted(slices.Values(e.Sessions))) {
		if id == e.Except {
			continue
		}
		var x logout.Ended
		err := tx.QueryRow(`UPDATE sessions AS s SET ended_at = $3, end_reason = $4
			WHERE s.tenant = $1 AND s.id = $2 AND ($5 = '' OR s.sub = $5) AND `+which+`
			RETURNING id, sid, sub`, tenant, id, micro(now), string(e.Reason), e.Owner).Scan(&x.ID, &x.SID, &x.Sub)
		if errors.Is(err, ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

// sessionOver is a session that has reached its end and was not ended yet.
const sessionOver = `s.ended_at IS NULL AND (s.expires_at <= $3 OR s.idle_timeout > 0 AND s.last_seen + s.idle_timeout <= $3)`

// Sessions of all tenants that are over, the longest over first. The index on
// idle sessions is of an expression, which stands here to the letter.
const (
	overAbsolutely = `SELECT tenant, id FROM sessions WHERE ended_at IS NULL AND expires_at <= $1
		ORDER BY expires_at LIMIT $2`
	overIdle = `SELECT tenant, id FROM sessions WHERE ended_at IS NULL AND idle_timeout > 0
		AND last_seen + idle_timeout <= $1 ORDER BY last_seen + idle_timeout LIMIT $2`
)

// ExpireSessions implements logout.Store. A session that is used meanwhile, or
// that another node ends, is left alone: its row is judged again in the transition.
func (s *Store) ExpireSessions(ctx context.Context, now time.Time, limit int) (int, error) {
	over := map[string][]int64{}
	found := 0
	for _, query := range []string{overAbsolutely, overIdle} {
		rows, err := s.db.Query(ctx, query, micro(now), limit-found)
		_, err = collect(rows, err, func(rows *Rows) (none struct{}, err error) {
			var tenant string
			var id int64
			err = rows.Scan(&tenant, &id)
			over[tenant] = append(over[tenant], id)
			found++
			return none, err
		})
		if err != nil {
			return 0, fmt.Errorf("find sessions that are over: %w", err)
		}
	}
	for tenant, ids := range over {
		if _, err := s.EndSessions(ctx, tenant, logout.Ending{Sessions: ids, Reason: sess.Expired}, now, audit.Event{}); err != nil {
			return 0, err
		}
	}
	return found, nil
}
