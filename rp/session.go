package rp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"time"
)

// Session is one browser's signed-in state at the application.
type Session struct {
	// ID is the hash of the cookie's value: who reads a store cannot use it.
	ID      string
	Tokens  Tokens
	Began   time.Time
	Expires time.Time
	// Values are the application's own.
	Values map[string]string
}

// ErrNoSession: nobody is signed in here, or not any more.
var ErrNoSession = errors.New("rp: no session")

// SessionStore keeps sessions. Each method is atomic. A session whose Expires
// has passed may be dropped at any time.
type SessionStore interface {
	// Create keeps a new session.
	Create(ctx context.Context, s *Session) error
	// Load returns a copy of a session, or ErrNoSession.
	Load(ctx context.Context, id string) (*Session, error)
	// Update replaces a session that is there; ErrNoSession when it has ended
	// meanwhile, so that a refresh under way does not bring it back.
	Update(ctx context.Context, s *Session) error
	// Delete ends a session; one that is not there is no error.
	Delete(ctx context.Context, id string) error
}

// hashID is what a store knows of a cookie's value.
func hashID(cookie string) string {
	sum := sha256.Sum256([]byte(cookie))
	return hex.EncodeToString(sum[:])
}

func (s *Session) clone() *Session {
	c := *s
	c.Values = maps.Clone(s.Values)
	return &c
}
