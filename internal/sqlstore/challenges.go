package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
)

const challengeColumns = `id, purpose, sub, address, browser, locale, link_hash, code_hash, tries, sent_at, code_until, link_until,
	proved_at, used_at, expires_at, request, payload`

// Statements whose plan is tested. A sub-select makes SQLite use the index
// (accountSessions).
const (
	supersededByBrowser = `DELETE FROM challenges WHERE tenant = $1 AND id IN (SELECT x.id FROM challenges AS x
		WHERE x.tenant = $1 AND x.address = $2 AND x.purpose = $3) AND browser = $4`
	supersededByAccount = `DELETE FROM challenges WHERE tenant = $1 AND id IN (SELECT x.id FROM challenges AS x
		WHERE x.tenant = $1 AND x.sub = $2 AND x.sub <> '' AND x.purpose = 'reset')`
	challengesOfAccount = `DELETE FROM challenges WHERE tenant = $1 AND id IN (SELECT x.id FROM challenges AS x
		WHERE x.tenant = $1 AND x.sub = $2 AND x.sub <> '')`
)

// PutChallenge implements challenge.Store. It does the same for everybody, so
// that its time tells nothing (RE2).
func (s *Store) PutChallenge(ctx context.Context, tenant string, c *challenge.Challenge, mail *outbox.Job, now time.Time) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(supersededByBrowser, tenant, c.Address, string(c.Purpose), c.Browser); err != nil {
			return err
		}
		if c.Purpose == challenge.Reset {
			if _, err := tx.Exec(supersededByAccount, tenant, c.Sub); err != nil {
				return err
			}
		}
		n, err := tx.Exec(`INSERT INTO challenges (tenant, `+challengeColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, 0, 0, $13, $14, $15) ON CONFLICT DO NOTHING`,
			tenant, c.ID, string(c.Purpose), c.Sub, c.Address, c.Browser, c.Locale, c.LinkHash, c.CodeHash,
			c.SentAt, c.CodeUntil, c.LinkUntil, c.ExpiresAt, c.Request, c.Payload)
		if err != nil {
			return err
		}
		if n == 0 {
			return challenge.ErrCollision
		}
		return queue(tx, tenant, now, mail)
	})
}

func queue(tx *Tx, tenant string, now time.Time, mail *outbox.Job) error {
	if mail == nil {
		return nil
	}
	return addJob(tx, tenant, now, *mail)
}

// FindChallenge implements challenge.Store.
func (s *Store) FindChallenge(ctx context.Context, tenant string, id int64, now time.Time) (*challenge.Challenge, error) {
	var c challenge.Challenge
	err := s.db.QueryRow(ctx, `SELECT `+challengeColumns+` FROM challenges
		WHERE tenant = $1 AND id = $2 AND used_at = 0 AND expires_at > $3`, tenant, id, micro(now)).Scan(
		&c.ID, &c.Purpose, &c.Sub, &c.Address, &c.Browser, &c.Locale, &c.LinkHash, &c.CodeHash, &c.Tries, &c.SentAt, &c.CodeUntil,
		&c.LinkUntil, &c.ProvedAt, &c.UsedAt, &c.ExpiresAt, &c.Request, &c.Payload)
	if errors.Is(err, ErrNoRows) {
		return nil, challenge.ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("find challenge: %w", err)
	}
	return &c, nil
}

// Resend implements challenge.Store: one of many that ask at once sends.
func (s *Store) Resend(ctx context.Context, tenant string, c *challenge.Challenge, mail *outbox.Job, now time.Time) error {
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE challenges SET sub = $5, link_hash = $6, code_hash = $7, tries = 0, sent_at = $4, code_until = $8,
				link_until = $9, proved_at = 0
			WHERE tenant = $1 AND id = $2 AND browser = $3 AND used_at = 0 AND expires_at > $4 AND sent_at <= $10`,
			tenant, c.ID, c.Browser, micro(now), c.Sub, c.LinkHash, c.CodeHash, c.CodeUntil, c.LinkUntil,
			micro(now.Add(-challenge.ResendAfter)))
		if err != nil {
			return err
		}
		if n == 1 {
			return queue(tx, tenant, now, mail)
		}
		var there bool
		err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM challenges
			WHERE tenant = $1 AND id = $2 AND browser = $3 AND used_at = 0 AND expires_at > $4)`,
			tenant, c.ID, c.Browser, micro(now)).Scan(&there)
		if err == nil && there {
			return challenge.ErrTooSoon
		}
		if err == nil {
			err = challenge.ErrGone
		}
		return err
	})
}

// TryCode implements challenge.Store. The try is counted before the code is
// looked at, and kept when it was wrong: the transition commits either way.
func (s *Store) TryCode(ctx context.Context, tenant string, id int64, browser, hash string, now time.Time) error {
	verdict, err := WriteValue(ctx, s.db, func(tx *Tx) (verdict error, err error) {
		var stored string
		var proved int64
		err = tx.QueryRow(`UPDATE challenges SET tries = tries + 1
			WHERE tenant = $1 AND id = $2 AND browser = $3 AND used_at = 0 AND expires_at > $4
				AND (proved_at > $6 OR tries < $5 AND code_until > $4)
			RETURNING code_hash, proved_at`, tenant, id, browser, micro(now), challenge.MaxTries, micro(now)-challenge.ProvedLife).
			Scan(&stored, &proved)
		if errors.Is(err, ErrNoRows) {
			return s.whyNoCode(tx, tenant, id, browser, now)
		}
		if err != nil || proved > micro(now)-challenge.ProvedLife {
			return nil, err
		}
		if stored == "" || !secret.Equal(stored, hash) {
			return challenge.ErrWrongCode, nil
		}
		_, err = tx.Exec(`UPDATE challenges SET proved_at = $3, code_hash = '' WHERE tenant = $1 AND id = $2`, tenant, id, micro(now))
		return nil, err
	})
	if err != nil {
		return fmt.Errorf("try code: %w", err)
	}
	return verdict
}

func (s *Store) whyNoCode(tx *Tx, tenant string, id int64, browser string, now time.Time) (verdict error, err error) {
	var there bool
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM challenges
		WHERE tenant = $1 AND id = $2 AND browser = $3 AND used_at = 0 AND expires_at > $4)`, tenant, id, browser, micro(now)).Scan(&there)
	if there {
		return challenge.ErrSpent, err
	}
	return challenge.ErrGone, err
}

var expiredChallenges = expired("challenges", "id", "expires_at")

// SweepChallenges implements challenge.Store.
func (s *Store) SweepChallenges(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.sweep(ctx, expiredChallenges, micro(now), limit)
}
