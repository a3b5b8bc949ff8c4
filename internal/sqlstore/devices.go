package sqlstore

import (
	"context"
	"strconv"
	"strings"

	sess "github.com/foyer-id/foyer/internal/session"
)

// Joined returns what clients took part in each of some sessions, in one
// statement for a whole page of them: the first most of each, and how many
// there are. A session without any is not in the answer.
func (s *Store) Joined(ctx context.Context, tenant string, sessions []int64, most int) (map[int64]sess.Joined, error) {
	all := make(map[int64]sess.Joined, len(sessions))
	if len(sessions) == 0 {
		return all, nil
	}
	args := []any{tenant, most}
	var list strings.Builder
	for _, id := range sessions {
		args = append(args, id)
		list.WriteString(", $" + strconv.Itoa(len(args)))
	}
	type row struct {
		session  int64
		clientID string
		n        int
	}
	rows, err := s.db.Query(ctx, `SELECT x.session, x.client_id, x.n FROM (
			SELECT p.session, p.client_id, count(*) OVER (PARTITION BY p.session) AS n,
				row_number() OVER (PARTITION BY p.session ORDER BY p.joined_at, p.client_id) AS k
			FROM participants AS p WHERE p.tenant = $1 AND p.session IN (`+list.String()[2:]+`)) AS x
		WHERE x.k <= $2 ORDER BY x.session, x.k`, args...)
	found, err := collect(rows, err, func(rows *Rows) (r row, err error) {
		err = rows.Scan(&r.session, &r.clientID, &r.n)
		return r, err
	})
	for _, r := range found {
		all[r.session] = sess.Joined{Clients: append(all[r.session].Clients, r.clientID), All: r.n}
	}
	return all, err
}
