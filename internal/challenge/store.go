package challenge

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/outbox"
)

// Store is what challenge needs kept. Every method is one atomic transition.
type Store interface {
	// PutChallenge stores c and the mail that carries it (nil: none). Older
	// resets of the same account, and what the same browser asked for the same
	// address before, are gone. An id that exists already is ErrCollision: call
	// again with another.
	PutChallenge(ctx context.Context, tenant string, c *Challenge, mail *outbox.Job, now time.Time) error
	// FindChallenge returns one that has neither been used nor expired, or ErrGone.
	FindChallenge(ctx context.Context, tenant string, id int64, now time.Time) (*Challenge, error)
	// Resend replaces code and link of c, in its browser, unless they were sent
	// less than ResendAfter ago: ErrTooSoon; ErrGone.
	Resend(ctx context.Context, tenant string, c *Challenge, mail *outbox.Job, now time.Time) error
	// TryCode counts a try and marks the challenge as proved when the hash is
	// right; nil again for the browser that has proved it. ErrWrongCode,
	// ErrSpent, ErrGone.
	TryCode(ctx context.Context, tenant string, id int64, browser, hash string, now time.Time) error

	// CreateProved uses h and makes the account with its verified identifier.
	// A claim to the identifier that was never proved gives way: its sessions
	// and grants end. ErrGone; account.ErrTaken when somebody proved it before.
	CreateProved(ctx context.Context, tenant string, h Held, a *account.Account, id account.Identifier, now time.Time, e audit.Event) error
	// ConfirmProved uses h and marks the account's address as verified. ErrGone.
	ConfirmProved(ctx context.Context, tenant string, h Held, now time.Time, e audit.Event) error
	// ResetProved uses h and replaces the account's password; its other sessions
	// (all but keep) and all grants from before end, every older reset is gone.
	// The notice is mailed to its verified address. ErrGone.
	ResetProved(ctx context.Context, tenant string, h Held, hash string, keep int64, notice alert.Draft, now time.Time, e audit.Event) error
	// SweepChallenges removes what expired before the cut, at most limit.
	SweepChallenges(ctx context.Context, now time.Time, limit int) (int, error)
}
