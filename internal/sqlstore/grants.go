package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
)

// IssueCode implements grant.Store. Reading the session locks its row: a logout
// comes before or after, not between.
func (s *Store) IssueCode(ctx context.Context, tenant string, c grant.CodeIssue, now time.Time) error {
	g := &c.Grant
	spec, err := json.Marshal(&g.Spec)
	if err != nil {
		return fmt.Errorf("issue code: %w", err)
	}
	return collided(s.db.Write(ctx, func(tx *Tx) error {
		if err := s.enterSession(ctx, tx, tenant, c, now); err != nil {
			return err
		}
		tx.Later(`INSERT INTO grants (tenant, id, client_id, sub, session, bound, created_at, expires_at, revoked_at,
				code_hash, code_expires_at, code_used_at, spec)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, $9, $10, NULL, $11)`,
			tenant, g.ID, g.ClientID, g.Sub, g.Session, g.Bound, g.CreatedAt, g.ExpiresAt, c.CodeHash, c.CodeExpiresAt, string(spec))
		tx.Later(`INSERT INTO participants (tenant, session, client_id, joined_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, session, client_id) DO NOTHING`, tenant, g.Session, g.ClientID, micro(now))
		if c.Interaction != "" {
			tx.Later(`DELETE FROM progress WHERE tenant = $1 AND browser = $2 AND interaction = $3`,
				tenant, c.Browser, c.Interaction)
		}
		return nil
	}))
}

// enterSession begins the code's session, or finds it alive and moves its
// last_seen.
func (s *Store) enterSession(ctx context.Context, tx *Tx, tenant string, c grant.CodeIssue, now time.Time) error {
	if c.Begin != nil {
		return s.beginSession(ctx, tx, tenant, *c.Begin, now)
	}
	used, err := holdSession(tx, tenant, c.Grant.Session, c.Grant.Sub, now)
	if err == nil && !c.Silent && used.stale(now) {
		tx.Later(`UPDATE sessions SET last_seen = $3 WHERE tenant = $1 AND id = $2`, tenant, c.Grant.Session, micro(now))
	}
	return err
}

// use is when a session was last used, and how long it may be idle.
type use struct{ lastSeen, idleTimeout int64 }

// stale tells whether the last use is worth writing anew: a move by less than a
// hundredth of the idle time, or a minute, is not.
func (u use) stale(now time.Time) bool {
	step := time.Minute.Microseconds()
	if u.idleTimeout > 0 {
		step = min(step, u.idleTimeout/100)
	}
	return micro(now)-u.lastSeen >= step
}

// holdSession locks the row of a live session for the transition, as
// holdAccount does; grant.ErrSessionEnded.
func holdSession(tx *Tx, tenant string, id int64, sub string, now time.Time) (u use, err error) {
	query := `SELECT s.last_seen, s.idle_timeout FROM sessions AS s WHERE s.tenant = $1 AND s.id = $2 AND s.sub = $4 AND ` + sessionAlive
	if !tx.alone {
		query += ` FOR UPDATE`
	}
	err = tx.QueryRow(query, tenant, id, micro(now), sub).Scan(&u.lastSeen, &u.idleTimeout)
	if errors.Is(err, ErrNoRows) {
		err = grant.ErrSessionEnded
	}
	return u, err
}

// collided tells the one unique key of a transition's inserts: the selector.
func collided(err error) error {
	if IsUnique(err) {
		return grant.ErrCollision
	}
	return err
}

// FindGrant implements grant.Store.
func (s *Store) FindGrant(ctx context.Context, tenant string, id int64, now time.Time) (*grant.State, error) {
	r := new(stateRow)
	if err := s.db.QueryRow(ctx, `SELECT `+codeColumns+stateColumns+` FROM grants AS g`+stateJoins+`
		WHERE g.tenant = $1 AND g.id = $2`, tenant, id, micro(now)).
		Scan(r.dest(&r.CodeHash, &r.CodeExpiresAt, &r.CodeUsedAt)...); err != nil {
		return nil, grantError("find grant", err)
	}
	return r.state()
}

const redeemCode = `UPDATE grants AS g SET code_used_at = $3
	WHERE g.tenant = $1 AND g.id = $2 AND g.code_used_at IS NULL AND g.code_hash = $4 AND g.code_expires_at > $3
	AND ` + codeAlive

// RedeemCode implements grant.Store. Only who knows the whole code is told that
// it was used: a selector alone is never evidence (spec/tokens.md §1).
func (s *Store) RedeemCode(ctx context.Context, tenant string, r grant.Redemption, now time.Time) error {
	args := []any{tenant, r.GrantID, micro(now), r.Hash}
	const used = `SELECT code_used_at IS NOT NULL FROM grants WHERE tenant = $1 AND id = $2 AND code_hash = $3`
	if r.Refresh == nil && r.Access == nil { // one statement, one round trip
		n, err := s.db.WriteOne(ctx, redeemCode, args...)
		if err == nil && n == 0 {
			err = whyNot(s.db.QueryRow(ctx, used, tenant, r.GrantID, r.Hash))
		}
		return err
	}
	return collided(s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(redeemCode, args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return whyNot(tx.QueryRow(used, tenant, r.GrantID, r.Hash))
		}
		insertTokens(tx, tenant, r.GrantID, r.Refresh, r.Access)
		return nil
	}))
}

// whyNot reads whether what could not be used had been used before.
func whyNot(row *Row) error {
	var used bool
	err := row.Scan(&used)
	switch {
	case err == nil && used:
		return grant.ErrReplayed
	case err == nil, errors.Is(err, ErrNoRows):
		return grant.ErrDead
	}
	return err
}

// RevokeGrant implements grant.Store. A grant that was dead already is marked
// too, so that nothing can bring it back.
func (s *Store) RevokeGrant(ctx context.Context, tenant string, id int64, now time.Time, e audit.Event) (bool, error) {
	return WriteValue(ctx, s.db, func(tx *Tx) (bool, error) {
		n, err := tx.Exec(`UPDATE grants AS g SET revoked_at = $3 WHERE g.tenant = $1 AND g.id = $2 AND `+grantAlive,
			tenant, id, micro(now))
		if err != nil {
			return false, err
		}
		alive := n == 1
		if !alive {
			if n, err = tx.Exec(`UPDATE grants SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL`,
				tenant, id, micro(now)); err != nil || n == 0 {
				return false, err
			}
		}
		return alive, writeAudit(ctx, tx, tenant, now, e)
	})
}
