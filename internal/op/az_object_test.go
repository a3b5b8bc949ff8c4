package op_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/secret"
)

// signer signs request objects as an application would.
type signer struct {
	*testing.T
	w       *rptest.World
	ec      *ecdsa.PrivateKey
	ed, foe ed25519.PrivateKey
}

// newSigner registers "jar" with two keys, "jar-es" with ES256 alone, and
// "jar-none" without a key.
func newSigner(t *testing.T, w *rptest.World) *signer {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), secret.Reader())
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(secret.Reader())
	if err != nil {
		t.Fatal(err)
	}
	_, foe, err := ed25519.GenerateKey(secret.Reader())
	if err != nil {
		t.Fatal(err)
	}
	set := &client.JWKS{}
	for kid, k := range map[string]any{"ec": ec.Public(), "ed": ed.Public()} {
		b, err := json.Marshal(jose.JSONWebKey{Key: k, KeyID: kid, Use: "sig"})
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		set.Keys = append(set.Keys, m)
	}
	uris := []string{rptest.Callback}
	register(w, client.Spec{ClientID: "jar", RedirectURIs: uris, JWKS: set, TokenEndpointAuthMethod: client.MethodPrivateKeyJWT})
	register(w, client.Spec{ClientID: "jar-es", RedirectURIs: uris, JWKS: set, RequestObjectSigningAlg: "ES256", TokenEndpointAuthMethod: client.MethodPrivateKeyJWT})
	register(w, client.Spec{ClientID: "jar-none", RedirectURIs: uris})
	return &signer{t, w, ec, ed, foe}
}

// claims are those of a good object, with some set otherwise; nil removes one.
func (s *signer) claims(id string, with map[string]any) map[string]any {
	c := map[string]any{
		"iss": id, "aud": s.w.Base, "client_id": id, "exp": s.w.Now().Add(5 * time.Minute).Unix(), "iat": s.w.Now().Unix(),
		"response_type": "code", "redirect_uri": rptest.Callback, "scope": "openid", "state": "inside", "prompt": "none",
		"code_challenge": rptest.Challenge, "code_challenge_method": "S256",
	}
	for k, v := range with {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

func (s *signer) sign(alg jose.SignatureAlgorithm, key any, header map[jose.HeaderKey]any, claims map[string]any) string {
	s.Helper()
	b, err := json.Marshal(claims)
	if err != nil {
		s.Fatal(err)
	}
	return s.signRaw(alg, key, header, b)
}

func (s *signer) signRaw(alg jose.SignatureAlgorithm, key any, header map[jose.HeaderKey]any, payload []byte) string {
	s.Helper()
	maker, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		s.Fatal(err)
	}
	jws, err := maker.Sign(payload)
	if err != nil {
		s.Fatal(err)
	}
	out, err := jws.CompactSerialize()
	if err != nil {
		s.Fatal(err)
	}
	return out
}

// object is a good one of a client, but for what with says.
func (s *signer) object(id string, with map[string]any) string {
	s.Helper()
	return s.sign(jose.ES256, s.ec, map[jose.HeaderKey]any{"kid": "ec", "typ": "oauth-authz-req+jwt"}, s.claims(id, with))
}

// ask sends a request object beside the parameters that have to be outside.
func (s *signer) ask(b *rptest.Browser, id, object string, outside ...string) *rptest.Page {
	s.Helper()
	v := q(append([]string{"client_id", id, "response_type", "code", "scope", "openid", "redirect_uri", rptest.Callback, "state", "outside", "request", object}, outside...)...)
	return b.Get("/authorize?" + v.Encode())
}

// badObjects are refused, each for one reason.
func (s *signer) badObjects() map[string]string {
	none := base64.RawURLEncoding.EncodeToString
	body, _ := json.Marshal(s.claims("jar", nil))
	spki, _ := json.Marshal(jose.JSONWebKey{Key: s.ec.Public()})
	now := s.w.Now()
	kid := map[jose.HeaderKey]any{"kid": "ec"}
	out := map[string]string{
		"alg none":                  none([]byte(`{"alg":"none"}`)) + "." + none(body) + ".",
		"alg None":                  none([]byte(`{"alg":"None"}`)) + "." + none(body) + ".AA",
		"no signature":              none([]byte(`{"alg":"ES256","kid":"ec"}`)) + "." + none(body) + ".",
		"HS256 with the public key": s.sign(jose.HS256, spki, kid, s.claims("jar", nil)),
		"another key":               s.sign(jose.EdDSA, s.foe, nil, s.claims("jar", nil)),
		"another key, known kid":    s.sign(jose.EdDSA, s.foe, map[jose.HeaderKey]any{"kid": "ed"}, s.claims("jar", nil)),
		"its own key in the header": s.sign(jose.EdDSA, s.foe, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: s.foe.Public()}}, s.claims("jar", nil)),
		"a jku":                     s.sign(jose.EdDSA, s.foe, map[jose.HeaderKey]any{"jku": "https://evil.example/jwks"}, s.claims("jar", nil)),
		"an access token's typ":     s.sign(jose.ES256, s.ec, map[jose.HeaderKey]any{"typ": "at+jwt", "kid": "ec"}, s.claims("jar", nil)),
		"a duplicate member":        s.signRaw(jose.ES256, s.ec, kid, append(body[:len(body)-1:len(body)-1], `,"state":"twice"}`...)),
		"not JSON":                  s.signRaw(jose.ES256, s.ec, kid, []byte("state=x")),
		"four parts":                s.object("jar", nil) + ".x",
		"a JWE":                     "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA",
	}
	for name, with := range map[string]map[string]any{
		"another iss":         {"iss": "web"},
		"no iss":              {"iss": nil},
		"another aud":         {"aud": "https://other.example"},
		"no aud":              {"aud": nil},
		"another client_id":   {"client_id": "web"},
		"the client as sub":   {"sub": "jar"},
		"no exp":              {"exp": nil},
		"expired":             {"exp": now.Add(-2 * time.Minute).Unix()},
		"an exp too far":      {"exp": now.Add(62 * time.Minute).Unix()},
		"not valid yet":       {"nbf": now.Add(5 * time.Minute).Unix()},
		"a request inside":    {"request": "x"},
		"request_uri inside":  {"request_uri": "https://app.example.com/r"},
		"exp that is no date": {"exp": "tomorrow"},
	} {
		out[name] = s.object("jar", with)
	}
	return out
}

