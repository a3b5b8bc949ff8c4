package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/secret"
)

// sidBytes is the size of a session's public random id.
const sidBytes = 16

// Service begins, renews and finds sessions.
type Service struct{ store Store }

// NewService returns a Service over store.
func NewService(store Store) *Service { return &Service{store} }

// Find returns the live session whose cookie value is given, or nil: a
// tampered, foreign or unknown cookie is no cookie (SC5).
func (s *Service) Find(ctx context.Context, tenant, cookie string, now time.Time) (*Session, error) {
	o, ok := secret.Parse(secret.Session, cookie)
	if !ok {
		return nil, nil
	}
	sess, err := s.store.FindSession(ctx, tenant, o.Selector, o.Hash(), now)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return sess, err
}

// Proof is what a person proved, and where.
type Proof struct {
	Sub string
	// ValidFrom is the account's when the proof was judged: changed since, it
	// proves nothing.
	ValidFrom   int64
	Level       Level
	AMR         []string
	Lifetime    time.Duration
	IdleTimeout time.Duration
	Persistent  bool
	Browser     string // hash of the browser cookie
	UserAgent   string
	Address     string
	Forgive     []string // throttle charges to give back
	// Alert drafts the mail for a browser that the account has not used; nil:
	// none, because the person is told otherwise.
	Alert func(*Session) alert.Draft
}

func (p Proof) alert(s *Session) alert.Draft {
	if p.Alert == nil {
		return alert.Draft{}
	}
	return p.Alert(s)
}

// Authenticated records that the person proved p in the browser that has had
// the session previous (nil: none). The same account keeps its session and sid
// under a new secret; another account ends it and begins one, in one
// transition (spec/sign-in.md §2). It returns the session and the cookie's value.
//
// keep stores it, as [Store.BeginSession] does and with its errors; nil: alone.
// It may be called again, with another Begin, after ErrCollision or ErrNotFound.
func (s *Service) Authenticated(ctx context.Context, tenant string, p Proof, previous *Session, now time.Time, keep func(Begin) error) (*Session, string, error) {
	if keep == nil {
		keep = func(b Begin) error { return s.store.BeginSession(ctx, tenant, b, now) }
	}
	if previous != nil && previous.Sub == p.Sub {
		sess, cookie, err := renew(p, previous, now, keep)
		if !errors.Is(err, ErrNotFound) {
			return sess, cookie, err
		}
		previous = nil // it ended meanwhile
	}
	return begin(p, previous, now, keep)
}

func renew(p Proof, previous *Session, now time.Time, keep func(Begin) error) (*Session, string, error) {
	fresh := secret.New(secret.Session, now)
	fresh.Selector = previous.ID // the row stays, its secret changes (SC3)
	sess := newSession(p, now)
	sess.ID, sess.SID, sess.CreatedAt = previous.ID, previous.SID, previous.CreatedAt
	err := keep(Begin{Session: sess, ValidFrom: p.ValidFrom, Hash: fresh.Hash(), Renews: true, Forgive: p.Forgive, Alert: p.alert(sess)})
	if err != nil {
		return nil, "", fmt.Errorf("renew session: %w", err)
	}
	return sess, fresh.Reveal(), nil
}

// tries is how often a session is begun anew when its random ids exist already;
// a second collision in a row does not happen.
const tries = 4

func begin(p Proof, previous *Session, now time.Time, keep func(Begin) error) (sess *Session, cookie string, err error) {
	for range tries {
		fresh := secret.New(secret.Session, now)
		sess = newSession(p, now)
		sess.ID, sess.SID, sess.CreatedAt = fresh.Selector, secret.Random(sidBytes), now.UnixMicro()
		b := Begin{Session: sess, ValidFrom: p.ValidFrom, Hash: fresh.Hash(), Forgive: p.Forgive, Alert: p.alert(sess)}
		if previous != nil {
			b.Previous = previous.ID
		}
		if err = keep(b); err == nil {
			return sess, fresh.Reveal(), nil
		}
		if !errors.Is(err, ErrCollision) {
			break
		}
	}
	return nil, "", fmt.Errorf("begin session: %w", err)
}

func newSession(p Proof, now time.Time) *Session {
	t := now.UnixMicro()
	return &Session{
		Sub: p.Sub, Browser: p.Browser, AuthTime: t, Level: p.Level, AMR: p.AMR, LastSeen: t,
		ExpiresAt: now.Add(p.Lifetime).UnixMicro(), IdleTimeout: p.IdleTimeout.Microseconds(),
		Persistent: p.Persistent, UserAgent: clip(p.UserAgent, 300), Address: p.Address,
	}
}
