package sqlstore

import (
	"context"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Objects implements tenant.Store.
func (s *Store) Objects(ctx context.Context, id, kind string) ([]tenant.Object, error) {
	rows, err := s.db.Query(ctx, `SELECT kind, name, origin, spec, secrets FROM objects
		WHERE tenant = $1 AND kind = $2 ORDER BY name`, id, kind)
	return collect(rows, err, func(rows *Rows) (o tenant.Object, err error) {
		err = rows.Scan(&o.Kind, &o.Name, &o.Origin, &o.Spec, &o.Secrets)
		return o, err
	})
}

// PutObject implements tenant.Store.
func (s *Store) PutObject(ctx context.Context, id string, o tenant.Object, e audit.Event) error {
	return s.changeConfig(ctx, id, e, func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO objects (tenant, kind, name, origin, spec, secrets) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, kind, name) DO UPDATE
			SET origin = excluded.origin, spec = excluded.spec, secrets = excluded.secrets`,
			id, o.Kind, o.Name, o.Origin, o.Spec, o.Secrets)
		return err
	})
}

// DeleteObject implements tenant.Store; ErrNotFound when there is none.
func (s *Store) DeleteObject(ctx context.Context, id, kind, name string, e audit.Event) error {
	return s.changeConfig(ctx, id, e, func(tx *Tx) error {
		n, err := tx.Exec(`DELETE FROM objects WHERE tenant = $1 AND kind = $2 AND name = $3`, id, kind, name)
		return changedOne(n, err, tenant.ErrNotFound)
	})
}

// Applied implements tenant.Store.
func (s *Store) Applied(ctx context.Context, id string) (map[[2]string]string, error) {
	rows, err := s.db.Query(ctx, `SELECT kind, name, hash FROM applied WHERE tenant = $1`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make(map[[2]string]string)
	for rows.Next() {
		var key [2]string
		var hash string
		if err := rows.Scan(&key[0], &key[1], &hash); err != nil {
			return nil, err
		}
		all[key] = hash
	}
	return all, rows.Err()
}

// SetApplied implements tenant.Store. No node keeps it in a snapshot: the
// configuration's version stays.
func (s *Store) SetApplied(ctx context.Context, id, kind, name, hash string) error {
	if hash == "" {
		_, err := s.db.WriteOne(ctx, `DELETE FROM applied WHERE tenant = $1 AND kind = $2 AND name = $3`, id, kind, name)
		return err
	}
	_, err := s.db.WriteOne(ctx, `INSERT INTO applied (tenant, kind, name, hash) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, kind, name) DO UPDATE SET hash = excluded.hash`, id, kind, name, hash)
	return err
}
