package session

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/audit"
)

// Begin is what beginning or renewing a session writes, in one transition.
type Begin struct {
	Session   *Session
	ValidFrom int64    // the account's, when the proof was judged; 0: whatever it is
	Hash      string   // of the new cookie secret
	Renews    bool     // the live session with this id goes on under a new secret
	Previous  int64    // this browser's session until now, which ends; 0: none
	Forgive   []string // throttle keys to give back: the attempt was right
	// Alert is mailed if the browser is new to the account; to nobody when its
	// Sub is "".
	Alert alert.Draft
}

// Event is what is recorded of it.
func (b Begin) Event() audit.Event {
	kind := audit.SignedIn
	if b.Renews {
		kind = audit.Reauthenticated
	}
	return audit.Event{Kind: kind, Sub: b.Session.Sub, SID: b.Session.SID}
}

// Store is what session needs kept. Every method is one atomic transition.
type Store interface {
	// FindSession returns the live session with that id and secret hash, or
	// ErrNotFound.
	FindSession(ctx context.Context, tenant string, id int64, hash string, now time.Time) (*Session, error)
	// BeginSession stores b.Session and marks the device as known. A previous
	// session of this browser that is still alive ends with reason replaced.
	// A selector that exists already is ErrCollision: call again with another.
	// A session that b renews gets a new secret, auth_time, level and amr, and
	// keeps its sid and participants. ErrNotFound when that one is not alive or
	// belongs to another account, and when the account is gone, disabled or not
	// as it was when the proof was judged.
	BeginSession(ctx context.Context, tenant string, b Begin, now time.Time) error
	// KnownDevice tells whether sub has signed in from this browser.
	KnownDevice(ctx context.Context, tenant, sub, browser string) (bool, error)
	// FindBySID returns a live session by its public id, or ErrNotFound.
	FindBySID(ctx context.Context, tenant, sid string, now time.Time) (*Session, error)
	// ListSessions returns live sessions, newest first, before the cursor id (0:
	// from the start), at most limit; of one account or one client when set.
	ListSessions(ctx context.Context, tenant, sub, clientID string, before int64, limit int, now time.Time) ([]*Session, error)
	// Participants returns the clients of a session in the order they joined.
	Participants(ctx context.Context, tenant string, id int64) ([]Participant, error)
	// CountSessions returns how many live sessions sub has.
	CountSessions(ctx context.Context, tenant, sub string, now time.Time) (int, error)
	// SweepSessions removes sessions that ended before the cut, with their
	// participants, at most limit; it returns how many.
	SweepSessions(ctx context.Context, before time.Time, limit int) (int, error)
}

// Participant is a client that received a code in a session. Unix microseconds.
type Participant struct {
	ClientID string
	JoinedAt int64
}

// Joined are clients that took part in a session, in the order they joined:
// the first of them, and how many there are.
type Joined struct {
	Clients []string
	All     int
}
