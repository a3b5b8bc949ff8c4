package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/authz"
)

// FindProgress implements authz.Store.
func (s *Store) FindProgress(ctx context.Context, tenant, browser, interaction string, now time.Time) (authz.Progress, error) {
	var p authz.Progress
	err := s.db.QueryRow(ctx, `SELECT chosen, registered FROM progress
		WHERE tenant = $1 AND browser = $2 AND interaction = $3 AND expires_at > $4`,
		tenant, browser, interaction, micro(now)).Scan(&p.Chosen, &p.Registered)
	if errors.Is(err, ErrNoRows) {
		return authz.Progress{}, nil
	}
	return p, err
}

// PutProgress implements authz.Store. What this put stores is never what makes
// room.
func (s *Store) PutProgress(ctx context.Context, tenant, browser, interaction string, p authz.Progress, now, expires time.Time) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`INSERT INTO progress (tenant, browser, interaction, chosen, registered, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, browser, interaction) DO UPDATE
			SET chosen = excluded.chosen, registered = excluded.registered, expires_at = excluded.expires_at`,
			tenant, browser, interaction, p.Chosen, p.Registered, micro(expires)); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM progress WHERE tenant = $1 AND browser = $2 AND interaction IN
			(SELECT interaction FROM progress WHERE tenant = $1 AND browser = $2 AND interaction <> $3
			ORDER BY expires_at DESC, interaction LIMIT 1000000 OFFSET $4)`,
			tenant, browser, interaction, authz.ProgressCap-1)
		return err
	})
}
