package grant

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

// scopeClaims are the claims that a scope asks for (OIDC Core §5.4).
var scopeClaims = map[string][]string{
	"profile": {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile",
		"picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"},
	"email":   {"email", "email_verified"},
	"phone":   {"phone_number", "phone_number_verified"},
	"address": {"address"},
}

// claimScope is the scope that covers a claim.
var claimScope = func() map[string]string {
	m := map[string]string{}
	for scope, names := range scopeClaims {
		for _, n := range names {
			m[n] = scope
		}
	}
	return m
}()

// ClaimsSupported lists the claims about a person, sorted, for discovery.
func ClaimsSupported() []string {
	out := make([]string, 0, len(claimScope))
	for n := range claimScope {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// scopeOf is the scope that covers a claim; what is not standard is part of the
// profile.
func scopeOf(claim string) string {
	if s, ok := claimScope[claim]; ok {
		return s
	}
	return "profile"
}

// permittedClaims keeps of a claims parameter what the client may be told: a
// claim asked for by name needs its scope registered for a first-party client,
// and granted, that is consented to, for any other; else it would go around the
// consent screen (OIDC Core §5.5 leaves what is voluntary to us).
func permittedClaims(req *oidc.ClaimsRequest, c *client.Client, granted []string) *oidc.ClaimsRequest {
	if req == nil {
		return nil
	}
	allowed := granted
	if c.IsFirstParty() {
		allowed = GrantScope(IdentityScopes, c.Scope, nil)
	}
	keep := func(in map[string]*oidc.ClaimRequest) map[string]*oidc.ClaimRequest {
		var out map[string]*oidc.ClaimRequest
		for name := range in {
			if slices.Contains(allowed, scopeOf(name)) {
				if out == nil {
					out = map[string]*oidc.ClaimRequest{}
				}
				out[name] = nil // the name is all that issuing needs
			}
		}
		return out
	}
	p := &oidc.ClaimsRequest{UserInfo: keep(req.UserInfo), IDToken: keep(req.IDToken)}
	if p.UserInfo == nil && p.IDToken == nil {
		return nil
	}
	return p
}

// userInfoClaims are the claims of a userinfo answer (OIDC Core §5.3.2).
func userInfoClaims(a *account.Account, c *client.Client, scope []string, req *oidc.ClaimsRequest) map[string]any {
	out := make(map[string]any, 20)
	for _, s := range scope {
		for _, name := range scopeClaims[s] {
			addClaim(out, a, c, name)
		}
	}
	if req != nil {
		for name := range req.UserInfo {
			addClaim(out, a, c, name)
		}
	}
	out["sub"] = a.Sub
	return out
}

// idTokenClaims are the claims that go into the ID token beside the protocol's:
// those of the client's id_token_claims that a granted scope covers, and those
// that the claims parameter asked for there.
func idTokenClaims(a *account.Account, c *client.Client, scope []string, req *oidc.ClaimsRequest) map[string]any {
	if len(c.IDTokenClaims) == 0 && (req == nil || len(req.IDToken) == 0) {
		return nil
	}
	out := map[string]any{}
	for _, name := range c.IDTokenClaims {
		if slices.Contains(scope, scopeOf(name)) {
			addClaim(out, a, c, name)
		}
	}
	if req != nil {
		for name := range req.IDToken {
			addClaim(out, a, c, name)
		}
	}
	return out
}

// stringUpdatedAt is how the seed product writes updated_at (spec/tokens.md §2).
const stringUpdatedAt = "2006-01-02 15:04:05.000000 -0700"

// addClaim adds a claim when the account has it; what is unknown is left out,
// never null or empty (OIDC Core §5.3.2).
func addClaim(out map[string]any, a *account.Account, c *client.Client, name string) {
	text := func(v string) {
		if v != "" {
			out[name] = v
		}
	}
	switch name {
	case "name":
		text(a.FullName())
	case "email":
		text(a.Email)
	case "email_verified":
		if a.Email != "" {
			out[name] = a.EmailVerified
		}
	case "phone_number":
		text(a.Mobile) // E.164
	case "phone_number_verified":
		if a.Mobile != "" {
			out[name] = a.MobileVerified
		}
	case "updated_at":
		if at := time.UnixMicro(a.UpdatedAt).UTC(); c.StringUpdatedAt {
			out[name] = at.Format(stringUpdatedAt)
		} else {
			out[name] = at.Unix()
		}
	case "address":
		if len(a.Profile.Address) > 0 && json.Valid(a.Profile.Address) {
			out[name] = a.Profile.Address
		}
	default:
		text(a.Profile.Get(name))
	}
}

// ACR is the acr value of a level in a dialect (spec/sign-in.md §2).
func ACR(d tenant.Dialect, l session.Level) string {
	prefix := "urn:foyer:acr:"
	if d == tenant.Akamai {
		prefix = "urn:akamai-ic:nist:800-63-3:aal:"
	}
	switch {
	case l >= 2:
		return prefix + "2"
	case l == 1:
		return prefix + "1"
	}
	return ""
}
