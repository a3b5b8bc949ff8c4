package grant

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/session"
)

// CodeIssue is a new grant with its code. The code's selector is Grant.ID.
type CodeIssue struct {
	Grant Grant
	// Begin is the session of the grant where it begins, or is renewed, with the
	// code; nil: it lives already.
	Begin         *session.Begin
	CodeHash      string
	CodeExpiresAt int64
	// Interaction and Browser name the progress that ends here; "" when none.
	Interaction, Browser string
	// Silent: prompt=none, which never extends a session (AZ12).
	Silent bool
}

// Redemption turns a code into tokens: at most one caller succeeds.
type Redemption struct {
	GrantID int64
	Hash    string
	Refresh *Refresh // nil: none issued
	Access  *Access  // nil: a JWT
}

// Rotation replaces a refresh token by its successor: a compare-and-swap.
type Rotation struct {
	Old        int64 // id of the presented token
	Hash       string
	New        *Refresh // nil: the token is kept and its idle expiry moved to Extend
	Extend     int64
	Sealed     string // the successor, sealed under the old token's key
	GraceUntil int64
	Access     *Access
}

// Store is what grant needs kept. Every method is one atomic transition; the
// conditions named here are repeated in the statement that changes the row.
type Store interface {
	// IssueCode stores the grant and its code, makes the client a participant
	// of the session, moves the session's last_seen and removes the progress,
	// if the session is alive; else ErrSessionEnded. ErrCollision: another id.
	// Where the session begins with it, the errors of session.Store.BeginSession
	// are among its own, and nothing is stored then.
	IssueCode(ctx context.Context, tenant string, c CodeIssue, now time.Time) error
	// FindGrant returns a grant and what it depends on, or ErrNotFound.
	FindGrant(ctx context.Context, tenant string, id int64, now time.Time) (*State, error)
	// RedeemCode marks the code used and stores what was issued, if the code is
	// unused and unexpired, the hash is its hash, and the grant and the session
	// are alive; ErrReplayed when it was used, ErrDead otherwise.
	RedeemCode(ctx context.Context, tenant string, r Redemption, now time.Time) error
	// FindRefresh returns a refresh token and its grant, or ErrNotFound.
	FindRefresh(ctx context.Context, tenant string, id int64, now time.Time) (*Refresh, *State, error)
	// Rotate marks the token used and stores its successor, or extends a token
	// that does not rotate, if it is unused and unexpired and its grant alive;
	// ErrReplayed when it was used meanwhile, ErrDead otherwise.
	Rotate(ctx context.Context, tenant string, r Rotation, now time.Time) error
	// Reissue records that a used token's successor was handed out again: the
	// successor's own window, if it has been rotated, restarts until graceUntil,
	// once. It stores the access token that goes with it.
	Reissue(ctx context.Context, tenant string, successor int64, graceUntil int64, access *Access, now time.Time) error
	// AddAccess stores an opaque access token without a grant.
	AddAccess(ctx context.Context, tenant string, a *Access) error
	// FindAccess returns an opaque access token and its grant's state (nil for
	// client_credentials), or ErrNotFound.
	FindAccess(ctx context.Context, tenant string, id int64, now time.Time) (*Access, *State, error)
	// RevokeGrant kills the grant and with it every token of it; it returns
	// whether it was alive until now.
	RevokeGrant(ctx context.Context, tenant string, id int64, now time.Time, e audit.Event) (bool, error)
	// RevokeAccess kills one opaque access token.
	RevokeAccess(ctx context.Context, tenant string, id int64, now time.Time, e audit.Event) error
	// RevokeJTI kills one JWT access token until it would have expired anyway.
	RevokeJTI(ctx context.Context, tenant, jti string, expiresAt int64, e audit.Event) error
	// JTIRevoked tells whether RevokeJTI was called for jti.
	JTIRevoked(ctx context.Context, tenant, jti string) (bool, error)
	// FindConsent returns the scopes that sub allowed the client, nil when none.
	FindConsent(ctx context.Context, tenant, sub, clientID string) ([]string, error)
	// GiveConsent adds scopes to what sub allowed the client.
	GiveConsent(ctx context.Context, tenant, sub, clientID string, scope []string, now time.Time, e audit.Event) error
	// SweepGrants removes expired grants, tokens and revocations and erases
	// sealed successors whose window is over, at most limit rows of each.
	SweepGrants(ctx context.Context, now time.Time, limit int) (int, error)
}
