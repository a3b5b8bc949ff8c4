package sqlstore

import (
	"context"
	"fmt"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

// changeConfig is a transition of something that nodes keep in snapshots.
func (s *Store) changeConfig(ctx context.Context, id string, e audit.Event, change func(*Tx) error) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		if err := moveConfig(tx); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		return writeAudit(ctx, tx, id, s.db.now(), e)
	})
}

// changedOne is the error of a statement that had to change a row.
func changedOne(n int64, err, none error) error {
	if err == nil && n == 0 {
		return none
	}
	return err
}

// ConfigVersion implements tenant.Store.
func (s *Store) ConfigVersion(ctx context.Context) (n int64, err error) {
	err = s.db.QueryRow(ctx, `SELECT n FROM versions WHERE name = 'config'`).Scan(&n)
	return n, err
}

// Tenants implements tenant.Store.
func (s *Store) Tenants(ctx context.Context) ([]*tenant.Tenant, error) {
	rows, err := s.db.Query(ctx, `SELECT tenant, version, created_at, COALESCE(disabled_at, 0), spec FROM tenants ORDER BY tenant`)
	return collect(rows, err, func(rows *Rows) (*tenant.Tenant, error) {
		t := new(tenant.Tenant)
		var spec string
		err := rows.Scan(&t.ID, &t.Version, &t.CreatedAt, &t.DisabledAt, &spec)
		if err == nil {
			err = t.UnmarshalSpec(spec)
		}
		if err != nil {
			return nil, fmt.Errorf("read tenant %s: %w", t.ID, err)
		}
		return t, nil
	})
}

// PutTenant implements tenant.Store. When the tenant was made stays as it is.
func (s *Store) PutTenant(ctx context.Context, t *tenant.Tenant, e audit.Event) error {
	spec, err := t.MarshalSpec()
	if err != nil {
		return fmt.Errorf("store tenant: %w", err)
	}
	return s.changeConfig(ctx, t.ID, e, func(tx *Tx) error {
		var n int64
		var err error
		if t.Version == 0 {
			n, err = tx.Exec(`INSERT INTO tenants (tenant, version, created_at, disabled_at, spec)
				VALUES ($1, 1, $2, $3, $4) ON CONFLICT DO NOTHING`, t.ID, t.CreatedAt, orNull(t.DisabledAt), spec)
		} else {
			n, err = tx.Exec(`UPDATE tenants SET version = version + 1, disabled_at = $3, spec = $4
				WHERE tenant = $1 AND version = $2`, t.ID, t.Version, orNull(t.DisabledAt), spec)
		}
		return changedOne(n, err, tenant.ErrVersion)
	})
}

// tenantTables are all tables that hold something of a tenant, what is read
// last first; participants go with their sessions.
var tenantTables = []string{"tenants", "clients", "departures", "objects", "applied", "keys", "accounts", "identifiers", "devices",
	"sessions", "participants", "progress", "consents", "grants", "refresh_tokens", "access_tokens", "revoked_tokens",
	"seen", "throttle", "challenges", "alerts", "outbox", "audit"}

// DeleteTenant implements tenant.Store. It takes as long as it takes, in one
// transition. The record of it is all that is left.
func (s *Store) DeleteTenant(ctx context.Context, id string, e audit.Event) error {
	return s.db.write(ctx, true, func(tx *Tx) error {
		if err := moveConfig(tx); err != nil {
			return err
		}
		for i, table := range tenantTables {
			n, err := tx.Exec(`DELETE FROM `+table+` WHERE tenant = $1`, id)
			if err != nil {
				return err
			}
			if i == 0 && n == 0 {
				return tenant.ErrNotFound
			}
		}
		return writeAudit(ctx, tx, id, s.db.now(), e)
	})
}
