package session

import (
	"context"
	"time"
)

// History is what is kept of sessions after their end, until they are swept:
// whether somebody is signed out everywhere can be answered only by whom the
// ended ones are shown to.
type History interface {
	// FindRecord returns a session by its public id, ended or not, or ErrNotFound.
	FindRecord(ctx context.Context, tenant, sid string) (*Session, error)
	// ListRecords is ListSessions with those that have ended.
	ListRecords(ctx context.Context, tenant, sub, clientID string, before int64, limit int) ([]*Session, error)
}

// Ended is when (Unix microseconds) and why a session ended, 0 while it is
// alive. One whose time is over has ended, although nobody has written it down.
func (s *Session) Ended(now time.Time) (at int64, why Reason) {
	switch {
	case s.EndedAt != 0:
		return s.EndedAt, s.EndReason
	case s.Alive(now):
		return 0, ""
	case s.IdleTimeout > 0:
		return min(s.ExpiresAt, s.LastSeen+s.IdleTimeout), Expired
	}
	return s.ExpiresAt, Expired
}
