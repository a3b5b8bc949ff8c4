// Package grant owns codes, refresh families and the grant types.
//
// IssueCode writes a grant and the code that begins it; Exchange turns a code, a
// refresh token or a client's own credentials into tokens; Introspect and
// Revoke look at what they rest on. Each is: read the state, judge it here, then
// one conditional transition that only one caller can win.
//
// A token lives as long as its grant; a bound grant lives only while its session
// does, and every check reads the session's row itself (spec/tokens.md §2, Life).
// It refuses to know HTTP and screens.
package grant

import (
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
)

// Errors of the store's transitions.
var (
	ErrNotFound     = errors.New("grant not found")
	ErrReplayed     = errors.New("already used")
	ErrDead         = errors.New("grant is dead")
	ErrCollision    = errors.New("id exists")
	ErrSessionEnded = errors.New("session has ended")
)

// Grant is what an account gave a client. Times are Unix microseconds.
type Grant struct {
	ID        int64
	ClientID  string
	Sub       string
	Session   int64 // 0: none
	Bound     bool  // lives only while its session does
	CreatedAt int64
	ExpiresAt int64 // absolute
	RevokedAt int64
	Spec      Spec
}

// Spec is what the authorization request settled; stored as JSON.
type Spec struct {
	SID           string              `json:"sid,omitempty"`
	RedirectURI   string              `json:"redirect_uri,omitempty"`
	CodeChallenge string              `json:"code_challenge,omitempty"` // S256
	Nonce         string              `json:"nonce,omitempty"`
	Scope         []string            `json:"scope"`
	Resource      []string            `json:"resource,omitempty"`
	Claims        *oidc.ClaimsRequest `json:"claims,omitempty"`
	AuthTime      int64               `json:"auth_time,omitempty"` // microseconds
	Level         session.Level       `json:"level,omitempty"`
	AMR           []string            `json:"amr,omitempty"`
	Offline       bool                `json:"offline,omitempty"`
}

// State is a grant with what its life depends on, read in one statement.
type State struct {
	Grant
	CodeHash      string // this and the next two only from FindGrant
	CodeExpiresAt int64
	CodeUsedAt    int64
	SessionAlive  bool             // always true for grants without a session
	Account       *account.Account // without its password; nil when it no longer exists
}

// Alive tells whether tokens of the grant hold at now: not revoked, not
// expired, account enabled and not changed since, session alive where bound
// (spec/tokens.md §2, Life; TK7).
func (s *State) Alive(now time.Time) bool {
	return s.RevokedAt == 0 && now.UnixMicro() < s.ExpiresAt &&
		s.Account != nil && s.Account.Enabled() && s.CreatedAt >= s.Account.ValidFrom &&
		(!s.Bound || s.SessionAlive)
}

// Refresh is a refresh token's row.
type Refresh struct {
	ID         int64
	GrantID    int64
	Hash       string
	CreatedAt  int64
	ExpiresAt  int64 // idle
	UsedAt     int64
	Successor  string // sealed under the token's own key; "" once the window is over
	GraceUntil int64
	Reissued   bool // its successor was handed out again once
}

// Access is an opaque access token's row. GrantID 0: client_credentials.
type Access struct {
	ID        int64
	GrantID   int64
	Hash      string
	ClientID  string
	Scope     []string
	Audience  []string
	CreatedAt int64
	ExpiresAt int64
	RevokedAt int64
}
