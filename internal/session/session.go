// Package session owns the browser session: sid, times, acr and amr,
// participants.
//
// A person proves who they are; Begin makes a session and its cookie secret, or
// renews the one that this browser has; Find reads it back from the cookie; a
// client that receives a code becomes a participant (in grant's transition);
// logout ends it. A session is alive or it is not: Alive is the one test.
//
// It refuses to know passwords, screens and cookies' attributes.
package session

import (
	"errors"
	"time"
)

// ErrNotFound: no live session with that id and secret. ErrCollision: the
// selector exists already; make another.
var (
	ErrNotFound  = errors.New("session not found")
	ErrCollision = errors.New("session id exists")
)

// Level is how well the person proved who they are: 1 one factor, 2 two
// factors or a passkey with user verification (spec/sign-in.md §2).
type Level int64

// Reason is why a session ended (spec/logout.md §2).
type Reason string

// The reasons. Per client, backchannel_logout_on chooses among them.
const (
	ByRequest         Reason = "end_session"
	ByProfile         Reason = "profile"
	Replaced          Reason = "replaced"
	NotMe             Reason = "not_me"
	ByAdmin           Reason = "admin"
	ByCommand         Reason = "cli"
	PasswordChanged   Reason = "password_changed"
	FactorRemoved     Reason = "factor_removed"
	IdentifierChanged Reason = "identifier_changed"
	AccountDisabled   Reason = "account_disabled"
	AccountDeleted    Reason = "account_deleted"
	ClientDeleted     Reason = "client_deleted"
	Expired           Reason = "expired"
)

// Session is one browser's signed-in state. Times are Unix microseconds.
type Session struct {
	ID          int64  // selector of the cookie, never shown
	SID         string // public
	Sub         string
	Browser     string // hash of the browser cookie, "" when none
	CreatedAt   int64
	AuthTime    int64
	Level       Level
	AMR         []string // RFC 8176
	LastSeen    int64
	ExpiresAt   int64
	IdleTimeout int64 // microseconds, 0: none
	Persistent  bool  // the cookie outlives the browser
	UserAgent   string
	Address     string
	EndedAt     int64 // 0: not ended
	EndReason   Reason
}

// Alive tells whether the session holds at now. Stores repeat this condition in
// SQL; the contract tests compare the two.
func (s *Session) Alive(now time.Time) bool {
	t := now.UnixMicro()
	return s.EndedAt == 0 && t < s.ExpiresAt && (s.IdleTimeout == 0 || t < s.LastSeen+s.IdleTimeout)
}

// AuthTimeSeconds is auth_time as OIDC Core §2 sends it.
func (s *Session) AuthTimeSeconds() int64 { return s.AuthTime / 1e6 }
