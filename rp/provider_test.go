package rp_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/foyer-id/foyer/rp"
)

// key is one signing key of the test's provider.
type key struct {
	kid     string
	alg     jose.SignatureAlgorithm
	private crypto.Signer
}

func newKey(t testing.TB, kid string, alg jose.SignatureAlgorithm) key {
	t.Helper()
	var k crypto.Signer
	var err error
	switch alg {
	case jose.ES256:
		k, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.EdDSA:
		_, k, err = ed25519.GenerateKey(rand.Reader)
	default:
		k, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key{kid, alg, k}
}

func (k key) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.kid, Algorithm: string(k.alg), Use: "sig"}
}

// sign makes a compact JWS with a typ header.
func (k key) sign(t testing.TB, claims any, typ string) string {
	t.Helper()
	b, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return k.signBytes(t, b, typ)
}

func (k key) signBytes(t testing.TB, payload []byte, typ string) string {
	t.Helper()
	o := &jose.SignerOptions{}
	if typ != "" {
		o = o.WithType(jose.ContentType(typ))
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.private, KeyID: k.kid}}, o)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// provider is a small OpenID provider on a real listener: whoever asks it to
// authorize is ada, at once. Tests change what it says.
type provider struct {
	*httptest.Server
	t   testing.TB
	now time.Time // does not move by itself

	mu      sync.Mutex
	signing key
	keys    []any         // the JWKS
	held    chan struct{} // when set, readers of the JWKS say so and wait

	heldMetadata chan struct{} // the same for the metadata

	metadata map[string]any
	asked    url.Values // the authorization request that is being answered
	codes    map[string]url.Values
	forms    []url.Values
	fetched  map[string]int
	claims   func(map[string]any) // changes the next ID tokens
	idToken  string               // "": made; else sent as it is
	typ      string
	token    func(http.ResponseWriter, url.Values) bool // answers instead when true
	userinfo func(http.ResponseWriter)
}

func newProvider(t testing.TB) *provider {
	t.Helper()
	p := &provider{t: t, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), signing: newKey(t, "one", jose.ES256), fetched: map[string]int{}, codes: map[string]url.Values{}, typ: "JWT"}
	p.keys = []any{p.signing.public()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /jwks", p.jwks)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.tokens)
	mux.HandleFunc("GET /userinfo", p.user)
	mux.HandleFunc("POST /revoke", func(_ http.ResponseWriter, r *http.Request) { p.record(r) })
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	p.metadata = map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize?tenant=x", "token_endpoint": p.URL + "/token",
		"jwks_uri": p.URL + "/jwks", "userinfo_endpoint": p.URL + "/userinfo", "revocation_endpoint": p.URL + "/revoke",
		"end_session_endpoint": p.URL + "/endsession", "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	}
	return p
}

func (p *provider) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *provider) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *provider) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetched[path]
}

func (p *provider) lastForm() url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.forms[len(p.forms)-1]
}

func (p *provider) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		p.t.Error(err)
	}
}

func (p *provider) discovery(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.fetched[r.URL.Path]++
	m, held := maps.Clone(p.metadata), p.heldMetadata
	p.mu.Unlock()
	if held != nil {
		held <- struct{}{} // here it is
		<-held
	}
	p.json(w, 200, m)
}

func (p *provider) jwks(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.fetched[r.URL.Path]++
	keys, held := p.keys, p.held
	p.mu.Unlock()
	if held != nil {
		held <- struct{}{} // here it is
		<-held
	}
	if keys == nil {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	p.json(w, 200, map[string]any{"keys": keys})
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := ""
	p.change(func() {
		code = fmt.Sprint("code-", len(p.codes)+1)
		p.codes[code], p.asked = q, q
	})
	v := url.Values{"state": {q.Get("state")}, "iss": {p.URL}}
	if q.Get("prompt") == "none" {
		v.Set("error", "login_required")
	} else {
		v.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+v.Encode(), http.StatusSeeOther)
}

func (p *provider) record(r *http.Request) url.Values {
	if err := r.ParseForm(); err != nil {
		p.t.Error(err)
	}
	form := maps.Clone(r.PostForm)
	if id, secret, ok := r.BasicAuth(); ok {
		form.Set("basic", id+" "+secret)
	}
	p.change(func() { p.forms = append(p.forms, form) })
	return form
}

// tokens checks PKCE like a provider does and answers.
func (p *provider) tokens(w http.ResponseWriter, r *http.Request) {
	form := p.record(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token != nil && p.token(w, form) {
		return
	}
	if asked, ok := p.codes[form.Get("code")]; ok {
		p.asked = asked
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if form.Get("grant_type") == "authorization_code" && base64.RawURLEncoding.EncodeToString(sum[:]) != p.asked.Get("code_challenge") {
		p.json(w, 400, map[string]string{"error": "invalid_grant", "error_description": "wrong code_verifier"})
		return
	}
	p.json(w, 200, map[string]any{
		"access_token": "the-access-token", "token_type": "bearer", "expires_in": 3600, "refresh_token": "the-refresh-token", "id_token": p.makeIDToken(),
	})
}

// makeIDToken is called with the lock held.
func (p *provider) makeIDToken() string {
	if p.idToken != "" {
		return p.idToken
	}
	return p.signing.sign(p.t, p.makeClaims(), p.typ)
}

func (p *provider) makeClaims() map[string]any {
	sum := sha256.Sum256([]byte("the-access-token"))
	c := map[string]any{
		"iss": p.URL, "sub": "ada", "aud": "app", "azp": "app", "exp": p.now.Add(time.Hour).Unix(), "iat": p.now.Unix(),
		"auth_time": p.now.Add(-time.Minute).Unix(), "nonce": p.asked.Get("nonce"), "sid": "browser-1", "acr": "1", "amr": []string{"pwd"},
		"at_hash": base64.RawURLEncoding.EncodeToString(sum[:16]),
	}
	if p.claims != nil {
		p.claims(c)
	}
	return c
}

func (p *provider) user(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	answer := p.userinfo
	p.mu.Unlock()
	switch {
	case answer != nil:
		answer(w)
	case r.Header.Get("Authorization") != "Bearer the-access-token":
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token", error_description="it ended"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		p.json(w, 200, map[string]any{"sub": "ada", "name": "Ada Lovelace", "email": "ada@example.com", "email_verified": true})
	}
}

// discover returns the library's view of p, on p's clock.
func (p *provider) discover(t testing.TB) *rp.Provider {
	t.Helper()
	got, err := rp.Discover(t.Context(), p.URL, rp.Options{Now: p.clock})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const redirectURI = "http://127.0.0.1/callback"

func (p *provider) client(t testing.TB) *rp.Client {
	t.Helper()
	c, err := rp.NewClient(p.discover(t), rp.Config{ClientID: "app", ClientSecret: "s3:cret&", RedirectURI: redirectURI})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sendAuthorize follows an authorization URL to the answer.
func sendAuthorize(t testing.TB, address string) url.Values {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	return to.Query()
}

// signIn goes through the code flow and returns what Exchange returns.
func signIn(t testing.TB, c *rp.Client, a rp.AuthRequest) (*rp.Tokens, error) {
	t.Helper()
	return c.Exchange(t.Context(), sendAuthorize(t, c.AuthorizeURL(a)), a)
}
