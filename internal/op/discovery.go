package op

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/web"
)

// paths are where an endpoint is advertised in each dialect: the first of the
// cell of spec/product.md. Every path works in every dialect.
type paths struct {
	JWKS, Authorize, Token, UserInfo, Introspect, Revoke, EndSession, CheckSession string
}

var dialectPaths = map[tenant.Dialect]paths{
	tenant.Foyer: {"/.well-known/jwks.json", "/authorize", "/token", "/userinfo", "/introspect", "/revoke", "/endsession", "/checksession"},
	tenant.Akamai: {"/login/jwk", "/login/authorize", "/login/token", "/profiles/oidc/userinfo", "/login/token/introspect",
		"/login/token/revoke", "/login/end_session", "/checksession"},
	tenant.IdentityServer: {"/.well-known/openid-configuration/jwks", "/connect/authorize", "/connect/token", "/connect/userinfo",
		"/connect/introspect", "/connect/revocation", "/connect/endsession", "/connect/checksession"},
}

// TokenEndpoints are the addresses by which a client assertion may name the
// token endpoint (RFC 7523 §3, OIDC Core §9): every path of it.
func TokenEndpoints(t *tenant.Live) []string {
	return []string{t.Base + "/token", t.Base + "/login/token", t.Base + "/connect/token"}
}

// metadata is the discovery document (OIDC Discovery §3, RFC 8414 §2): exactly
// what works, nothing else.
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	CheckSessionIframe    string   `json:"check_session_iframe,omitempty"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	ScopesSupported       []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	RequestObjectAlgs     []string `json:"request_object_signing_alg_values_supported"`
	TokenAuthMethods      []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionMethods  []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationMethods     []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAlgs        []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAlgs     []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	ClaimsSupported       []string `json:"claims_supported"`
	UILocales             []string `json:"ui_locales_supported"`
	PromptValues          []string `json:"prompt_values_supported"`
	DisplayValues         []string `json:"display_values_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"`
	AuthorizationResponse bool     `json:"authorization_response_iss_parameter_supported"`
	BackchannelLogout     bool     `json:"backchannel_logout_supported"`
	BackchannelSession    bool     `json:"backchannel_logout_session_supported"`
	FrontchannelLogout    bool     `json:"frontchannel_logout_supported"`         // Front-Channel §3
	FrontchannelSession   bool     `json:"frontchannel_logout_session_supported"` // Front-Channel §3
}

func (p *Provider) metadata(t *tenant.Live, resources []tenant.Resource) metadata {
	at := dialectPaths[t.Dialect]
	algs := []string{string(keys.RS256), string(keys.PS256), string(keys.ES256), string(keys.EdDSA)}
	confidential := []string{client.MethodBasic, client.MethodPost, client.MethodPrivateKeyJWT}
	all := append(confidential[:3:3], client.MethodNone)
	m := metadata{
		Issuer: t.Issuer, AuthorizationEndpoint: t.Base + at.Authorize, TokenEndpoint: t.Base + at.Token,
		UserInfoEndpoint: t.Base + at.UserInfo, JWKSURI: t.Base + at.JWKS, EndSessionEndpoint: t.Base + at.EndSession,
		IntrospectionEndpoint: t.Base + at.Introspect, RevocationEndpoint: t.Base + at.Revoke,
		ScopesSupported: append(grant.IdentityScopes[:len(grant.IdentityScopes):len(grant.IdentityScopes)], grant.APIScopes(resources)...),
		ResponseTypes:   []string{"code"}, ResponseModes: []string{"query", "fragment", "form_post"},
		GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"},
		ACRValues:  []string{grant.ACR(t.Dialect, 1)}, SubjectTypes: []string{"public"},
		IDTokenAlgs: algs, RequestObjectAlgs: algs, TokenAuthMethods: all, TokenAuthAlgs: algs,
		IntrospectionMethods: confidential, RevocationMethods: all, RevocationAlgs: algs, IntrospectionAlgs: algs,
		CodeChallengeMethods: []string{"S256"}, ClaimTypes: []string{"normal"},
		ClaimsSupported: append([]string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash"}, grant.ClaimsSupported()...),
		PromptValues:    []string{"none", "login", "consent", "select_account", "create"},
		DisplayValues:   []string{"page", "touch"}, // not popup: pages are isolated from their opener (HD4)
		ClaimsParameter: true, RequestParameter: true, AuthorizationResponse: true,
		BackchannelLogout: true, BackchannelSession: true, FrontchannelLogout: true, FrontchannelSession: true,
	}
	if t.Settings.SessionManagement {
		m.CheckSessionIframe = t.Base + at.CheckSession // Session Management §3.3
	}
	for _, l := range i18n.Offered(t.Settings.Locales) {
		m.UILocales = append(m.UILocales, l.Tag())
	}
	return m
}

// rendered keeps the discovery document of each tenant for as long as what it
// was made of stands still: rendering is not work for every request.
type rendered struct {
	mu   sync.RWMutex
	docs map[string]document // by tenant
}

// document and what it was made of: two snapshots, which move one after the
// other when the configuration changes.
type document struct {
	live      *tenant.Live
	resources []tenant.Resource
	body      []byte
}

func (d document) of(t *tenant.Live, resources []tenant.Resource) bool {
	return d.live == t && len(d.resources) == len(resources) && (len(resources) == 0 || &d.resources[0] == &resources[0])
}

func (c *rendered) get(t *tenant.Live, resources []tenant.Resource, make func() ([]byte, error)) ([]byte, error) {
	c.mu.RLock()
	d := c.docs[t.ID]
	c.mu.RUnlock()
	if d.of(t, resources) {
		return d.body, nil
	}
	b, err := make()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.docs[t.ID] = document{t, resources, b}
	return b, nil
}

// Discovery answers the provider's metadata.
func (p *Provider) Discovery(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	resources, err := p.Resources.Of(r.Context(), q.Tenant.ID, q.Now)
	if err != nil {
		return fmt.Errorf("find resources: %w", err)
	}
	b, err := p.docs.get(q.Tenant, resources, func() ([]byte, error) {
		return json.Marshal(p.metadata(q.Tenant, resources))
	})
	if err != nil {
		return err
	}
	return public(w, r, b, "")
}

// JWKS answers the public keys (RFC 7517 §5).
func (p *Provider) JWKS(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	ring, err := p.Keys.Published(r.Context(), q.Tenant.ID)
	if err != nil {
		return fmt.Errorf("load keys: %w", err)
	}
	b, etag := ring.JWKS()
	return public(w, r, b, etag)
}

var (
	publicCache = []string{"public, max-age=300"}
	anyOrigin   = []string{"*"}
	jsonType    = []string{"application/json"}
)

// public writes a document that anybody may read and keep for five minutes.
func public(w http.ResponseWriter, r *http.Request, b []byte, etag string) error {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin // spec/tokens.md §5
	h["Cache-Control"] = publicCache
	if etag != "" {
		h["Etag"] = []string{etag}
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	return web.Body(w, http.StatusOK, jsonType, b)
}
