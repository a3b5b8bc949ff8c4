package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/oidc"
)

// clientCredentials answers a client that acts for itself (RFC 6749 §4.4): API
// scopes only, no refresh token, no ID token.
func (x *exchange) clientCredentials(ctx context.Context) (*oidc.TokenResponse, error) {
	if x.c.Public() {
		return nil, oidc.Refuse(oidc.UnauthorizedClient, "RFC 6749 §4.4.2", "a public client has no credentials of its own")
	}
	scope, err := x.ownScope()
	if err != nil {
		return nil, err
	}
	to, err := x.aim(x.f.All("resource"), scope)
	if err != nil {
		return nil, err
	}
	if x.f.Has("scope") && len(to.scope) < len(scope) {
		return nil, oidc.Refuse(oidc.InvalidScope, "RFC 8707 §2.2", "a scope belongs to a resource that the request does not name")
	}
	for range tries {
		var answer *issued
		if answer, err = x.mint(ctx, nil, to, ""); err != nil {
			return nil, err
		}
		if answer.access == nil {
			return &answer.TokenResponse, nil
		}
		switch err = x.store.AddAccess(ctx, x.t.ID, answer.access); {
		case err == nil:
			return &answer.TokenResponse, nil
		case !errors.Is(err, ErrCollision):
			return nil, fmt.Errorf("add access token: %w", err)
		}
	}
	return nil, fmt.Errorf("add access token: %w", err)
}

// ownScope is the API scopes that were asked for, or all that the client has;
// one that it has not is refused, because nobody would notice its absence (TK14).
func (x *exchange) ownScope() ([]string, error) {
	var registered []string
	known := APIScopes(x.resources)
	for _, s := range strings.Fields(x.c.Scope) {
		if slices.Contains(known, s) {
			registered = append(registered, s)
		}
	}
	if !x.f.Has("scope") {
		return registered, nil
	}
	asked := oidc.Fields(x.f.Get("scope"))
	for _, s := range asked {
		if !slices.Contains(registered, s) {
			return nil, oidc.Refuse(oidc.InvalidScope, "RFC 6749 §4.4.2",
				"a scope is not an API scope registered for this client; openid and the like need a person")
		}
	}
	return asked, nil
}
