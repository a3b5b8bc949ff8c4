package op

import (
	"context"
	"net/http"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/web"
)

// Rings gives the keys of a tenant.
type Rings interface {
	Ring(ctx context.Context, tenant string) (*keys.Ring, error)
	// Published is Ring to publish: the last one while the database is out of
	// reach (P4).
	Published(ctx context.Context, tenant string) (*keys.Ring, error)
}

// Resources gives the APIs of a tenant.
type Resources interface {
	Of(ctx context.Context, tenant string, now time.Time) ([]tenant.Resource, error)
}

// Provider are the endpoints that programs call.
type Provider struct {
	Grants    *grant.Service
	Auth      *client.Authenticator
	Clients   *client.Directory
	Keys      Rings
	Resources Resources

	docs rendered
}

// NewProvider returns p ready for use.
func NewProvider(p *Provider) *Provider {
	p.docs.docs = map[string]document{}
	return p
}

// Routes are the protocol's endpoints with their aliases (spec/product.md).
func (p *Provider) Routes() []web.Route {
	published := func(h web.Handler) map[string]web.Handler {
		return map[string]web.Handler{http.MethodGet: h, http.MethodOptions: PublicPreflight}
	}
	post := func(h web.Handler) map[string]web.Handler {
		return map[string]web.Handler{http.MethodPost: h, http.MethodOptions: p.Preflight}
	}
	userInfo := map[string]web.Handler{http.MethodGet: p.UserInfo, http.MethodPost: p.UserInfo, http.MethodOptions: p.Preflight}
	return []web.Route{
		{Path: "/.well-known/openid-configuration", Methods: published(p.Discovery), CORS: true,
			Aliases: []string{"/login/.well-known/openid-configuration"}},
		{Path: "/.well-known/oauth-authorization-server", Methods: published(p.Discovery), CORS: true},
		{Path: "/.well-known/jwks.json", CORS: true, Methods: published(p.JWKS),
			Aliases: []string{"/login/jwk", "/.well-known/openid-configuration/jwks"}},
		{Path: "/token", CORS: true, Methods: post(p.Token), Aliases: []string{"/login/token", "/connect/token"}},
		{Path: "/userinfo", CORS: true, Methods: userInfo,
			Aliases: []string{"/profiles/oidc/userinfo", "/connect/userinfo"}},
		{Path: "/introspect", Methods: map[string]web.Handler{http.MethodPost: p.Introspect},
			Aliases: []string{"/login/token/introspect", "/token/introspect", "/connect/introspect"}},
		{Path: "/revoke", CORS: true, Methods: post(p.Revoke),
			Aliases: []string{"/logout", "/login/token/revoke", "/token/revoke", "/connect/revocation"}},
	}
}

// Routes are the endpoints that browsers navigate to. HEAD is refused: their GET
// changes something (HD9).
func (p *Interactive) Routes() []web.Route {
	both := func(h web.Handler) map[string]web.Handler {
		return map[string]web.Handler{http.MethodGet: h, http.MethodPost: h, http.MethodHead: nil}
	}
	return []web.Route{
		{Path: "/authorize", Methods: both(p.Authorize), Aliases: []string{"/login/authorize", "/connect/authorize"}},
		{Path: "/endsession", Methods: both(p.EndSession),
			Aliases: []string{"/login/end_session", "/connect/endsession", "/connect/end_session", "/auth-ui/logout"}},
		{Path: "/checksession", Methods: map[string]web.Handler{http.MethodGet: p.CheckSession},
			Aliases: []string{"/connect/checksession"}},
	}
}
