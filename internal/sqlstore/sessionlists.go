package sqlstore

import (
	"context"
	"time"

	sess "github.com/foyer-id/foyer/internal/session"
)

// ListSessions implements session.Store.
func (s *Store) ListSessions(ctx context.Context, tenant, sub, clientID string, before int64, limit int, now time.Time) ([]*sess.Session, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	text, more := listSessions(sub, clientID)
	rows, err := s.db.Query(ctx, text, append([]any{tenant, before, micro(now), limit}, more...)...)
	return collect(rows, err, func(rows *Rows) (*sess.Session, error) { return scanSession(rows.Scan) })
}

// listSessions returns one text for each question, so that each has its index,
// and the arguments from $5 on.
func listSessions(sub, clientID string) (text string, args []any) {
	const head, order = `SELECT ` + sessionColumns + ` FROM sessions AS s WHERE s.tenant = $1 AND ` + sessionAlive, ` ORDER BY s.id DESC LIMIT $4`
	const ofSub = ` AND s.id IN (SELECT x.id FROM sessions AS x WHERE x.tenant = $1 AND x.sub = $5 AND x.id < $2)`
	const ofClient = ` AND EXISTS (SELECT 1 FROM participants AS p WHERE p.tenant = $1 AND p.session = s.id AND p.client_id = $6)`
	switch {
	case sub != "" && clientID != "":
		return head + ofSub + ofClient + order, []any{sub, clientID}
	case sub != "":
		return head + ofSub + order, []any{sub}
	case clientID != "":
		return `SELECT ` + sessionColumns + ` FROM participants AS p JOIN sessions AS s ON s.tenant = p.tenant AND s.id = p.session
			WHERE p.tenant = $1 AND p.client_id = $5 AND p.session < $2 AND ` + sessionAlive + ` ORDER BY p.session DESC LIMIT $4`, []any{clientID}
	}
	return head + ` AND s.id < $2` + order, nil
}

// Participants implements session.Store.
func (s *Store) Participants(ctx context.Context, tenant string, id int64) ([]sess.Participant, error) {
	rows, err := s.db.Query(ctx, `SELECT client_id, joined_at FROM participants
		WHERE tenant = $1 AND session = $2 ORDER BY joined_at, client_id`, tenant, id)
	return collect(rows, err, func(rows *Rows) (p sess.Participant, err error) {
		err = rows.Scan(&p.ClientID, &p.JoinedAt)
		return p, err
	})
}

const countSessions = `SELECT count(*) FROM sessions AS s WHERE ` + accountSessions

// CountSessions implements session.Store.
func (s *Store) CountSessions(ctx context.Context, tenant, sub string, now time.Time) (n int, err error) {
	err = s.db.QueryRow(ctx, countSessions, tenant, sub, micro(now)).Scan(&n)
	return n, err
}
