package logout

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/session"
)

// hasParam tells whether an address has a query parameter already.
func hasParam(uri, name string) bool {
	u, err := url.Parse(uri)
	return err == nil && u.Query().Has(name)
}

// Service ends sessions.
type Service struct{ store Store }

// NewService returns a Service over store.
func NewService(store Store) *Service { return &Service{store} }

// End ends sessions and returns those that were alive until now. It is durable
// when it returns: no request with their cookies or tokens succeeds afterwards,
// on any node (LO6).
func (s *Service) End(ctx context.Context, tenant string, e Ending, now time.Time) ([]Ended, error) {
	data := map[string]string{"reason": string(e.Reason)}
	if e.RejectedAddress {
		data["return_address"] = "rejected"
	}
	ended, err := s.store.EndSessions(ctx, tenant, e, now, audit.Event{Kind: audit.SessionEnded, Data: data})
	if err != nil {
		return nil, fmt.Errorf("end sessions: %w", err)
	}
	return ended, nil
}

// EndHere carries a decision out: this browser's session ends, or every session
// of its account. An address that was not accepted is recorded with it (§1.3);
// where nothing ends there is only the log line, so that strangers cannot fill
// the audit trail.
func (s *Service) EndHere(ctx context.Context, tenant string, sess *session.Session, d Decision, now time.Time) ([]Ended, error) {
	e := Ending{Reason: session.ByRequest, RejectedAddress: d.Rejected}
	if d.Everywhere {
		e.Sub = sess.Sub
	} else {
		e.Sessions = []int64{sess.ID}
	}
	return s.End(ctx, tenant, e, now)
}
