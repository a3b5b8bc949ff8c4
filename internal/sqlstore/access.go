package sqlstore

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
)

const addAccess = `INSERT INTO access_tokens (tenant, id, grant_id, hash, client_id, scope, audience, created_at, expires_at, revoked_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)`

func accessArgs(tenant string, grantID int64, a *grant.Access) []any {
	return []any{tenant, a.ID, grantID, a.Hash, a.ClientID, join(a.Scope), join(a.Audience), a.CreatedAt, a.ExpiresAt}
}

// AddAccess implements grant.Store.
func (s *Store) AddAccess(ctx context.Context, tenant string, a *grant.Access) error {
	_, err := s.db.WriteOne(ctx, addAccess, accessArgs(tenant, 0, a)...)
	return collided(err)
}

// FindAccess implements grant.Store. A token whose grant has been swept is not
// found.
func (s *Store) FindAccess(ctx context.Context, tenant string, id int64, now time.Time) (*grant.Access, *grant.State, error) {
	a, r := new(grant.Access), new(stateRow)
	var scope, audience string
	err := s.db.QueryRow(ctx, `SELECT t.id, t.grant_id, t.hash, t.client_id, t.scope, t.audience, t.created_at, t.expires_at,
			COALESCE(t.revoked_at, 0), `+stateColumns+`
		FROM access_tokens AS t LEFT JOIN grants AS g ON g.tenant = t.tenant AND g.id = t.grant_id`+stateJoins+`
		WHERE t.tenant = $1 AND t.id = $2`, tenant, id, micro(now)).
		Scan(r.dest(&a.ID, &a.GrantID, &a.Hash, &a.ClientID, &scope, &audience, &a.CreatedAt, &a.ExpiresAt, &a.RevokedAt)...)
	if err != nil {
		return nil, nil, grantError("find access token", err)
	}
	a.Scope, a.Audience = split(scope), split(audience)
	if a.GrantID == 0 {
		return a, nil, nil
	}
	state, err := r.state()
	if err != nil {
		return nil, nil, err
	}
	return a, state, nil
}

// RevokeAccess implements grant.Store. One that is revoked or gone already is
// no change and leaves no record.
func (s *Store) RevokeAccess(ctx context.Context, tenant string, id int64, now time.Time, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE access_tokens SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL`,
			tenant, id, micro(now))
		if err != nil || n == 0 {
			return err
		}
		return writeAudit(ctx, tx, tenant, now, e)
	})
}

// RevokeJTI implements grant.Store.
func (s *Store) RevokeJTI(ctx context.Context, tenant, jti string, expiresAt int64, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`INSERT INTO revoked_tokens (tenant, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			tenant, jti, expiresAt)
		if err != nil || n == 0 {
			return err
		}
		return writeAudit(ctx, tx, tenant, s.db.now(), e)
	})
}

// JTIRevoked implements grant.Store.
func (s *Store) JTIRevoked(ctx context.Context, tenant, jti string) (revoked bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM revoked_tokens WHERE tenant = $1 AND jti = $2)`,
		tenant, jti).Scan(&revoked)
	return revoked, err
}
