package grant

import (
	"slices"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

// formatOpaque is the access_token_format of clients and resources that is not
// a JWT.
const formatOpaque = "opaque"

// target is what an access token is for.
type target struct {
	audience []string
	scope    []string
	opaque   bool
}

// CheckResources refuses a resource indicator that is no resource of the tenant
// (RFC 8707 §2). The tenant's default audience and its issuer are resources too.
func CheckResources(t *tenant.Live, resources []tenant.Resource, asked []string) *oidc.Error {
	for _, a := range asked {
		if a != t.Issuer && a != t.Settings.Tokens.DefaultAudience && findResource(resources, a) == nil {
			return oidc.Refuse(oidc.InvalidTarget, "RFC 8707 §2", "resource is not known here; use the audience of a registered resource")
		}
	}
	return nil
}

func findResource(resources []tenant.Resource, audience string) *tenant.Resource {
	for i := range resources {
		if resources[i].Audience == audience {
			return &resources[i]
		}
	}
	return nil
}

// aim settles audience, scope and format of an access token for the resources
// that were named; for none of them it is the default audience. Scopes of APIs
// that the token is not for are left out when it names its resources (RFC 8707
// §2.2).
func aim(t *tenant.Live, c *client.Client, resources []tenant.Resource, named, scope []string) (target, *oidc.Error) {
	if err := CheckResources(t, resources, named); err != nil {
		return target{}, err
	}
	audience := unique(named)
	if len(named) == 0 {
		audience = []string{defaultAudience(t)}
	} else {
		scope = scopesFor(resources, audience, scope)
	}
	opaque, err := format(c, resources, audience)
	if err != nil {
		return target{}, err
	}
	return target{audience, scope, opaque}, nil
}

// choose returns the resources of a later request: those it names, which must
// be among those the grant was made for (TK6), else all of these. A grant that
// named none was made for the default audience.
func choose(t *tenant.Live, granted, asked []string) ([]string, *oidc.Error) {
	if len(asked) == 0 {
		return granted, nil
	}
	for _, a := range asked {
		if !slices.Contains(granted, a) && (len(granted) > 0 || a != defaultAudience(t)) {
			return nil, oidc.Refuse(oidc.InvalidTarget, "RFC 8707 §2.2", "resource was not part of the authorization request; name it there first")
		}
	}
	return asked, nil
}

func defaultAudience(t *tenant.Live) string {
	if a := t.Settings.Tokens.DefaultAudience; a != "" {
		return a
	}
	return t.Issuer
}

// format is the client's, unless the resources say otherwise; two that differ
// need two tokens.
func format(c *client.Client, resources []tenant.Resource, audience []string) (opaque bool, _ *oidc.Error) {
	said := ""
	for _, a := range audience {
		r := findResource(resources, a)
		if r == nil || r.AccessTokenFormat == "" {
			continue
		}
		if said != "" && said != r.AccessTokenFormat {
			return false, oidc.Refuse(oidc.InvalidTarget, "RFC 8707 §2", "these resources take access tokens of different formats; ask for one token each")
		}
		said = r.AccessTokenFormat
	}
	if said == "" {
		said = c.AccessTokenFormat
	}
	return said == formatOpaque, nil
}

// scopesFor leaves out the scopes of APIs that are not among the audience.
func scopesFor(resources []tenant.Resource, audience, scope []string) []string {
	kept := make([]string, 0, len(scope))
	for _, s := range scope {
		mine := slices.Contains(IdentityScopes, s)
		for i := range resources {
			mine = mine || slices.Contains(audience, resources[i].Audience) && slices.Contains(resources[i].Scopes, s)
		}
		if mine {
			kept = append(kept, s)
		}
	}
	return kept
}

func unique(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
