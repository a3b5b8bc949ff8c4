package grant

import (
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/client"
)

// TestAdmitted: reference/akamai.md §2.1, as docs/migrating/akamai.md says it.
func TestAdmitted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		registered, asked string
		want              bool
	}{
		{"admin.sessions:read", "admin.sessions:read", true},
		{"admin.sessions:write", "admin.sessions:read", false},
		{"*:**", "admin.sessions:read", false},
		{"admin.sessions:read", ".:sessions", false},
		{"*:**", "*:**", true},
		{"*:**", ".:sessions", true},
		{"*:**", "+:config/clients/1", true},
		{"*:sessions/**", "*:sessions", true}, // any number of segments, none included
		{"*:sessions/**", "*:sessions/a/b", true},
		{"*:sessions/**", "*:sessionsx", false},
		{"*:sessions/**", "*:**", false},
		{".:sessions/*", ".:sessions/a", true},
		{".:sessions/*", ".:sessions", false},
		{".:sessions/*", ".:sessions/a/b", false},
		{".:sessions/*", ".:sessions/**", false},
		{".:sessions/*", "*:sessions/a", false},
		{".:sessions/{session-id}", ".:sessions/a", true},
		{".:sessions/a", ".:sessions/*", false},
		{".:sessions/a", ".:sessions/{session-id}", false},
		{"+:sessions/a", ".:sessions/a", false},
		{"*:sessions/a", ".:sessions/a", true},
		{".:sessions .:config", ".:config", true},
		{".:**", ".:**/x", false}, // ** is for the end alone
		{".:**", ".:", false},
		{".:**", ".:/sessions", false},
		{".:**", ".:sessions//a", false},
		{"*:**", "read:sessions", false},
		{"*:**", "", false},
	} {
		if got := admitted(strings.Fields(c.registered), c.asked); got != c.want {
			t.Errorf("%q asks for %q: %t", c.registered, c.asked, got)
		}
	}
}

// TestTK14_WhoHasAdministrativeScopes: whatever is registered.
func TestTK14_WhoHasAdministrativeScopes(t *testing.T) {
	t.Parallel()
	scope := "openid orders.read *:** " + strings.Join(AdminScopes, " ")
	machine := []string{"client_credentials"}
	for name, c := range map[string]struct {
		client client.Client
		want   int
	}{
		"of an operator":       {client.Client{Origin: client.FromOperator, Spec: client.Spec{Scope: scope, GrantTypes: machine}}, len(AdminScopes) + 1},
		"of a file":            {client.Client{Origin: client.FromFile, Spec: client.Spec{Scope: scope, GrantTypes: machine}}, len(AdminScopes) + 1},
		"registered itself":    {client.Client{Origin: client.FromSelf, Spec: client.Spec{Scope: scope, GrantTypes: machine}}, 0},
		"without a secret":     {client.Client{Origin: client.FromFile, Spec: client.Spec{Scope: scope, GrantTypes: machine, TokenEndpointAuthMethod: "none"}}, 0},
		"for people":           {client.Client{Origin: client.FromFile, Spec: client.Spec{Scope: scope}}, 0},
		"without such a scope": {client.Client{Origin: client.FromFile, Spec: client.Spec{Scope: "openid admin.everything:write", GrantTypes: machine}}, 0},
		"without any scope":    {client.Client{Origin: client.FromFile, Spec: client.Spec{GrantTypes: machine}}, 0},
	} {
		if got := adminScopes(&c.client); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
