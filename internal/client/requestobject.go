package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/token"
)

// VerifyRequestObject verifies a client's request object with its keys and
// returns its claims (RFC 9101 §6); a key that is not known may be new (KJ9).
// An algorithm other than the registered one is refused (OIDC Registration §2,
// request_object_signing_alg).
func (a *Authenticator) VerifyRequestObject(ctx context.Context, t TenantView, c *Client, raw string, now time.Time) (map[string]json.RawMessage, error) {
	if alg := c.RequestObjectSigningAlg; alg != "" && string(token.AlgOf(raw)) != alg {
		return nil, oidc.Refuse(oidc.InvalidRequestObject, "OIDC Registration §2", "the request object is not signed with the registered "+alg)
	}
	set, err := a.keys.find(ctx, t.ID, c, false, now)
	if err != nil {
		return nil, err
	}
	claims, err := token.VerifyRequestObject(raw, set, c.ClientID, t.Issuer, now)
	if errors.Is(err, token.ErrUnknownKey) {
		if set, errSet := a.keys.find(ctx, t.ID, c, true, now); errSet == nil {
			return token.VerifyRequestObject(raw, set, c.ClientID, t.Issuer, now)
		}
	}
	return claims, err
}
