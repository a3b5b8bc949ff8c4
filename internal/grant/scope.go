package grant

import (
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Scopes with a meaning of their own (OIDC Core §5.4, §11).
const (
	ScopeOpenID  = "openid"
	ScopeOffline = "offline_access"
)

// IdentityScopes are the scopes that are about a person. A client without a
// registered scope list may ask for all of them, and for no API's.
var IdentityScopes = []string{ScopeOpenID, "profile", "email", "phone", "address", ScopeOffline}

// GrantScope returns what of the requested scopes a client is given: known
// (of identity or of an API) and registered for it (clientScope, space
// separated; "" means IdentityScopes). What is unknown or not its own is left
// out, not refused (spec/sign-in.md §1); order and spelling are the request's.
func GrantScope(requested []string, clientScope string, resourceScopes []string) []string {
	registered := IdentityScopes
	if clientScope != "" {
		registered = strings.Fields(clientScope)
	}
	granted := make([]string, 0, len(requested))
	for _, s := range requested {
		known := slices.Contains(IdentityScopes, s) || slices.Contains(resourceScopes, s)
		if known && slices.Contains(registered, s) && !slices.Contains(granted, s) {
			granted = append(granted, s)
		}
	}
	return granted
}

// APIScopes returns the scopes of all resources, each once.
func APIScopes(resources []tenant.Resource) []string {
	var all []string
	for _, r := range resources {
		for _, s := range r.Scopes {
			if !slices.Contains(all, s) && !slices.Contains(IdentityScopes, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// narrow returns the scopes asked for in a later request: all of granted when
// it names none; one that was not granted is invalid_scope (RFC 6749 §6).
func narrow(granted []string, requested string) ([]string, *oidc.Error) {
	if requested == "" {
		return granted, nil
	}
	scope := oidc.Fields(requested)
	for _, s := range scope {
		if !slices.Contains(granted, s) {
			return nil, oidc.Refuse(oidc.InvalidScope, "RFC 6749 §6",
				"scope may be smaller than what was granted, never larger; leave scope out or ask for it at the authorization endpoint")
		}
	}
	return scope, nil
}
