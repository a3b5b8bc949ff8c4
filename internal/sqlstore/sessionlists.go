package sqlstore

import (
	"context"
	"fmt"
	"time"

	sess "github.com/foyer-id/foyer/internal/session"
)

// ListSessions implements session.Store.
func (s *Store) ListSessions(ctx context.Context, tenant, sub, clientID string, before int64, limit int, now time.Time) ([]*sess.Session, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	// One text for each question, so that each has its index.
	text := ` FROM sessions AS s WHERE s.tenant = $1 AND s.id < $2 AND ` + sessionAlive
	args := []any{tenant, before, micro(now), limit}
	if sub != "" {
		args = append(args, sub)
		text += fmt.Sprintf(` AND s.sub = $%d`, len(args))
	}
	order := ` ORDER BY s.id DESC LIMIT $4`
	if clientID != "" {
		args = append(args, clientID)
		text = ` FROM participants AS p JOIN sessions AS s ON s.tenant = p.tenant AND s.id = p.session` +
			text[len(` FROM sessions AS s`):] + fmt.Sprintf(` AND p.tenant = $1 AND p.client_id = $%d`, len(args))
		order = ` ORDER BY p.session DESC LIMIT $4`
	}
	rows, err := s.db.Query(ctx, `SELECT `+sessionColumns+text+order, args...)
	return collect(rows, err, func(rows *Rows) (*sess.Session, error) { return scanSession(rows.Scan) })
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

// CountSessions implements session.Store.
func (s *Store) CountSessions(ctx context.Context, tenant, sub string, now time.Time) (n int, err error) {
	err = s.db.QueryRow(ctx, `SELECT count(*) FROM sessions AS s
		WHERE s.tenant = $1 AND s.sub = $2 AND `+sessionAlive, tenant, sub, micro(now)).Scan(&n)
	return n, err
}
