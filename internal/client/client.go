package client

import (
	"encoding/json"
	"slices"

	"github.com/foyer-id/foyer/internal/config"
)

// Spec is a client's metadata: RFC 7591 §2 and OIDC Registration §2 names, then
// Foyer's own. It is what a tenant file says and what is stored; pointers are
// members whose absence means a default that depends on something else.
type Spec struct {
	ClientID                          string   `yaml:"client_id" json:"client_id"`
	ClientName                        string   `yaml:"client_name" json:"client_name,omitempty"`
	TokenEndpointAuthMethod           string   `yaml:"token_endpoint_auth_method" json:"token_endpoint_auth_method,omitempty"`
	TokenEndpointAuthSigningAlg       string   `yaml:"token_endpoint_auth_signing_alg" json:"token_endpoint_auth_signing_alg,omitempty"`
	ClientSecret                      string   `yaml:"client_secret" json:"-"`
	RedirectURIs                      []string `yaml:"redirect_uris" json:"redirect_uris,omitempty"`
	PostLogoutRedirectURIs            []string `yaml:"post_logout_redirect_uris" json:"post_logout_redirect_uris,omitempty"`
	GrantTypes                        []string `yaml:"grant_types" json:"grant_types,omitempty"`
	ResponseTypes                     []string `yaml:"response_types" json:"response_types,omitempty"`
	Scope                             string   `yaml:"scope" json:"scope,omitempty"`
	Contacts                          []string `yaml:"contacts" json:"contacts,omitempty"`
	ClientURI                         string   `yaml:"client_uri" json:"client_uri,omitempty"`
	LogoURI                           string   `yaml:"logo_uri" json:"logo_uri,omitempty"`
	PolicyURI                         string   `yaml:"policy_uri" json:"policy_uri,omitempty"`
	TOSURI                            string   `yaml:"tos_uri" json:"tos_uri,omitempty"`
	JWKS                              *JWKS    `yaml:"jwks" json:"jwks,omitempty"`
	JWKSURI                           string   `yaml:"jwks_uri" json:"jwks_uri,omitempty"`
	BackchannelLogoutURI              string   `yaml:"backchannel_logout_uri" json:"backchannel_logout_uri,omitempty"`
	BackchannelLogoutSessionRequired  bool     `yaml:"backchannel_logout_session_required" json:"backchannel_logout_session_required,omitempty"`
	FrontchannelLogoutURI             string   `yaml:"frontchannel_logout_uri" json:"frontchannel_logout_uri,omitempty"`
	FrontchannelLogoutSessionRequired bool     `yaml:"frontchannel_logout_session_required" json:"frontchannel_logout_session_required,omitempty"`
	ApplicationType                   string   `yaml:"application_type" json:"application_type,omitempty"` // web (default) | native
	IDTokenSignedResponseAlg          string   `yaml:"id_token_signed_response_alg" json:"id_token_signed_response_alg,omitempty"`
	SubjectType                       string   `yaml:"subject_type" json:"subject_type,omitempty"`
	RequestObjectSigningAlg           string   `yaml:"request_object_signing_alg" json:"request_object_signing_alg,omitempty"`
	DefaultMaxAge                     *int64   `yaml:"default_max_age" json:"default_max_age,omitempty"` // seconds
	RequireAuthTime                   bool     `yaml:"require_auth_time" json:"require_auth_time,omitempty"`
	InitiateLoginURI                  string   `yaml:"initiate_login_uri" json:"initiate_login_uri,omitempty"`
	SoftwareID                        string   `yaml:"software_id" json:"software_id,omitempty"`
	SoftwareVersion                   string   `yaml:"software_version" json:"software_version,omitempty"`
	// Foyer's own (spec/operating.md §3).
	FirstParty            *bool    `yaml:"first_party" json:"first_party,omitempty"`                 // default true
	LogoutConfirmation    string   `yaml:"logout_confirmation" json:"logout_confirmation,omitempty"` // auto | hint | always; "" by dialect
	LogoutResultParam     *string  `yaml:"logout_result_param" json:"logout_result_param,omitempty"` // default "logout"
	AccessTokenFormat     string   `yaml:"access_token_format" json:"access_token_format,omitempty"` // jwt (default) | opaque
	RequireState          bool     `yaml:"require_state" json:"require_state,omitempty"`
	Enabled               *bool    `yaml:"enabled" json:"enabled,omitempty"`                     // default true
	SelfRegistration      *bool    `yaml:"self_registration" json:"self_registration,omitempty"` // nil: the tenant's
	RequirePKCE           *bool    `yaml:"require_pkce" json:"require_pkce,omitempty"`           // nil: the tenant's
	DefaultLocale         string   `yaml:"default_locale" json:"default_locale,omitempty"`
	RefreshRotation       *bool    `yaml:"refresh_rotation" json:"refresh_rotation,omitempty"` // nil: public clients rotate
	BackchannelLogoutOn   []string `yaml:"backchannel_logout_on" json:"backchannel_logout_on,omitempty"`
	RevokeOfflineOnLogout bool     `yaml:"revoke_offline_on_logout" json:"revoke_offline_on_logout,omitempty"`
	IDTokenClaims         []string `yaml:"id_token_claims" json:"id_token_claims,omitempty"`
	StringUpdatedAt       bool     `yaml:"string_updated_at" json:"string_updated_at,omitempty"`
	RequiredFields        []string `yaml:"required_fields" json:"required_fields,omitempty"`
	CORSOrigins           []string `yaml:"cors_origins" json:"cors_origins,omitempty"`
	Tokens                Tokens   `yaml:"tokens" json:"tokens,omitzero"`
	ProfileMenu           []string `yaml:"profile_menu" json:"profile_menu,omitempty"`
}

