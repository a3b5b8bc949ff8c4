package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
)

// FindConsent implements grant.Store.
func (s *Store) FindConsent(ctx context.Context, tenant, sub, clientID string) ([]string, error) {
	var scope string
	err := s.db.QueryRow(ctx, `SELECT scope FROM consents WHERE tenant = $1 AND sub = $2 AND client_id = $3`,
		tenant, sub, clientID).Scan(&scope)
	if errors.Is(err, ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find consent: %w", err)
	}
	return append([]string{}, split(scope)...), nil
}

// GiveConsent implements grant.Store. The first statement makes or locks the
// row, so that two that add different scopes both count.
func (s *Store) GiveConsent(ctx context.Context, tenant, sub, clientID string, scope []string, now time.Time, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		var before string
		if err := tx.QueryRow(`INSERT INTO consents (tenant, sub, client_id, scope, given_at) VALUES ($1, $2, $3, '', $4)
			ON CONFLICT (tenant, sub, client_id) DO UPDATE SET given_at = excluded.given_at RETURNING scope`,
			tenant, sub, clientID, micro(now)).Scan(&before); err != nil {
			return err
		}
		all := append(split(before), scope...)
		slices.Sort(all)
		if _, err := tx.Exec(`UPDATE consents SET scope = $4 WHERE tenant = $1 AND sub = $2 AND client_id = $3`,
			tenant, sub, clientID, join(slices.Compact(all))); err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, now, e)
	})
}
