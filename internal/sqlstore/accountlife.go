package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	sess "github.com/foyer-id/foyer/internal/session"
)

// The transitions here take the account's row first and its sessions then, and
// a session begins in the same order (holdAccount). So on PostgreSQL too no
// session that was begun with the old password, or before the account was
// disabled, comes through beside them.

// olderDie kills every grant made before $3; a clock that went back revives none.
const olderDie = `valid_from = CASE WHEN valid_from > $3 THEN valid_from ELSE $3 END`

// youngerDie kills what olderDie leaves: grants from between the request of the
// change and its transition. A grant's id is as old as itself, so few are looked at.
const youngerDie = `UPDATE grants SET revoked_at = $3
	WHERE tenant = $1 AND id >= $4 AND sub = $2 AND created_at >= $3 AND revoked_at IS NULL`

// endAccess ends an account's sessions in a transition in which olderDie came
// first, and then every grant that one of them has got until now, offline or not.
func (s *Store) endAccess(ctx context.Context, tx *Tx, tenant string, e logout.Ending, now time.Time) error {
	if _, err := s.endSessions(ctx, tx, tenant, e, now, audit.Event{}); err != nil {
		return err
	}
	tx.Later(youngerDie, tenant, e.Sub, micro(now), secret.FirstSelector(now))
	return nil
}

// holdAccount locks the account's row for the transition if the account may be
// used and has not been changed after now, nor since validFrom was read; else
// session.ErrNotFound. Time alone would not do: a change is as old as its request,
// and whoever comes after that, while the new password is hashed, still finds the
// old one. SQLite's one writer has nobody to lock out.
func holdAccount(tx *Tx, tenant, sub string, validFrom int64, now time.Time) error {
	query := `SELECT valid_from FROM accounts WHERE tenant = $1 AND sub = $2 AND disabled_at IS NULL AND valid_from <= $3
		AND (valid_from = $4 OR $4 = 0)`
	if !tx.alone {
		query += ` FOR UPDATE`
	}
	var since int64
	err := tx.QueryRow(query, tenant, sub, micro(now), validFrom).Scan(&since)
	if errors.Is(err, ErrNoRows) {
		err = sess.ErrNotFound
	}
	return err
}

// Rehash implements account.Store. It is no change for anybody: no record.
func (s *Store) Rehash(ctx context.Context, tenant, sub, old, new string) error {
	_, err := s.db.WriteOne(ctx, `UPDATE accounts SET password_hash = $4
		WHERE tenant = $1 AND sub = $2 AND password_hash = $3`, tenant, sub, old, new)
	return err
}

// SetPassword implements account.Store. The grants of the session that is kept
// die too: its applications ask it for a new code, without a screen.
func (s *Store) SetPassword(ctx context.Context, tenant, sub, hash string, keep int64, now time.Time, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE accounts SET password_hash = $4, password_changed_at = $3, `+olderDie+`
			WHERE tenant = $1 AND sub = $2`, tenant, sub, micro(now), hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return account.ErrNotFound
		}
		if _, err := tx.Exec(supersededByAccount, tenant, sub); err != nil { // RE4
			return err
		}
		if err := writeAudit(ctx, tx, tenant, now, e); err != nil {
			return err
		}
		return s.endAccess(ctx, tx, tenant, logout.Ending{Sub: sub, Except: keep, Reason: sess.PasswordChanged}, now)
	})
}

// SetDisabled implements account.Store. What is so already is no change and
// leaves no record.
func (s *Store) SetDisabled(ctx context.Context, tenant, sub string, disabled bool, now time.Time, e audit.Event) error {
	change := `UPDATE accounts SET disabled_at = NULL, ` + olderDie + ` WHERE tenant = $1 AND sub = $2 AND disabled_at IS NOT NULL`
	if disabled {
		change = `UPDATE accounts SET disabled_at = $3, ` + olderDie + ` WHERE tenant = $1 AND sub = $2 AND disabled_at IS NULL`
	}
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(change, tenant, sub, micro(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return mustExist(tx, tenant, sub)
		}
		if err := writeAudit(ctx, tx, tenant, now, e); err != nil || !disabled {
			return err
		}
		_, err = s.endSessions(ctx, tx, tenant, logout.Ending{Sub: sub, Reason: sess.AccountDisabled}, now, audit.Event{})
		return err
	})
}

func mustExist(tx *Tx, tenant, sub string) error {
	var found bool
	err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM accounts WHERE tenant = $1 AND sub = $2)`, tenant, sub).Scan(&found)
	if err == nil && !found {
		err = account.ErrNotFound
	}
	return err
}

// A sub-select makes SQLite use the index (accountSessions).
const deleteIdentifiers = `DELETE FROM identifiers WHERE tenant = $1
	AND (kind, key) IN (SELECT x.kind, x.key FROM identifiers AS x WHERE x.tenant = $1 AND x.sub = $2)`

// DeleteAccount implements account.Store. Its grants are dead because there is
// no account; a tombstone keeps a tenant file from giving the sub to another.
func (s *Store) DeleteAccount(ctx context.Context, tenant, sub string, now time.Time, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`DELETE FROM accounts WHERE tenant = $1 AND sub = $2`, tenant, sub)
		if err != nil {
			return err
		}
		if n == 0 {
			return account.ErrNotFound
		}
		for _, statement := range []string{
			deleteIdentifiers,
			`INSERT INTO identifiers (tenant, kind, key, sub) VALUES ($1, 'tombstone', $2, $2)`,
			`DELETE FROM devices WHERE tenant = $1 AND sub = $2`,
			`DELETE FROM consents WHERE tenant = $1 AND sub = $2`,
			challengesOfAccount,
			`DELETE FROM alerts WHERE tenant = $1 AND sub = $2`,
		} {
			if _, err := tx.Exec(statement, tenant, sub); err != nil {
				return err
			}
		}
		if err := writeAudit(ctx, tx, tenant, now, e); err != nil {
			return err
		}
		_, err = s.endSessions(ctx, tx, tenant, logout.Ending{Sub: sub, Reason: sess.AccountDeleted}, now, audit.Event{})
		return err
	})
}