// Tokens are lifetimes that differ from the tenant's; zero: the tenant's.
type Tokens struct {
	AccessToken     config.Duration `yaml:"access_token" json:"access_token,omitzero"`
	IDToken         config.Duration `yaml:"id_token" json:"id_token,omitzero"`
	RefreshIdle     config.Duration `yaml:"refresh_idle" json:"refresh_idle,omitzero"`
	RefreshAbsolute config.Duration `yaml:"refresh_absolute" json:"refresh_absolute,omitzero"`
	RefreshGrace    config.Duration `yaml:"refresh_grace" json:"refresh_grace,omitzero"`
	Code            config.Duration `yaml:"code" json:"code,omitzero"`
}

// JWKS is a client's inline key set (RFC 7517 §5), members as they were given.
type JWKS struct {
	Keys []map[string]any `yaml:"keys" json:"keys"`
}

// Bytes returns the set as JSON.
func (j *JWKS) Bytes() []byte {
	b, _ := json.Marshal(j) // maps of JSON values cannot fail
	return b
}

// Origin is who made a client.
type Origin string

// Origins. Clients that registered themselves are never first-party.
const (
	FromFile     Origin = "apply"
	FromOperator Origin = "operator"
	FromSelf     Origin = "self" // dynamic registration
)

// Secret is one live client secret: 256 bits, of which the hash is stored.
type Secret struct {
	Hash      string `json:"hash"`
	CreatedAt int64  `json:"created_at"`           // Unix µs
	ExpiresAt int64  `json:"expires_at,omitempty"` // Unix µs, 0: never
}

// Client is a registered application.
type Client struct {
	Spec
	Version   int64
	CreatedAt int64 // Unix µs; grants from before are another client's (MT3)
	Origin    Origin
	Secrets   []Secret
}

// Authentication methods (RFC 7591 §2, OIDC Core §9).
const (
	MethodBasic         = "client_secret_basic"
	MethodPost          = "client_secret_post"
	MethodPrivateKeyJWT = "private_key_jwt"
	MethodNone          = "none"
)

// Method is the one registered authentication method; client_secret_basic when
// the metadata says nothing (RFC 7591 §2).
func (c *Client) Method() string {
	if c.TokenEndpointAuthMethod == "" {
		return MethodBasic
	}
	return c.TokenEndpointAuthMethod
}

// Public tells whether the client has no credentials (RFC 6749 §2.1).
func (c *Client) Public() bool { return c.Method() == MethodNone }

// Native tells whether the client is a native application (RFC 8252).
func (c *Client) Native() bool { return c.ApplicationType == "native" }

// IsEnabled tells whether the client may be used.
func (c *Client) IsEnabled() bool { return c.Enabled == nil || *c.Enabled }

// IsFirstParty tells whether consent and some confirmations are left out.
func (c *Client) IsFirstParty() bool {
	return c.Origin != FromSelf && (c.FirstParty == nil || *c.FirstParty)
}

// ResultParam is the parameter that says logout=success, "" for none
// (spec/logout.md §1.6).
func (c *Client) ResultParam() string {
	switch {
	case c.LogoutResultParam != nil:
		return *c.LogoutResultParam
	case c.Origin == FromSelf:
		return ""
	}
	return "logout"
}

// AllowsGrant tells whether the client may use a grant type; authorization_code
// alone when the metadata says nothing (RFC 7591 §2).
func (c *Client) AllowsGrant(grantType string) bool {
	if len(c.GrantTypes) == 0 {
		return grantType == "authorization_code"
	}
	return slices.Contains(c.GrantTypes, grantType)
}

// Rotates tells whether refresh tokens rotate (spec/tokens.md §3).
func (c *Client) Rotates() bool {
	if c.RefreshRotation != nil {
		return *c.RefreshRotation
	}
	return c.Public()
}

// Name is the name to show people.
func (c *Client) Name() string {
	if c.ClientName != "" {
		return c.ClientName
	}
	return c.ClientID
}
