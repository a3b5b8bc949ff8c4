package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/logout"
	sess "github.com/foyer-id/foyer/internal/session"
)

// rivals are the proofs of the same address or account.
const rivals = `SELECT c.id FROM challenges AS c WHERE c.tenant = $1 AND c.id IN (
		SELECT y.id FROM challenges AS x JOIN challenges AS y ON y.tenant = x.tenant AND y.address = x.address
			WHERE x.tenant = $1 AND x.id = $2
		UNION SELECT y.id FROM challenges AS x JOIN challenges AS y ON y.tenant = x.tenant AND y.sub = x.sub
			WHERE x.tenant = $1 AND x.id = $2 AND x.sub <> '')
	ORDER BY c.id FOR UPDATE`

// holdRivals locks a proof and its rivals, which go when one of them is used, in
// one order: without it many that are used at once each hold what another
// deletes, and PostgreSQL ends them one a second.
func holdRivals(tx *Tx, tenant string, id int64) error {
	if tx.alone {
		return nil
	}
	rows, err := tx.Query(rivals, tenant, id)
	_, err = collect(rows, err, scanID)
	return err
}

// useChallenge is the one statement that uses a proof, and the check of it: the
// same condition as challenge.Opens, so that no step before it can be skipped
// or repeated (RE5), and of many that try at once one succeeds.
func useChallenge(tx *Tx, tenant string, h challenge.Held, now time.Time) (sub, address string, err error) {
	if err := holdRivals(tx, tenant, h.ID); err != nil {
		return "", "", err
	}
	err = tx.QueryRow(`UPDATE challenges SET used_at = $4, payload = '', request = ''
		WHERE tenant = $1 AND id = $2 AND purpose = $3 AND used_at = 0 AND expires_at > $4
			AND ($5 <> '' AND link_hash = $5 AND link_until > $4
				OR $5 = '' AND browser = $6 AND proved_at > $7)
		RETURNING sub, address`,
		tenant, h.ID, string(h.Purpose), micro(now), h.Link, h.Browser, max(0, micro(now)-challenge.ProvedLife)).Scan(&sub, &address)
	if errors.Is(err, ErrNoRows) {
		err = challenge.ErrGone
	}
	return sub, address, err
}

const otherClaims = `DELETE FROM challenges WHERE tenant = $1 AND id IN (SELECT x.id FROM challenges AS x
	WHERE x.tenant = $1 AND x.address = $2 AND x.purpose IN ('register', 'verify')) AND id <> $3`

// CreateProved implements challenge.Store.
func (s *Store) CreateProved(ctx context.Context, tenant string, h challenge.Held, a *account.Account, id account.Identifier, now time.Time, e audit.Event) error {
	profile, err := json.Marshal(a.Profile)
	if err != nil {
		return fmt.Errorf("create account: %w", err)
	}
	return s.db.Write(ctx, func(tx *Tx) error {
		_, address, err := useChallenge(tx, tenant, h, now)
		if err != nil {
			return err
		}
		if address != id.Key {
			return challenge.ErrGone
		}
		if err := insertAccount(tx, tenant, a, string(profile)); err != nil {
			return err
		}
		if err := s.take(ctx, tx, tenant, a.Sub, id, now); err != nil {
			return err
		}
		if _, err := tx.Exec(otherClaims, tenant, address, h.ID); err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, now, e)
	})
}

// take gives a proved identifier to sub. An account that claimed it and never
// proved it loses it: it is looked at and locked in one statement, so that of a
// proof by its own person at the same moment one wins.
func (s *Store) take(ctx context.Context, tx *Tx, tenant, sub string, id account.Identifier, now time.Time) error {
	err := claim(tx, tenant, sub, []account.Identifier{id}, now)
	if !errors.Is(err, account.ErrTaken) {
		return err
	}
	var owner string
	err = tx.QueryRow(`SELECT sub FROM identifiers WHERE tenant = $1 AND kind = $2 AND key = $3`, tenant, string(id.Kind), id.Key).Scan(&owner)
	if errors.Is(err, ErrNoRows) {
		return account.ErrTaken // given back in this moment: asked again, it is free
	}
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE accounts SET email = '', updated_at = $3, `+olderDie+`
		WHERE tenant = $1 AND sub = $2 AND email <> '' AND NOT email_verified`, tenant, owner, micro(now))
	if err != nil {
		return err
	}
	if n == 0 {
		return account.ErrTaken
	}
	n, err = tx.Exec(`UPDATE identifiers SET sub = $4, added_at = $5 WHERE tenant = $1 AND kind = $2 AND key = $3 AND sub = $6`,
		tenant, string(id.Kind), id.Key, sub, micro(now), owner)
	if err := changedOne(n, err, account.ErrTaken); err != nil {
		return err
	}
	if _, err := tx.Exec(challengesOfAccount, tenant, owner); err != nil {
		return err
	}
	if err := writeAudit(ctx, tx, tenant, now, audit.Event{Kind: audit.AddressLost, Sub: owner}); err != nil {
		return err
	}
	return s.endAccess(ctx, tx, tenant, logout.Ending{Sub: owner, Reason: sess.IdentifierChanged}, now)
}

// ConfirmProved implements challenge.Store. The condition on email is on the
// row that the statement locks: take, which may hold it, empties it.
func (s *Store) ConfirmProved(ctx context.Context, tenant string, h challenge.Held, now time.Time, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		sub, address, err := useChallenge(tx, tenant, h, now)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE accounts SET email_verified = TRUE, updated_at = $4
			WHERE tenant = $1 AND sub = $2 AND email <> '' AND EXISTS (SELECT 1 FROM identifiers AS i
				WHERE i.tenant = $1 AND i.kind = 'email' AND i.key = $3 AND i.sub = $2)`, tenant, sub, address, micro(now))
		if err := changedOne(n, err, challenge.ErrGone); err != nil {
			return err
		}
		if _, err := tx.Exec(otherClaims, tenant, address, h.ID); err != nil {
			return err
		}
		e.Sub = sub
		return writeAudit(ctx, tx, tenant, now, e)
	})
}

// ResetProved implements challenge.Store.
func (s *Store) ResetProved(ctx context.Context, tenant string, h challenge.Held, hash string, keep int64, notice alert.Draft, now time.Time, e audit.Event) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		sub, _, err := useChallenge(tx, tenant, h, now)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE accounts SET password_hash = $4, password_changed_at = $3, `+olderDie+`
			WHERE tenant = $1 AND sub = $2 AND disabled_at IS NULL`, tenant, sub, micro(now), hash)
		if err := changedOne(n, err, challenge.ErrGone); err != nil {
			return err
		}
		if _, err := tx.Exec(supersededByAccount, tenant, sub); err != nil {
			return err
		}
		e.Sub = sub
		if err := writeAudit(ctx, tx, tenant, now, e); err != nil {
			return err
		}
		if notice.Sub == sub {
			if err := putAlert(tx, tenant, notice, now); err != nil {
				return err
			}
		}
		return s.endAccess(ctx, tx, tenant, logout.Ending{Sub: sub, Except: keep, Reason: sess.PasswordChanged}, now)
	})
}
