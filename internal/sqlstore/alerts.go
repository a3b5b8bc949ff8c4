package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	sess "github.com/foyer-id/foyer/internal/session"
)

const alertColumns = `id, hash, sub, session, address, email, at, user_agent, place, expires_at, used_at`

// putAlert stores an alert and its mail, in the transition that it tells of.
func putAlert(tx *Tx, tenant string, d alert.Draft, now time.Time) error {
	n, err := tx.Exec(`INSERT INTO alerts (tenant, `+alertColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT DO NOTHING`,
		tenant, d.ID, d.Hash, d.Sub, d.Session, d.Address, d.Email, d.At, d.UserAgent, d.Place, d.ExpiresAt)
	if err := changedOne(n, err, sess.ErrCollision); err != nil {
		return err
	}
	return addJob(tx, tenant, now, d.Job)
}

// FindAlert implements alert.Store.
func (s *Store) FindAlert(ctx context.Context, tenant string, id int64, now time.Time) (*alert.Alert, error) {
	var a alert.Alert
	err := s.db.QueryRow(ctx, `SELECT `+alertColumns+` FROM alerts
		WHERE tenant = $1 AND id = $2 AND used_at = 0 AND expires_at > $3`, tenant, id, micro(now)).Scan(
		&a.ID, &a.Hash, &a.Sub, &a.Session, &a.Address, &a.Email, &a.At, &a.UserAgent, &a.Place, &a.ExpiresAt, &a.UsedAt)
	if errors.Is(err, ErrNoRows) {
		return nil, alert.ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("find alert: %w", err)
	}
	return &a, nil
}

const useAlert = `UPDATE alerts SET used_at = $4 WHERE tenant = $1 AND id = $2 AND hash = $3 AND used_at = 0 AND expires_at > $4
	AND NOT EXISTS (SELECT 1 FROM alerts AS x WHERE x.tenant = $1 AND x.sub = $5 AND x.used_at > $6)`

// Disown implements alert.Store. The account's row is held first, so that two
// links of one account are used one after the other. Nothing of it depends on
// the password or the address that the account has by now.
func (s *Store) Disown(ctx context.Context, tenant string, id int64, hash string, now time.Time, e audit.Event) error {
	a, err := s.FindAlert(ctx, tenant, id, now)
	if err != nil {
		return err
	}
	if !secret.Equal(a.Hash, hash) {
		return alert.ErrGone
	}
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE accounts SET password_hash = '', password_changed_at = $3, updated_at = $3, `+olderDie+`
			WHERE tenant = $1 AND sub = $2`, tenant, a.Sub, micro(now))
		if err := changedOne(n, err, alert.ErrGone); err != nil {
			return err
		}
		n, err = tx.Exec(useAlert, tenant, id, hash, micro(now), a.Sub, max(0, micro(now.Add(-alert.Pause))))
		if err := changedOne(n, err, alert.ErrRecent); err != nil {
			return err
		}
		restored, err := s.restore(ctx, tx, tenant, a, now)
		if err != nil {
			return err
		}
		for _, statement := range []string{`DELETE FROM devices WHERE tenant = $1 AND sub = $2`, challengesOfAccount} {
			if _, err := tx.Exec(statement, tenant, a.Sub); err != nil {
				return err
			}
		}
		e := e // PostgreSQL may run this again
		e.Sub = a.Sub
		if !restored {
			e.Data = map[string]string{"address": "taken"}
		}
		if err := writeAudit(ctx, tx, tenant, now, e); err != nil {
			return err
		}
		return s.endAccess(ctx, tx, tenant, logout.Ending{Sub: a.Sub, Reason: sess.NotMe}, now)
	})
}

// Statements whose plan is tested. An alert that went elsewhere after the
// sign-in went to an address that somebody has added since: it must not be used
// to take the account back.
const (
	addedSince = `SELECT i.kind, i.key FROM identifiers AS i WHERE i.tenant = $1
		AND (i.kind, i.key) IN (SELECT x.kind, x.key FROM identifiers AS x WHERE x.tenant = $1 AND x.sub = $2)
		AND i.added_at > $3 AND i.kind IN ('email', 'mobile') AND NOT (i.kind = 'email' AND i.key = $4)`
	laterAlerts = `DELETE FROM alerts WHERE tenant = $1 AND id IN (SELECT x.id FROM alerts AS x WHERE x.tenant = $1 AND x.sub = $2)
		AND address <> $3 AND at >= $4`
)

// restore suspends the identifiers that came after the alert and makes the
// address that it went to the account's own again; false when somebody else has
// proved that it is theirs by now. Factors will join here.
func (s *Store) restore(ctx context.Context, tx *Tx, tenant string, a *alert.Alert, now time.Time) (restored bool, err error) {
	type identifier struct{ kind, key string }
	rows, err := tx.Query(addedSince, tenant, a.Sub, a.At, a.Address)
	list, err := collect(rows, err, func(rows *Rows) (i identifier, err error) {
		err = rows.Scan(&i.kind, &i.key)
		return i, err
	})
	if err != nil {
		return false, err
	}
	for _, i := range list {
		if _, err := tx.Exec(`DELETE FROM identifiers WHERE tenant = $1 AND kind = $2 AND key = $3 AND sub = $4`, tenant, i.kind, i.key, a.Sub); err != nil {
			return false, err
		}
		if _, err := tx.Exec(`INSERT INTO identifiers (tenant, kind, key, sub, added_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			tenant, "suspended_"+i.kind, i.key, a.Sub, a.At); err != nil {
			return false, err
		}
		if i.kind == "mobile" {
			if _, err := tx.Exec(`UPDATE accounts SET mobile = '', mobile_verified = FALSE WHERE tenant = $1 AND sub = $2`, tenant, a.Sub); err != nil {
				return false, err
			}
		}
	}
	if _, err := tx.Exec(laterAlerts, tenant, a.Sub, a.Address, a.At); err != nil {
		return false, err
	}
	return s.restoreAddress(ctx, tx, tenant, a, now)
}

// restoreAddress: the link proves who reads the address, as any other that was
// mailed there. One that somebody else has claimed and never proved is taken
// back (take); one that they have proved stays theirs, and the account is left
// without: an address that was added since must not bring it back.
func (s *Store) restoreAddress(ctx context.Context, tx *Tx, tenant string, a *alert.Alert, now time.Time) (restored bool, err error) {
	var owner, email string
	err = tx.QueryRow(`SELECT sub FROM identifiers WHERE tenant = $1 AND kind = 'email' AND key = $2`, tenant, a.Address).Scan(&owner)
	if err != nil && !errors.Is(err, ErrNoRows) {
		return false, err
	}
	if owner != a.Sub {
		err = s.take(ctx, tx, tenant, a.Sub, account.Identifier{Kind: account.Email, Value: a.Email, Key: a.Address}, now)
		if err != nil && !errors.Is(err, account.ErrTaken) {
			return false, err
		}
	}
	if restored = owner == a.Sub || err == nil; restored {
		email = a.Email
	}
	_, err = tx.Exec(`UPDATE accounts SET email = $3, email_verified = $4 WHERE tenant = $1 AND sub = $2`, tenant, a.Sub, email, restored)
	return restored, err
}

var expiredAlerts = expired("alerts", "id", "expires_at")

// SweepAlerts implements alert.Store.
func (s *Store) SweepAlerts(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.sweep(ctx, expiredAlerts, micro(now), limit)
}
