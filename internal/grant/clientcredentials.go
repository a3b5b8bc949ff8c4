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
	to, err := x.ownTarget()
	if err != nil {
		return nil, err
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

// ownTarget is what a client may have for itself: what it names of the APIs, or
// of the administrative one, never both in one token.
func (x *exchange) ownTarget() (target, error) {
	admin, err := x.administers()
	if err != nil {
		return target{}, err
	}
	if admin {
		return x.adminTarget()
	}
	scope, err := x.ownScope()
	if err != nil {
		return target{}, err
	}
	to, err := x.aim(x.f.All("resource"), scope)
	if err == nil && x.f.Has("scope") && len(to.scope) < len(scope) {
		err = oidc.Refuse(oidc.InvalidScope, "RFC 8707 §2.2", "a scope belongs to a resource that the request does not name")
	}
	return to, err
}

// administers tells whether the request is for a token of the administrative
// API: it names that resource, or scopes of it alone, or nothing and the client
// has no others.
func (x *exchange) administers() (bool, error) {
	if named := x.f.All("resource"); len(named) > 0 {
		if !slices.Contains(named, AdminAudience(x.t)) {
			return false, nil
		}
		if len(unique(named)) > 1 {
			return false, oidc.Refuse(oidc.InvalidTarget, "RFC 8707 §2", "the administrative API takes tokens that are for nothing else; ask for two")
		}
		return true, nil
	}
	apis := APIScopes(x.resources)
	scope := oidc.Fields(x.f.Get("scope"))
	if len(scope) == 0 {
		own := strings.Fields(x.c.Scope)
		return len(adminScopes(x.c)) > 0 && !slices.ContainsFunc(own, func(s string) bool { return slices.Contains(apis, s) }), nil
	}
	n := 0
	for _, s := range scope {
		if IsAdminScope(s) && !slices.Contains(apis, s) {
			n++
		}
	}
	if n > 0 && n < len(scope) {
		return false, oidc.Refuse(oidc.InvalidScope, "RFC 8707 §2.2", "scopes of the administrative API and of others need a token each")
	}
	return n > 0, nil
}

// adminTarget is a token for the administrative API (TK14).
func (x *exchange) adminTarget() (target, error) {
	registered := adminScopes(x.c)
	scope := oidc.Fields(x.f.Get("scope"))
	for _, s := range scope {
		if !admitted(registered, s) {
			return target{}, oidc.Refuse(oidc.InvalidScope, "RFC 6749 §4.4.2",
				"a scope of the administrative API is not registered for this client; an operator adds it to the client's scope")
		}
	}
	if len(scope) == 0 {
		scope = registered
	}
	if len(scope) == 0 {
		return target{}, oidc.Refuse(oidc.InvalidScope, "RFC 6749 §4.4.2", "no scope of the administrative API is registered for this client")
	}
	return target{audience: []string{AdminAudience(x.t)}, scope: scope, opaque: x.c.AccessTokenFormat == formatOpaque}, nil
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
