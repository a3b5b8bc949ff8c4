package grant

import (
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/tenant"
)

// AdminScopes are the scopes of the administrative API: admin.RESOURCE:read and
// admin.RESOURCE:write, and neither includes the other.
var AdminScopes = []string{
	"admin.sessions:read", "admin.sessions:write",
	"admin.logout-deliveries:read", "admin.logout-deliveries:write",
	"admin.clients:read", "admin.clients:write",
	"admin.accounts:read",
}

// AdminAudience is the audience of access tokens for a tenant's administrative
// API: the address that its paths begin with.
func AdminAudience(t *tenant.Live) string { return t.Base + "/admin/v1" }

// IsAdminScope tells whether a scope is one for administration, in either form.
// No API of a tenant may have it.
func IsAdminScope(s string) bool {
	_, ok := parsePathScope(s)
	return ok || slices.Contains(AdminScopes, s)
}

// pathScope is a scope of the form ACTION:PATH (reference/akamai.md §2.1): "."
// reads, "+" writes, "*" does everything; in the path "*" is any one segment and
// "**" at its end any number of them, none included.
type pathScope struct {
	action string
	path   []string
}

func parsePathScope(s string) (pathScope, bool) {
	action, path, ok := strings.Cut(s, ":")
	if !ok || path == "" || !slices.Contains([]string{".", "+", "*"}, action) {
		return pathScope{}, false
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case p == "" || p == "**" && i < len(parts)-1:
			return pathScope{}, false
		case strings.HasPrefix(p, "{") && strings.HasSuffix(p, "}"):
			parts[i] = "*" // as their documents write it: sessions/{session-id}
		}
	}
	return pathScope{action, parts}, true
}

// covers tells whether everything that q allows is allowed by p.
func (p pathScope) covers(q pathScope) bool {
	return (p.action == "*" || p.action == q.action) && coversPath(p.path, q.path)
}

func coversPath(p, q []string) bool {
	switch {
	case len(p) == 1 && p[0] == "**":
		return true
	case len(p) == 0 || len(q) == 0:
		return len(p) == len(q)
	case q[0] == "**" || p[0] != "*" && p[0] != q[0]:
		return false
	}
	return coversPath(p[1:], q[1:])
}

// adminScopes are the registered scopes of a client that are for administration
// now (TK14): a client that an operator made, that keeps a secret and that may
// act for itself. Others have none, whatever is registered.
func adminScopes(c *client.Client) []string {
	if c.Origin == client.FromSelf || c.Public() || !c.AllowsGrant(clientCredentials) {
		return nil
	}
	var out []string
	for _, s := range strings.Fields(c.Scope) {
		if IsAdminScope(s) {
			out = append(out, s)
		}
	}
	return out
}

// admitted tells whether a scope is among registered ones or within one of them.
func admitted(registered []string, scope string) bool {
	if slices.Contains(registered, scope) {
		return true
	}
	asked, ok := parsePathScope(scope)
	return ok && slices.ContainsFunc(registered, func(r string) bool {
		have, ok := parsePathScope(r)
		return ok && have.covers(asked)
	})
}
