package grant

import (
	"context"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

// UserInfo returns the claims that an access token allows (OIDC Core §5.3).
// Any live access token of the tenant with the scope openid will do, whatever
// its audience: the person's own client presents it. Refusals are invalid_token
// (401) and insufficient_scope (403) of RFC 6750 §3.1.
func (s *Service) UserInfo(ctx context.Context, t *tenant.Live, raw string, now time.Time) (map[string]any, error) {
	h, err := s.access(ctx, t, raw, now)
	switch {
	case errors.Is(err, errInactive):
		return nil, oidc.Refuse(oidc.InvalidToken, "RFC 6750 §3.1", "the access token is unknown, expired or revoked")
	case err != nil:
		return nil, err
	case h.state == nil || !has(h.scope, ScopeOpenID):
		return nil, oidc.Refuse(oidc.InsufficientScope, "OIDC Core §5.3.1", "the access token was not issued for the scope openid")
	}
	return userInfoClaims(h.state.Account, h.client, h.scope, h.state.Spec.Claims), nil
}
