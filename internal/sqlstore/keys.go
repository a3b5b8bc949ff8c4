package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/keys"
)

var _ keys.Store = (*Store)(nil)

// errUnchanged undoes a transition that turned out to change nothing.
var errUnchanged = errors.New("sqlstore: nothing to change")

// Keys implements keys.Store.
func (s *Store) Keys(ctx context.Context, tenant string) ([]keys.Record, error) {
	rows, err := s.db.Query(ctx, `SELECT kid, alg, created_at, sign_from, revoked_at, public_jwk, sealed
		FROM keys WHERE tenant = $1 ORDER BY kid`, tenant)
	out, err := collect(rows, err, func(rows *Rows) (r keys.Record, err error) {
		err = rows.Scan(&r.KID, &r.Alg, &r.CreatedAt, &r.SignFrom, &r.RevokedAt, &r.Public, &r.Sealed)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return out, nil
}

// AddKey implements keys.Store. The version moves first: its row is the lock
// that makes two nodes decide one after the other on PostgreSQL.
func (s *Store) AddKey(ctx context.Context, tenant string, r keys.Record, unlessAfter int64) (bool, error) {
	err := s.db.Write(ctx, func(tx *Tx) error {
		if err := moveConfig(tx); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO keys (tenant, kid, alg, created_at, sign_from, revoked_at, public_jwk, sealed)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8
			WHERE NOT EXISTS (SELECT 1 FROM keys WHERE tenant = $1 AND alg = $3 AND revoked_at = 0 AND sign_from > $9)`,
			tenant, r.KID, r.Alg, r.CreatedAt, r.SignFrom, r.RevokedAt, r.Public, r.Sealed, unlessAfter)
		if err == nil && n == 0 {
			return errUnchanged
		}
		if err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, time.UnixMicro(r.CreatedAt),
			audit.Event{Kind: audit.KeyAdded, Data: map[string]string{"kid": r.KID, "alg": string(r.Alg)}})
	})
	return changed(err, "add key")
}

// RevokeKey implements keys.Store.
func (s *Store) RevokeKey(ctx context.Context, tenant, kid string, now time.Time) (bool, error) {
	err := s.db.Write(ctx, func(tx *Tx) error {
		if err := moveConfig(tx); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE keys SET revoked_at = $3 WHERE tenant = $1 AND kid = $2 AND revoked_at = 0`,
			tenant, kid, now.UnixMicro())
		if err == nil && n == 0 {
			return errUnchanged
		}
		if err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, now, audit.Event{Kind: audit.KeyRevoked, Data: map[string]string{"kid": kid}})
	})
	return changed(err, "revoke key")
}

// changed reads the end of a transition that may have returned errUnchanged.
func changed(err error, doing string) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errUnchanged):
		return false, nil
	}
	return false, fmt.Errorf("%s: %w", doing, err)
}
