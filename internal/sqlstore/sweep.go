package sqlstore

import (
	"context"
	"fmt"
	"time"
)

// Sweeps remove at most limit rows a statement, found by an index on what they
// wait for: no table is read whole or locked. The condition stands twice,
// because on PostgreSQL a row may be prolonged between the sub-select and the
// change. Nothing revives by what they remove: what is bound to a row that is
// gone is dead.

// sweep runs a statement over $1, the cut, and $2, the limit.
func (s *Store) sweep(ctx context.Context, query string, cut int64, limit int) (int, error) {
	n, err := s.db.WriteOne(ctx, query, cut, limit)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	return int(n), nil
}

// sweepEach runs statements over the same cut and adds up what they removed.
func (s *Store) sweepEach(ctx context.Context, cut int64, limit int, queries ...string) (int, error) {
	total := 0
	for _, q := range queries {
		n, err := s.sweep(ctx, q, cut, limit)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// expired is the statement that removes rows of table, whose key is (tenant,
// id), by a column of time.
func expired(table, id, column string) string {
	return `DELETE FROM ` + table + ` WHERE (tenant, ` + id + `) IN (SELECT tenant, ` + id + ` FROM ` + table + `
		WHERE ` + column + ` <= $1 ORDER BY ` + column + ` LIMIT $2) AND ` + column + ` <= $1`
}

var (
	endedSessions = `DELETE FROM sessions WHERE (tenant, id) IN (SELECT tenant, id FROM sessions
		WHERE ended_at IS NOT NULL AND ended_at <= $1 ORDER BY ended_at LIMIT $2)`
	expiredGrants   = expired("grants", "id", "expires_at")
	expiredRefresh  = expired("refresh_tokens", "id", "expires_at")
	expiredAccess   = expired("access_tokens", "id", "expires_at")
	expiredJTIs     = expired("revoked_tokens", "jti", "expires_at")
	closedSuccessor = `UPDATE refresh_tokens SET successor = '' WHERE (tenant, id) IN (SELECT tenant, id FROM refresh_tokens
		WHERE successor <> '' AND grace_until <= $1 ORDER BY grace_until LIMIT $2) AND grace_until <= $1`
	expiredSeen     = expired("seen", "kind, id", "expires_at")
	expiredProgress = expired("progress", "browser, interaction", "expires_at")
	expiredDevices  = expired("devices", "sub, browser", "last_seen")
)

// SweepSessions implements session.Store. Those that reach their end by
// themselves are ended first, like all others (ExpireSessions). Participants go
// with their session.
func (s *Store) SweepSessions(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep(ctx, endedSessions, micro(before), limit)
}

// SweepGrants implements grant.Store.
func (s *Store) SweepGrants(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.sweepEach(ctx, micro(now), limit, closedSuccessor, expiredAccess, expiredRefresh, expiredJTIs, expiredGrants)
}

// SweepSeen implements client.Store.
func (s *Store) SweepSeen(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.sweep(ctx, expiredSeen, micro(now), limit)
}

// SweepProgress implements authz.Store.
func (s *Store) SweepProgress(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.sweep(ctx, expiredProgress, micro(now), limit)
}

// SweepDevices removes browsers in which nobody has signed in since before (a
// year ago), at most limit; it returns how many.
func (s *Store) SweepDevices(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep(ctx, expiredDevices, micro(before), limit)
}
