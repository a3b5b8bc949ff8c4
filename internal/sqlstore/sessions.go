package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	sess "github.com/foyer-id/foyer/internal/session"
)

const sessionColumns = `s.id, s.sid, s.sub, s.browser, s.created_at, s.auth_time, s.level, s.amr, s.last_seen,
	s.expires_at, s.idle_timeout, s.persistent, s.user_agent, s.address, COALESCE(s.ended_at, 0), s.end_reason`

// scanSession reads sessionColumns and then more.
func scanSession(scan func(...any) error, more ...any) (*sess.Session, error) {
	x := new(sess.Session)
	var level int64
	var amr, reason string
	dest := append(make([]any, 0, 17), &x.ID, &x.SID, &x.Sub, &x.Browser, &x.CreatedAt, &x.AuthTime, &level, &amr, &x.LastSeen,
		&x.ExpiresAt, &x.IdleTimeout, &x.Persistent, &x.UserAgent, &x.Address, &x.EndedAt, &reason)
	err := scan(append(dest, more...)...)
	if errors.Is(err, ErrNoRows) {
		return nil, sess.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	x.Level, x.AMR, x.EndReason = sess.Level(level), split(amr), sess.Reason(reason)
	return x, nil
}

// FindSession implements session.Store.
func (s *Store) FindSession(ctx context.Context, tenant string, id int64, hash string, now time.Time) (*sess.Session, error) {
	var stored string
	x, err := scanSession(s.db.QueryRow(ctx, `SELECT `+sessionColumns+`, s.hash FROM sessions AS s
		WHERE s.tenant = $1 AND s.id = $2 AND `+sessionAlive, tenant, id, micro(now)).Scan, &stored)
	if err == nil && !secret.Equal(stored, hash) {
		return nil, sess.ErrNotFound
	}
	return x, err
}

// FindBySID implements session.Store.
func (s *Store) FindBySID(ctx context.Context, tenant, sid string, now time.Time) (*sess.Session, error) {
	return scanSession(s.db.QueryRow(ctx, `SELECT `+sessionColumns+` FROM sessions AS s
		WHERE s.tenant = $1 AND s.sid = $2 AND `+sessionAlive, tenant, sid, micro(now)).Scan)
}

// BeginSession implements session.Store.
func (s *Store) BeginSession(ctx context.Context, tenant string, b sess.Begin, now time.Time) error {
	return s.db.Write(ctx, func(tx *Tx) error { return s.beginSession(ctx, tx, tenant, b, now) })
}

func (s *Store) beginSession(ctx context.Context, tx *Tx, tenant string, b sess.Begin, now time.Time) error {
	if err := holdAccount(tx, tenant, b.Session.Sub, b.ValidFrom, now); err != nil {
		return err
	}
	if b.Previous != 0 {
		ending := logout.Ending{Sessions: []int64{b.Previous}, Reason: sess.Replaced}
		if _, err := s.endSessions(ctx, tx, tenant, ending, now, audit.Event{}); err != nil {
			return err
		}
	}
	put := insertSession
	if b.Renews {
		put = renewSession
	}
	if err := put(tx, tenant, b, now); err != nil {
		return err
	}
	return signedIn(ctx, tx, tenant, b, now)
}

func insertSession(tx *Tx, tenant string, b sess.Begin, _ time.Time) error {
	x := b.Session
	_, err := tx.Exec(`INSERT INTO sessions (tenant, id, hash, sid, sub, browser, created_at, auth_time, level, amr,
				last_seen, expires_at, idle_timeout, persistent, user_agent, address, ended_at, end_reason)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, NULL, '')`,
		tenant, x.ID, b.Hash, x.SID, x.Sub, x.Browser, x.CreatedAt, x.AuthTime, int64(x.Level), join(x.AMR),
		x.LastSeen, x.ExpiresAt, x.IdleTimeout, x.Persistent, x.UserAgent, x.Address)
	if IsUnique(err) { // the id or the sid
		return sess.ErrCollision
	}
	return err
}

// renewSession replaces the lifetime, browser and place of a live session too.
func renewSession(tx *Tx, tenant string, b sess.Begin, now time.Time) error {
	x := b.Session
	n, err := tx.Exec(`UPDATE sessions AS s SET hash = $5, auth_time = $6, level = $7, amr = $8, last_seen = $3,
			expires_at = $9, idle_timeout = $10, persistent = $11, browser = $12, user_agent = $13, address = $14
		WHERE s.tenant = $1 AND s.id = $2 AND s.sub = $4 AND `+sessionAlive,
		tenant, x.ID, micro(now), x.Sub, b.Hash, x.AuthTime, int64(x.Level), join(x.AMR),
		x.ExpiresAt, x.IdleTimeout, x.Persistent, x.Browser, x.UserAgent, x.Address)
	if err == nil && n == 0 {
		return sess.ErrNotFound
	}
	return err
}

const seenDevice = `INSERT INTO devices (tenant, sub, browser, first_seen, last_seen) VALUES ($1, $2, $3, $4, $4)
	ON CONFLICT (tenant, sub, browser) DO UPDATE SET last_seen = excluded.last_seen`

// signedIn writes what follows from a right attempt. Only where a mail about it
// may be due is it asked whether the browser is new to the account.
func signedIn(ctx context.Context, tx *Tx, tenant string, b sess.Begin, now time.Time) error {
	x := b.Session
	first := micro(now) // when the account was first used in this browser
	switch {
	case x.Browser == "":
	case b.Alert.Sub == "":
		tx.Later(seenDevice, tenant, x.Sub, x.Browser, first)
	default:
		if err := tx.QueryRow(seenDevice+` RETURNING first_seen`, tenant, x.Sub, x.Browser, first).Scan(&first); err != nil {
			return err
		}
	}
	if b.Alert.Sub == x.Sub && first == micro(now) {
		if err := putAlert(tx, tenant, b.Alert, now); err != nil {
			return err
		}
	}
	if err := forgive(tx, tenant, b.Forgive); err != nil {
		return err
	}
	return writeAudit(ctx, tx, tenant, now, b.Event())
}

// KnownDevice implements session.Store.
func (s *Store) KnownDevice(ctx context.Context, tenant, sub, browser string) (known bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM devices WHERE tenant = $1 AND sub = $2 AND browser = $3)`,
		tenant, sub, browser).Scan(&known)
	return known, err
}