// TestAZ14_RequestObjects: crafted objects, each refused for one reason at the
// client's address that was sent outside; a good one is taken at its word.
func TestAZ14_RequestObjects(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	s := newSigner(t, w)
	b := w.Browser()
	b.Enter("default", "ada.az14@example.com", time.Minute)
	tokens := b.Tokens("web", nil)
	bad := s.badObjects()
	bad["an ID token of ours"], bad["an access token of ours"] = tokens.Get("id_token"), tokens.Get("access_token")
	for name, object := range bad {
		a := s.ask(b, "jar", object).Answer()
		if a.Get("error") != "invalid_request_object" || a.Get("state") != "outside" || a.Has("code") {
			t.Errorf("%s: %v", name, a)
		}
	}
	for name, a := range map[string]url.Values{
		"of another alg than registered": s.ask(b, "jar-es", s.sign(jose.EdDSA, s.ed, map[jose.HeaderKey]any{"kid": "ed"}, s.claims("jar-es", nil))).Answer(),
		"of a client without keys":       s.ask(b, "jar-none", s.object("jar-none", nil)).Answer(),
		"of another client":              s.ask(b, "jar-es", s.object("jar", nil)).Answer(),
	} {
		if a.Get("error") != "invalid_request_object" {
			t.Errorf("an object %s: %v", name, a)
		}
	}
	for name, object := range map[string]string{
		"ES256":        s.object("jar", nil),
		"EdDSA, typ":   s.sign(jose.EdDSA, s.ed, map[jose.HeaderKey]any{"kid": "ed", "typ": "JWT"}, s.claims("jar", nil)),
		"an aud list":  s.object("jar", map[string]any{"aud": []string{"https://x.example", w.Base}}),
		"no client_id": s.object("jar", map[string]any{"client_id": nil}),
	} {
		if a := s.ask(b, "jar", object).Answer(); a.Get("code") == "" || a.Get("state") != "inside" {
			t.Errorf("%s: %v", name, a)
		}
	}
	if a := s.ask(b, "jar-es", s.object("jar-es", nil)).Answer(); a.Get("code") == "" {
		t.Errorf("the registered alg: %v", a)
	}
}

// TestAZ14_WhatIsInsideCounts: members take the place of parameters, and are
// judged like them.
func TestAZ14_WhatIsInsideCounts(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	s := newSigner(t, w)
	b := w.Browser()
	b.Enter("default", "ada.inside@example.com", time.Hour)
	for name, c := range map[string]struct {
		with map[string]any
		want string
	}{
		"max_age as a number":         {map[string]any{"max_age": 60}, "login_required"},
		"max_age that holds":          {map[string]any{"max_age": 7200}, "issue"},
		"claims as an object":         {map[string]any{"claims": map[string]any{"id_token": map[string]any{"acr": map[string]any{"essential": true, "value": "x"}}}}, "unmet_authentication_requirements"},
		"a list of resources":         {map[string]any{"resource": []string{"https://api.example.com", w.Base}}, "issue"},
		"an unknown resource":         {map[string]any{"resource": []string{"https://api.example.com", "https://x.example"}}, "invalid_target"},
		"an unknown response_type":    {map[string]any{"response_type": "token"}, "unsupported_response_type"},
		"an address that is not ours": {map[string]any{"redirect_uri": "https://evil.example/cb"}, "unregistered_redirect_uri"},
		"a long state":                {map[string]any{"state": string(make([]byte, 2049))}, "invalid_request"},
	} {
		p := s.ask(b, "jar", s.object("jar", c.with))
		if got := stands(p); got != c.want {
			t.Errorf("%s stands at %s, want %s (%d %q)", name, got, c.want, p.Status(), p.Location())
		}
	}
	// It is checked once, on arrival: its expiry does not end a sign-in under way.
	j := &journey{t, w, w.Browser()}
	p := j.b.Follow(s.ask(j.b, "jar", s.object("jar", map[string]any{"prompt": nil})))
	w.Wait(24 * time.Hour)
	if a := j.signIn(p, ada).Answer(); a.Get("code") == "" || a.Get("state") != "inside" {
		t.Errorf("signed in a day later: %v", a)
	}
}
