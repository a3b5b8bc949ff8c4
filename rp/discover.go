package rp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Options are how a provider is spoken to. The zero value is usable.
type Options struct {
	// HTTPClient sends the requests; its redirect policy is replaced by "none".
	// Default: a client with a timeout of 10 seconds.
	HTTPClient *http.Client
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Algorithms are the signature algorithms accepted in ID tokens. Default and
	// outer bound: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA.
	Algorithms []string
}

// Metadata is what a provider says about itself (OIDC Discovery §3, RFC 8414 §2).
type Metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	UserInfoEndpoint      string   `json:"userinfo_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	EndSessionEndpoint    string   `json:"end_session_endpoint"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	// IssInResponse promises iss in every authorization response (RFC 9207 §3).
	IssInResponse bool `json:"authorization_response_iss_parameter_supported"`
}

// Provider is an OpenID provider: its metadata, read again after an hour, and
// its keys, read again when a token names one that is not known, at most every
// 30 seconds. It is safe for concurrent use; make one per issuer and keep it.
type Provider struct {
	issuer string
	http   *http.Client
	now    func() time.Time
	algs   []string
	known  atomic.Pointer[metadataAt]
	keys   *keyCache
}

type metadataAt struct {
	Metadata
	at time.Time
}

// metadataLife is how long metadata is used without asking again; older ones
// are used on while the provider does not answer.
const metadataLife = time.Hour

// ErrIssuer: the provider at an issuer's address says it is another one (OIDC
// Discovery §4.3), or what it says cannot be used.
var ErrIssuer = errors.New("rp: not the provider that was asked for")

// Discover reads the metadata of an issuer (OIDC Discovery §4). The issuer is
// an https URL, or http on loopback, exactly as the provider writes it. An
// error is ErrIssuer or that of the request: try again later.
func Discover(ctx context.Context, issuer string, o Options) (*Provider, error) {
	u, err := url.Parse(issuer)
	if err != nil || !secure(u) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("%w: issuer %q is not an https URL without query and fragment", ErrIssuer, issuer)
	}
	p := &Provider{issuer: issuer, http: withoutRedirects(o.HTTPClient), now: o.Now, algs: algorithms(o.Algorithms)}
	if p.now == nil {
		p.now = time.Now
	}
	if len(p.algs) == 0 {
		return nil, errors.New("rp: Options.Algorithms holds none that can be used")
	}
	p.keys = newKeyCache(p)
	if err := p.read(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Metadata returns what the provider last said about itself.
func (p *Provider) Metadata() Metadata {
	m := p.known.Load().Metadata
	m.CodeChallengeMethods = slices.Clone(m.CodeChallengeMethods)
	return m
}

// current reads old metadata again; a provider that does not answer now keeps
// the endpoints it had.
func (p *Provider) current(ctx context.Context) *Metadata {
	at := p.known.Load()
	now := p.now()
	// One asks, and the others go on with what they have; the next asks in a minute.
	if now.Sub(at.at) > metadataLife && p.known.CompareAndSwap(at, &metadataAt{at.Metadata, now.Add(time.Minute - metadataLife)}) {
		_ = p.read(ctx)
	}
	return &p.known.Load().Metadata
}

func (p *Provider) read(ctx context.Context) error {
	var m Metadata
	// The well-known path follows the issuer's own (OIDC Discovery §4.1).
	if err := p.getJSON(ctx, strings.TrimSuffix(p.issuer, "/")+"/.well-known/openid-configuration", &m); err != nil {
		return fmt.Errorf("rp: discover %s: %w", p.issuer, err)
	}
	if err := p.check(&m); err != nil {
		return err
	}
	p.known.Store(&metadataAt{m, p.now()})
	return nil
}

func (p *Provider) check(m *Metadata) error {
	if m.Issuer != p.issuer {
		return fmt.Errorf("%w: asked %q, it calls itself %q", ErrIssuer, p.issuer, m.Issuer)
	}
	for _, e := range []struct {
		name, value string
		required    bool
	}{
		{"authorization_endpoint", m.AuthorizationEndpoint, true},
		{"token_endpoint", m.TokenEndpoint, true},
		{"jwks_uri", m.JWKSURI, true},
		{"userinfo_endpoint", m.UserInfoEndpoint, false},
		{"revocation_endpoint", m.RevocationEndpoint, false},
		{"end_session_endpoint", m.EndSessionEndpoint, false},
	} {
		if e.value == "" && !e.required {
			continue
		}
		if u, err := url.Parse(e.value); err != nil || !secure(u) || u.Fragment != "" {
			return fmt.Errorf("%w: %s %q is not an https URL", ErrIssuer, e.name, e.value)
		}
	}
	// RFC 7636 §4.2; a provider that does not say is sent S256 all the same.
	if len(m.CodeChallengeMethods) > 0 && !slices.Contains(m.CodeChallengeMethods, "S256") {
		return fmt.Errorf("%w: it does not know PKCE S256", ErrIssuer)
	}
	return nil
}

// secure: https, or http that does not leave the machine.
func secure(u *url.URL) bool {
	if u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// withoutRedirects: a redirect could carry a code, a secret or a token to
// somebody else (RFC 9700 §4.11).
func withoutRedirects(c *http.Client) *http.Client {
	if c == nil {
		c = &http.Client{Timeout: 10 * time.Second}
	}
	own := *c
	own.Jar = nil
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}
