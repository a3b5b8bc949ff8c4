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
	var failed error // one tenant's trouble is not another's
	for tenant, ids := range over {
		if _, err := s.EndSessions(ctx, tenant, logout.Ending{Sessions: ids, Reason: sess.Expired}, now, audit.Event{}); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return found, failed
}
