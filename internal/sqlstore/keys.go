package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
)

var _ keys.Store = (*DB)(nil)

// errUnchanged undoes a transition that turned out to change nothing.
var errUnchanged = errors.New("sqlstore: nothing to change")

// Keys implements keys.Store.
func (d *DB) Keys(ctx context.Context, tenant string) ([]keys.Record, error) {
	rows, err := d.Query(ctx, `SELECT kid, alg, created_at, sign_from, revoked_at, public_jwk, sealed
		FROM keys WHERE tenant = $1 ORDER BY kid`, tenant)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer rows.Close()
	var out []keys.Record
	for rows.Next() {
		var r keys.Record
		if err := rows.Scan(&r.KID, &r.Alg, &r.CreatedAt, &r.SignFrom, &r.RevokedAt, &r.Public, &r.Sealed); err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return out, nil
}

// AddKey implements keys.Store. The version is raised first: that row is the
// lock which makes two nodes decide one after the other on PostgreSQL.
func (d *DB) AddKey(ctx context.Context, tenant string, r keys.Record, unlessAfter int64) (bool, error) {
	err := d.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`UPDATE versions SET n = n + 1 WHERE name = 'config'`); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO keys (tenant, kid, alg, created_at, sign_from, revoked_at, public_jwk, sealed)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8
			WHERE NOT EXISTS (SELECT 1 FROM keys WHERE tenant = $1 AND alg = $3 AND revoked_at = 0 AND sign_from > $9)`,
			tenant, r.KID, r.Alg, r.CreatedAt, r.SignFrom, r.RevokedAt, r.Public, r.Sealed, unlessAfter)
		if err == nil && n == 0 {
			return errUnchanged
		}
		return err
	})
	return changed(err, "add key")
}

// RevokeKey implements keys.Store.
func (d *DB) RevokeKey(ctx context.Context, tenant, kid string, now time.Time) (bool, error) {
	err := d.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`UPDATE versions SET n = n + 1 WHERE name = 'config'`); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE keys SET revoked_at = $3 WHERE tenant = $1 AND kid = $2 AND revoked_at = 0`,
			tenant, kid, now.UnixMicro())
		if err == nil && n == 0 {
			return errUnchanged
		}
		return err
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
