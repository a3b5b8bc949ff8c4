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

// ErrEnded: the provider ended the sign-in while it was being completed here.
var ErrEnded = errors.New("rp: the provider has ended this sign-in")

// EndingLife is how long a SessionStore remembers that a session at the provider
// has ended. It covers the ten minutes that a code may live (RFC 6749 §4.1.2) and the
// five that a Site takes at most from there to Create.
const EndingLife = 15 * time.Minute

// maxSignIn is how long a callback may take, SiteOptions.SignedIn included.
const maxSignIn = EndingLife - 10*time.Minute

// SessionStore keeps the sessions of one client. Each method is atomic. A
// session whose Expires has passed may be dropped at any time.
//
// The provider may end a session while its sign-in is being completed here: the
// tokens are there, Create has not been called. The logout wins: what EndBySID
// and EndBySub were told counts for EndingLife, and Create returns ErrEnded for
// a session that they would have ended. A store that keeps the sessions
// themselves in cookies cannot end any; it remembers what it was told for as
// long as sessions last, and answers ErrNoSession from Load.
type SessionStore interface {
	// Create keeps a new session, or returns ErrEnded.
	Create(ctx context.Context, s *Session) error
	// Load returns a copy of a session, or ErrNoSession.
	Load(ctx context.Context, id string) (*Session, error)
	// Update replaces a session that is there; ErrNoSession when it has ended
	// meanwhile, so that a refresh under way does not bring it back.
	Update(ctx context.Context, s *Session) error
	// Delete ends a session; one that is not there is no error.
	Delete(ctx context.Context, id string) error
	// EndBySID ends the sessions whose ID token has this iss and sid; that there
	// are none is no error (Back-Channel §2.7). Create refuses such ID tokens that
	// were issued (iat) until a moment, and takes later ones: they come from a new
	// sign-in.
	EndBySID(ctx context.Context, iss, sid string, until time.Time) error
	// EndBySub is EndBySID for all sessions whose ID token has this iss and sub.
	EndBySub(ctx context.Context, iss, sub string, until time.Time) error
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
