package sqlstore

import (
	"context"

	sess "github.com/foyer-id/foyer/internal/session"
)

// FindRecord implements session.History.
func (s *Store) FindRecord(ctx context.Context, tenant, sid string) (*sess.Session, error) {
	return scanSession(s.db.QueryRow(ctx, `SELECT `+sessionColumns+` FROM sessions AS s
		WHERE s.tenant = $1 AND s.sid = $2`, tenant, sid).Scan)
}

// ListRecords implements session.History.
func (s *Store) ListRecords(ctx context.Context, tenant, sub, clientID string, before int64, limit int) ([]*sess.Session, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	text, more := listRecords(sub, clientID)
	rows, err := s.db.Query(ctx, text, append([]any{tenant, before, limit}, more...)...)
	return collect(rows, err, func(rows *Rows) (*sess.Session, error) { return scanSession(rows.Scan) })
}

// listRecords returns one text for each question, as listSessions does, and the
// arguments from $4 on.
func listRecords(sub, clientID string) (text string, args []any) {
	const head, order = `SELECT ` + sessionColumns + ` FROM sessions AS s WHERE s.tenant = $1`, ` ORDER BY s.id DESC LIMIT $3`
	const ofSub = ` AND s.id IN (SELECT x.id FROM sessions AS x WHERE x.tenant = $1 AND x.sub = $4 AND x.id < $2)`
	switch {
	case sub != "" && clientID != "":
		return head + ofSub + ` AND EXISTS (SELECT 1 FROM participants AS p WHERE p.tenant = $1 AND p.session = s.id AND p.client_id = $5)` + order,
			[]any{sub, clientID}
	case sub != "":
		return head + ofSub + order, []any{sub}
	case clientID != "":
		return `SELECT ` + sessionColumns + ` FROM participants AS p JOIN sessions AS s ON s.tenant = p.tenant AND s.id = p.session
			WHERE p.tenant = $1 AND p.client_id = $4 AND p.session < $2 ORDER BY p.session DESC LIMIT $3`, []any{clientID}
	}
	return head + ` AND s.id < $2` + order, nil
}
