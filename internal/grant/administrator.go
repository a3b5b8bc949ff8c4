package grant

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Administrator is a client that holds an access token for the administrative
// API of a tenant.
type Administrator struct {
	ClientID string
	scope    []string
}

// Administrator returns who presents raw. The token must be of this tenant,
// given to a client for itself, for this audience alone, and hold now. What it
// allows is what its client is registered for now, as far as the token has it.
// Refusals are invalid_token (RFC 6750 §3.1).
func (s *Service) Administrator(ctx context.Context, t *tenant.Live, raw string, now time.Time) (*Administrator, error) {
	h, err := s.access(ctx, t, raw, now)
	switch {
	case errors.Is(err, errInactive):
		return nil, oidc.Refuse(oidc.InvalidToken, "RFC 6750 §3.1", "the access token is unknown, expired or revoked")
	case err != nil:
		return nil, err
	case h.state != nil || h.sub != h.client.ClientID:
		return nil, oidc.Refuse(oidc.InvalidToken, "RFC 6749 §4.4", "the access token speaks for a person; the administrative API takes those of client_credentials")
	case !slices.Equal(h.audience, []string{AdminAudience(t)}):
		return nil, oidc.Refuse(oidc.InvalidToken, "RFC 9068 §4", "the access token is for another audience; ask for one with resource="+AdminAudience(t))
	}
	registered := adminScopes(h.client)
	a := &Administrator{ClientID: h.client.ClientID}
	for _, scope := range h.scope {
		if admitted(registered, scope) {
			a.scope = append(a.scope, scope)
		}
	}
	return a, nil
}

// Has tells whether the administrator has a scope of AdminScopes.
func (a *Administrator) Has(scope string) bool { return slices.Contains(a.scope, scope) }

// HasPath tells whether a scope of the other form allows an action (".", "+" or
// "*") at a path, given by segments.
func (a *Administrator) HasPath(action string, path ...string) bool {
	asked := pathScope{action, path}
	return slices.ContainsFunc(a.scope, func(s string) bool {
		have, ok := parsePathScope(s)
		return ok && have.covers(asked)
	})
}
