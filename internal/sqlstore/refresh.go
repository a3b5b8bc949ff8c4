package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/grant"
)

// FindRefresh implements grant.Store. A sealed successor is read only inside
// its window, erased or not.
func (s *Store) FindRefresh(ctx context.Context, tenant string, id int64, now time.Time) (*grant.Refresh, *grant.State, error) {
	f, r := new(grant.Refresh), new(stateRow)
	err := s.db.QueryRow(ctx, `SELECT r.id, r.grant_id, r.hash, r.created_at, r.expires_at, COALESCE(r.used_at, 0),
			CASE WHEN r.grace_until > $3 THEN r.successor ELSE '' END, r.grace_until, r.reissued, `+stateColumns+`
		FROM refresh_tokens AS r JOIN grants AS g ON g.tenant = r.tenant AND g.id = r.grant_id`+stateJoins+`
		WHERE r.tenant = $1 AND r.id = $2`, tenant, id, micro(now)).
		Scan(r.dest(&f.ID, &f.GrantID, &f.Hash, &f.CreatedAt, &f.ExpiresAt, &f.UsedAt, &f.Successor, &f.GraceUntil, &f.Reissued)...)
	if err != nil {
		return nil, nil, grantError("find refresh token", err)
	}
	state, err := r.state()
	if err != nil {
		return nil, nil, err
	}
	return f, state, nil
}

// usable is a refresh token r that can be used: the one compare-and-swap of a
// rotation (spec/tokens.md §3).
const usable = `r.tenant = $1 AND r.id = $2 AND r.used_at IS NULL AND r.hash = $4 AND r.expires_at > $3
	AND EXISTS (SELECT 1 FROM grants AS g WHERE g.tenant = $1 AND g.id = r.grant_id AND ` + grantAlive + `)`

const (
	rotateToken = `UPDATE refresh_tokens AS r SET used_at = $3, successor = $5, grace_until = $6 WHERE ` + usable + ` RETURNING grant_id`
	extendToken = `UPDATE refresh_tokens AS r SET expires_at = $5 WHERE ` + usable + ` RETURNING grant_id`
	tokenUsed   = `SELECT used_at IS NOT NULL FROM refresh_tokens WHERE tenant = $1 AND id = $2 AND hash = $3`
)

// Rotate implements grant.Store. What is issued belongs to the presented
// token's grant, whatever r.New and r.Access say.
func (s *Store) Rotate(ctx context.Context, tenant string, r grant.Rotation, now time.Time) error {
	text, args := extendToken, []any{tenant, r.Old, micro(now), r.Hash, r.Extend}
	if r.New != nil {
		text, args = rotateToken, []any{tenant, r.Old, micro(now), r.Hash, r.Sealed, r.GraceUntil}
	}
	var id int64
	if r.New == nil && r.Access == nil { // one statement, one round trip
		err := s.db.WriteOneRow(ctx, text, args, func(row *Row) error { return row.Scan(&id) })
		if errors.Is(err, ErrNoRows) {
			err = whyNot(s.db.QueryRow(ctx, tokenUsed, tenant, r.Old, r.Hash))
		}
		return err
	}
	return collided(s.db.Write(ctx, func(tx *Tx) error {
		var id int64
		err := tx.QueryRow(text, args...).Scan(&id)
		if errors.Is(err, ErrNoRows) {
			return whyNot(tx.QueryRow(tokenUsed, tenant, r.Old, r.Hash))
		}
		if err != nil {
			return err
		}
		insertTokens(tx, tenant, id, r.New, r.Access)
		return nil
	}))
}

// Reissue implements grant.Store. The mark is on the successor's row: its own
// window has been restarted, and is not restarted again.
func (s *Store) Reissue(ctx context.Context, tenant string, successor int64, graceUntil int64, access *grant.Access, now time.Time) error {
	return collided(s.db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(`UPDATE refresh_tokens SET grace_until = $3, reissued = TRUE
			WHERE tenant = $1 AND id = $2 AND used_at IS NOT NULL AND NOT reissued`, tenant, successor, graceUntil); err != nil {
			return err
		}
		if access != nil {
			insertTokens(tx, tenant, access.GrantID, nil, access)
		}
		return nil
	}))
}

// insertTokens stores what a grant gave, either of which may be nil.
func insertTokens(tx *Tx, tenant string, grantID int64, r *grant.Refresh, a *grant.Access) {
	if r != nil {
		tx.Later(`INSERT INTO refresh_tokens (tenant, id, grant_id, hash, created_at, expires_at, used_at, successor, grace_until, reissued)
			VALUES ($1, $2, $3, $4, $5, $6, NULL, '', 0, FALSE)`, tenant, r.ID, grantID, r.Hash, r.CreatedAt, r.ExpiresAt)
	}
	if a != nil {
		tx.Later(addAccess, accessArgs(tenant, grantID, a)...)
	}
}
