package logout

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/session"
)

// Ending names the sessions that end, in one transition: those with an id in
// Sessions, or, when Sub is set, every live session of the account.
type Ending struct {
	Sessions []int64
	Sub      string
	Except   int64 // a session that stays, 0: none
	// Owner, when set, is whose the Sessions must be: others stay.
	Owner  string
	Reason session.Reason
	// RejectedAddress: the request named a return address that was not accepted.
	RejectedAddress bool
}

// Ended is a session that the transition ended.
type Ended struct {
	ID           int64
	SID, Sub     string
	Participants []string // client ids
}

// Store is what logout needs kept.
type Store interface {
	// EndSessions ends live sessions and records one audit event for each. What
	// was bound to them is dead from then on, because its life is read from the
	// session's row. Sessions that had ended already are not in the answer.
	EndSessions(ctx context.Context, tenant string, e Ending, now time.Time, ev audit.Event) ([]Ended, error)
}
