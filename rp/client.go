package rp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Config is how an application is registered with its provider.
type Config struct {
	ClientID     string
	ClientSecret string // "" for a public client
	// SecretInBody sends the secret as client_secret_post instead of
	// client_secret_basic (OIDC Core §9).
	SecretInBody bool
	RedirectURI  string   // absolute, exactly as registered
	Scopes       []string // default openid profile email; openid is always asked for
}

// Client is an application at a provider. It is safe for concurrent use.
type Client struct {
	p   *Provider
	cfg Config
}

// NewClient returns a Client, or an error that says what is wrong with cfg.
func NewClient(p *Provider, cfg Config) (*Client, error) {
	if p == nil || cfg.ClientID == "" {
		return nil, errors.New("rp: a client needs a provider and a client_id")
	}
	u, err := url.Parse(cfg.RedirectURI)
	if err != nil || u.Scheme == "" || u.Fragment != "" || u.Scheme == "http" && !secure(u) || u.Scheme == "https" && u.Host == "" {
		return nil, fmt.Errorf("rp: redirect_uri %q must be absolute, without fragment, and https unless on loopback", cfg.RedirectURI)
	}
	if len(cfg.Scopes) == 0 {
		cfg.Scopes = []string{"openid", "profile", "email"}
	}
	if !slices.Contains(cfg.Scopes, "openid") {
		cfg.Scopes = append([]string{"openid"}, cfg.Scopes...)
	}
	cfg.Scopes = slices.Clone(cfg.Scopes)
	return &Client{p: p, cfg: cfg}, nil
}

// Provider returns the client's provider.
func (c *Client) Provider() *Provider { return c.p }

// ClientID returns the client's id.
func (c *Client) ClientID() string { return c.cfg.ClientID }

// AuthRequest is what an application remembers of one authorization request
// until the answer comes: keep it in the browser that asked, and nowhere where
// another browser could get at it.
type AuthRequest struct {
	State    string `json:"s"`           // comes back with the answer (RFC 6749 §10.12)
	Nonce    string `json:"n"`           // comes back in the ID token
	Verifier string `json:"v"`           // proves at the token endpoint who asked (RFC 7636)
	MaxAge   *int64 `json:"a,omitempty"` // seconds since the person really signed in; nil: any
}

// NewAuthRequest returns a request with 256 random bits in each of its parts.
func NewAuthRequest() AuthRequest {
	return AuthRequest{State: random(), Nonce: random(), Verifier: random()}
}

// random is 256 bits as 43 characters, the least a code verifier has (RFC 7636 §4.1).
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails, it ends the process instead (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Param is an optional parameter of [Client.AuthorizeURL] or [Client.EndSessionURL].
type Param func(url.Values)

// Set is any parameter; those that the library sets itself cannot be replaced.
func Set(name, value string) Param { return func(v url.Values) { v.Set(name, value) } }

// Prompt asks for a screen ("login", "consent", "select_account", "create") or
// for none (OIDC Core §3.1.2.1).
func Prompt(values ...string) Param { return Set("prompt", strings.Join(values, " ")) }

// LoginHint fills in who signs in: an e-mail address or number.
func LoginHint(identifier string) Param { return Set("login_hint", identifier) }

// UILocales are the languages of the provider's pages, best first (BCP 47).
func UILocales(tags ...string) Param { return Set("ui_locales", strings.Join(tags, " ")) }

// ACRValues are the authentication context classes wished for, best first.
func ACRValues(values ...string) Param { return Set("acr_values", strings.Join(values, " ")) }

// AuthorizeURL is where to send the browser to sign in (OIDC Core §3.1.2.1).
func (c *Client) AuthorizeURL(a AuthRequest, params ...Param) string {
	v := url.Values{"scope": {strings.Join(c.cfg.Scopes, " ")}}
	for _, p := range params {
		p(v)
	}
	v.Set("response_type", "code")
	v.Set("client_id", c.cfg.ClientID)
	v.Set("redirect_uri", c.cfg.RedirectURI)
	v.Set("state", a.State)
	v.Set("nonce", a.Nonce)
	challenge := sha256.Sum256([]byte(a.Verifier))
	v.Set("code_challenge", base64.RawURLEncoding.EncodeToString(challenge[:]))
	v.Set("code_challenge_method", "S256")
	if a.MaxAge != nil {
		v.Set("max_age", strconv.FormatInt(*a.MaxAge, 10))
	}
	return withQuery(c.p.known.Load().AuthorizationEndpoint, v)
}

// withQuery adds parameters and keeps those an endpoint has (RFC 6749 §3.1).
func withQuery(endpoint string, v url.Values) string {
	if strings.Contains(endpoint, "?") {
		return endpoint + "&" + v.Encode()
	}
	return endpoint + "?" + v.Encode()
}
