package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
)

// EndSessions implements logout.Store.
//
// A redemption or rotation reads the session's row in its own statement, so one
// that begins after this has been answered finds it ended; one that overtakes
// it yields tokens that are dead at their first use, which reads the row again.
func (s *Store) EndSessions(ctx context.Context, tenant string, e logout.Ending, now time.Time, ev audit.Event) ([]logout.Ended, error) {
	return WriteValue(ctx, s.db, func(tx *Tx) ([]logout.Ended, error) {
		list, err := endSessions(ctx, tx, tenant, e, now, ev)
		if err != nil {
			return nil, err
		}
		for i := range list {
			rows, err := tx.Query(`SELECT client_id FROM participants WHERE tenant = $1 AND session = $2
				ORDER BY joined_at, client_id`, tenant, list[i].ID)
			if list[i].Participants, err = collect(rows, err, scanString); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

func scanString(rows *Rows) (v string, err error) {
	err = rows.Scan(&v)
	return v, err
}

// endSessions is the one way a session ends, in whatever transition: the row,
// and one record for each. It returns those that were alive, by id, without
// their participants.
func endSessions(ctx context.Context, tx *Tx, tenant string, e logout.Ending, now time.Time, ev audit.Event) ([]logout.Ended, error) {
	var list []logout.Ended
	var err error
	if e.Sub != "" {
		list, err = endOfAccount(tx, tenant, e, now)
	} else {
		list, err = endByID(tx, tenant, e, now)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b logout.Ended) int { return cmp.Compare(a.ID, b.ID) })
	for _, x := range list {
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
func endByID(tx *Tx, tenant string, e logout.Ending, now time.Time) ([]logout.Ended, error) {
	var list []logout.Ended
	for _, id := range slices.Compact(slices.Sorted(slices.Values(e.Sessions))) {
		if id == e.Except {
			continue
		}
		x, err := endOne(tx, tenant, id, e, now)
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

func endOne(tx *Tx, tenant string, id int64, e logout.Ending, now time.Time) (x logout.Ended, err error) {
	err = tx.QueryRow(`UPDATE sessions AS s SET ended_at = $3, end_reason = $4
		WHERE s.tenant = $1 AND s.id = $2 AND ($5 = '' OR s.sub = $5) AND `+sessionAlive+`
		RETURNING id, sid, sub`, tenant, id, micro(now), string(e.Reason), e.Owner).Scan(&x.ID, &x.SID, &x.Sub)
	return x, err
}
