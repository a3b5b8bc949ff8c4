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
//
// An account with more than endAtOnce sessions has them ended in several
// transitions, so that none takes longer than others may wait.
func (s *Store) EndSessions(ctx context.Context, tenant string, e logout.Ending, now time.Time, ev audit.Event) (all []logout.Ended, err error) {
	if e.Sub != "" {
		rows, err := s.db.Query(ctx, accountSessionIDs, tenant, e.Sub)
		if e.Sessions, err = collect(rows, err, scanID); err != nil {
			return nil, fmt.Errorf("find the account's sessions: %w", err)
		}
		e.Sub, e.Owner = "", e.Sub
	}
	slices.Sort(e.Sessions)
	for chunk := range slices.Chunk(slices.Compact(e.Sessions), endAtOnce) {
		part := e
		part.Sessions = chunk
		list, err := WriteValue(ctx, s.db, func(tx *Tx) ([]logout.Ended, error) {
			return s.endSessions(ctx, tx, tenant, part, now, ev)
		})
		if all = append(all, list...); err != nil {
			return all, err
		}
	}
	return all, nil
}

const endAtOnce = 1000

// accountSessionIDs is answered by the index alone, so that neither database
// looks through the tenant. Those that have ended are among them, for a month.
const accountSessionIDs = `SELECT s.id FROM sessions AS s WHERE s.tenant = $1 AND s.sub = $2 ORDER BY s.id`

func scanID(rows *Rows) (id int64, err error) {
	err = rows.Scan(&id)
	return id, err
}

// endSessions is the one way a session ends, in whatever transition: the row,
// one job for each participant that hears of it, and one record. It returns
// those that were alive, by id.
func (s *Store) endSessions(ctx context.Context, tx *Tx, tenant string, e logout.Ending, now time.Time, ev audit.Event) ([]logout.Ended, error) {
	if e.Sub != "" {
		rows, err := tx.Query(accountSessionIDs, tenant, e.Sub)
		if e.Sessions, err = collect(rows, err, scanID); err != nil {
			return nil, err
		}
		e.Owner = e.Sub
	}
	list, err := endByID(tx, tenant, e, now)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if err := s.tell(tx, tenant, list, e.Reason, now); err != nil {
		return nil, err
	}
	events := make([]audit.Event, len(list))
	for i, x := range list {
		events[i] = ended(ev, x.SID, x.Sub, e.Reason)
	}
	return list, writeAudits(ctx, tx, tenant, now, events)
}

// accountSessions selects an account's live sessions. SQLite, which plans
// without statistics, prefers the tenant's part of the table's own order to an
// index that it must look through; a sub-select that the index answers alone
// leaves it no choice.
const accountSessions = `s.tenant = $1 AND s.id IN (SELECT x.id FROM sessions AS x WHERE x.tenant = $1 AND x.sub = $2)
	AND ` + sessionAlive

// endByID takes the rows in one order, so that two callers seldom wait for each
// other.
func endByID(tx *Tx, tenant string, e logout.Ending, now time.Time) ([]logout.Ended, error) {
	which := sessionAlive
	if e.Reason == sess.Expired {
		which = sessionOver
	}
	var list []logout.Ended
	ids := slices.Compact(slices.Sorted(slices.Values(e.Sessions)))
	for chunk := range slices.Chunk(ids, bulkRows) {
		args := append(make([]any, 0, 6+len(chunk)), tenant, e.Except, micro(now), string(e.Reason), e.Owner)
		for _, id := range chunk {
			args = append(args, id)
		}
		rows, err := tx.Query(`UPDATE sessions AS s SET ended_at = $3, end_reason = $4
			WHERE s.tenant = $1 AND s.id IN (`+placeholders(6, len(chunk))+`) AND s.id <> $2 AND ($5 = '' OR s.sub = $5) AND `+which+`
			RETURNING id, sid, sub`, args...)
		part, err := collect(rows, err, func(rows *Rows) (x logout.Ended, err error) {
			err = rows.Scan(&x.ID, &x.SID, &x.Sub)
			return x, err
		})
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	slices.SortFunc(list, func(a, b logout.Ended) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// sessionOver is a session that has reached its end and was not ended yet.
const sessionOver = `s.ended_at IS NULL AND (s.expires_at <= $3 OR s.idle_timeout > 0 AND s.last_seen + s.idle_timeout <= $3)`

// over is a question for sessions of all tenants that are over, the longest over
// first. The index on idle sessions is of an expression, which stands here to
// the letter.
type over struct{ which, order string }

var (
	overAbsolutely = over{`ended_at IS NULL AND expires_at <= $1`, `expires_at`}
	overIdle       = over{`ended_at IS NULL AND idle_timeout > 0 AND last_seen + idle_timeout <= $1 AND expires_at > $1`, `last_seen + idle_timeout`}
)

// text is the statement that passes over some tenants.
func (o over) text(avoided int) string {
	which := o.which
	if avoided > 0 {
		which += ` AND tenant NOT IN (` + placeholders(3, avoided) + `)`
	}
	return `SELECT tenant, id FROM sessions WHERE ` + which + ` ORDER BY ` + o.order + ` LIMIT $2`
}

// findOver returns the ids of at most limit sessions, by tenant.
func (s *Store) findOver(ctx context.Context, now time.Time, limit int, avoid []any) (map[string][]int64, error) {
	found := map[string][]int64{}
	for _, o := range []over{overAbsolutely, overIdle} {
		rows, err := s.db.Query(ctx, o.text(len(avoid)), append([]any{micro(now), limit}, avoid...)...)
		_, err = collect(rows, err, func(rows *Rows) (none struct{}, err error) {
			var tenant string
			var id int64
			err = rows.Scan(&tenant, &id)
			found[tenant] = append(found[tenant], id)
			limit--
			return none, err
		})
		if err != nil {
			return nil, fmt.Errorf("find sessions that are over: %w", err)
		}
	}
	return found, nil
}

// ExpireSessions implements logout.Store. A session that is used meanwhile, or
// that another node ends, is left alone: its row is judged again in the
// transition. A tenant whose sessions cannot be ended is passed over, so that
// its own do not stand before those of others.
func (s *Store) ExpireSessions(ctx context.Context, now time.Time, limit int) (done int, failed error) {
	var avoid []any
	for passed := -1; passed < len(avoid) && done < limit; {
		passed = len(avoid)
		found, err := s.findOver(ctx, now, limit-done, avoid)
		if err != nil {
			return done, errors.Join(failed, err)
		}
		for tenant, ids := range found {
			if _, err := s.EndSessions(ctx, tenant, logout.Ending{Sessions: ids, Reason: sess.Expired}, now, audit.Event{}); err != nil {
				failed, avoid = errors.Join(failed, fmt.Errorf("tenant %s: %w", tenant, err)), append(avoid, tenant)
				continue
			}
			done += len(ids)
		}
	}
	return done, failed
}
