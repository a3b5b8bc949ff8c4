package logout

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/outbox"
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
	// One job for the outbox is written for each participant that Hears of it.
	EndSessions(ctx context.Context, tenant string, e Ending, now time.Time, ev audit.Event) ([]Ended, error)
	// ExpireSessions ends sessions of all tenants whose time is over, with reason
	// expired, at most limit; it returns how many, also beside the error of a
	// tenant whose sessions cannot be ended.
	ExpireSessions(ctx context.Context, now time.Time, limit int) (int, error)
	// Deliveries lists notices, newest first, before the cursor id (0: from the
	// start), at most limit.
	Deliveries(ctx context.Context, tenant string, q Query, before int64, limit int) ([]outbox.Job, error)
	// FindDelivery returns one, or ErrNoDelivery.
	FindDelivery(ctx context.Context, tenant string, id int64) (outbox.Job, error)
	// ReplayDelivery makes a settled one pending and due, with all its time
	// before it. ErrNoDelivery, ErrUnderWay.
	ReplayDelivery(ctx context.Context, tenant string, id int64, now time.Time, ev audit.Event) error
	// Record writes an audit event of something that changed nothing here.
	Record(ctx context.Context, tenant string, now time.Time, ev audit.Event) error
}

// Query chooses deliveries; what is not set does not matter.
type Query struct {
	Session  int64 // id of a session
	ClientID string
	State    outbox.State
}
