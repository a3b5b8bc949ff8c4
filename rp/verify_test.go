package rp_test

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/foyer-id/foyer/rp"
)

// refused signs in with a provider that was changed and expects ErrToken with
// a word of the reason.
func refused(t *testing.T, p *provider, because string) {
	t.Helper()
	_, err := signIn(t, p.client(t), rp.NewAuthRequest())
	if !errors.Is(err, rp.ErrToken) || !strings.Contains(err.Error(), because) {
		t.Errorf("got %v, want a refusal with %q", err, because)
	}
}

// TestKJ5_Claims goes through OIDC Core §3.1.3.7.
func TestKJ5_Claims(t *testing.T) {
	t.Parallel()
	set := func(name string, v any) func(map[string]any, time.Time) {
		return func(c map[string]any, _ time.Time) { c[name] = v }
	}
	moved := func(name string, d time.Duration) func(map[string]any, time.Time) {
		return func(c map[string]any, now time.Time) { c[name] = now.Add(d).Unix() }
	}
	without := func(name string) func(map[string]any, time.Time) {
		return func(c map[string]any, _ time.Time) { delete(c, name) }
	}
	for _, tt := range []struct {
		name, cite string
		change     func(map[string]any, time.Time)
		because    string // "": accepted
	}{
		{"as it should be", "", func(map[string]any, time.Time) {}, ""},
		{"another issuer", "item 2", set("iss", "https://evil.example"), "iss"},
		{"no issuer", "item 2", without("iss"), "iss"},
		{"no subject", "§2", without("sub"), "sub"},
		{"a subject of 256", "§2", set("sub", strings.Repeat("x", 256)), "sub"},
		{"for another client", "item 3", set("aud", "other"), "aud"},
		{"for us in a list", "item 3", set("aud", []string{"app"}), ""},
		{"for us and somebody else", "item 3", set("aud", []string{"app", "other"}), "aud"},
		{"for nobody", "item 3", without("aud"), "aud"},
		{"aud that is a number", "item 3", set("aud", 7), "claims"},
		{"for another party", "item 5", set("azp", "other"), "azp"},
		{"without azp", "item 4", without("azp"), ""},
		{"expired 29 s ago", "item 9", moved("exp", -29*time.Second), ""},
		{"expired 30 s ago", "item 9", moved("exp", -30*time.Second), "expired"},
		{"without end", "item 9", without("exp"), "exp"},
		{"an end that is no time", "item 9", set("exp", 1e300), "time"},
		{"an end before 1970", "item 9", set("exp", -1), "time"},
		{"made in 30 s", "item 10", moved("iat", 30*time.Second), ""},
		{"made in 31 s", "item 10", moved("iat", 31*time.Second), "iat"},
		{"made at no time", "item 10", without("iat"), "iat"},
		{"not before 31 s from now", "RFC 7519 §4.1.5", moved("nbf", 31*time.Second), "nbf"},
		{"another nonce", "item 11", set("nonce", "x"), "nonce"},
		{"no nonce", "item 11", without("nonce"), "nonce"},
		{"a nonce that is a list", "item 11", set("nonce", []string{"x"}), "claims"},
		{"for another access token", "§3.1.3.8", set("at_hash", "x"), "at_hash"},
		{"an empty at_hash", "§3.1.3.8", set("at_hash", ""), "at_hash"},
		{"without at_hash", "§3.1.3.6", without("at_hash"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.claims = func(c map[string]any) { tt.change(c, p.now) }
			if tt.because == "" {
				if _, err := signIn(t, p.client(t), rp.NewAuthRequest()); err != nil {
					t.Errorf("%s: %v", tt.cite, err)
				}
				return
			}
			refused(t, p, tt.because)
		})
	}
}

func TestMaxAge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		maxAge   int64
		authTime any
		ok       bool
	}{
		{"young enough", 60, int64(0), true},
		{"inside the skew", 31, int64(0), true},
		{"too old", 29, int64(0), false},
		{"not said", 60, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.claims = func(c map[string]any) {
				if tt.authTime == nil {
					delete(c, "auth_time")
				}
			}
			a := rp.NewAuthRequest()
			a.MaxAge = &tt.maxAge
			if _, err := signIn(t, p.client(t), a); (err == nil) != tt.ok {
				t.Errorf("OIDC Core §3.1.3.7 item 13: %v", err)
			}
		})
	}
}

func TestAlgorithms(t *testing.T) {
	t.Parallel()
	for _, alg := range []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.signing = newKey(t, "k", alg)
			p.keys = []any{p.signing.public(), map[string]any{"kty": "future", "kid": "x"}, "not a key"}
			if alg == jose.EdDSA { // at_hash with SHA-512
				p.claims = func(c map[string]any) { c["at_hash"] = "jSe-OWPo_TJEPy7gHBGWhN5TzDEZUAhvhsPRLXmSSrQ" }
				c := p.client(t)
				_, err := signIn(t, c, rp.NewAuthRequest())
				if err == nil || !strings.Contains(err.Error(), "at_hash") {
					t.Errorf("a wrong at_hash: %v", err)
				}
				p.change(func() { p.claims = func(c map[string]any) { delete(c, "at_hash") } })
			}
			if _, err := signIn(t, p.client(t), rp.NewAuthRequest()); err != nil {
				t.Error(err)
			}
		})
	}
}

func part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// TestKJ1_Algorithms: neither no signature nor one made with what is public.
func TestKJ1_Algorithms(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"none", "None", "nOnE", "", "RS256", "HS512", "ES256K", "es256"} {
		t.Run("alg "+alg, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.idToken = part(map[string]string{"alg": alg, "kid": "one"}) + "." + part(p.makeClaims()) + "." + part("signature")
			_, err := signIn(t, p.client(t), rp.NewAuthRequest())
			if !errors.Is(err, rp.ErrToken) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("HMAC with the public key", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		der, err := x509.MarshalPKIXPublicKey(p.signing.private.Public().(*ecdsa.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		jwk, err := json.Marshal(p.signing.public())
		if err != nil {
			t.Fatal(err)
		}
		for _, public := range [][]byte{der, jwk, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
			s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public, KeyID: "one"}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			jws, err := s.Sign([]byte(`{}`))
			if err != nil {
				t.Fatal(err)
			}
			p.idToken, _ = jws.CompactSerialize()
			refused(t, p, "alg")
		}
	})
	t.Run("an algorithm that the application did not choose", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		provider, err := rp.Discover(t.Context(), p.URL, rp.Options{Now: p.clock, Algorithms: []string{"RS256", "HS256", "none"}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := rp.NewClient(provider, rp.Config{ClientID: "app", RedirectURI: redirectURI})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signIn(t, c, rp.NewAuthRequest()); !errors.Is(err, rp.ErrToken) {
			t.Errorf("got %v", err)
		}
		if _, err := rp.Discover(t.Context(), p.URL, rp.Options{Algorithms: []string{"HS256"}}); err == nil {
			t.Error("HS256 alone was accepted")
		}
	})
	t.Run("a key made for another algorithm", func(t *testing.T) {
		t.Parallel()
		p := newProvider(t)
		rsaKey := newKey(t, "one", jose.RS256)
		p.keys = []any{rsaKey.public()}
		rsaKey.alg = jose.PS256
		p.signing = rsaKey
		refused(t, p, "no key")
	})
}

func TestKJ2_HeaderIsNotFollowed(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	sign := func(own key, extra map[jose.HeaderKey]any) string {
		o := &jose.SignerOptions{ExtraHeaders: extra}
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: own.alg, Key: own.private}, o)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(p.makeClaims())
		jws, err := s.Sign(b)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := jws.CompactSerialize()
		return raw
	}
	evil := newKey(t, "evil", jose.ES256)
	for _, h := range []map[jose.HeaderKey]any{
		{"jku": p.URL + "/sink"}, {"x5u": p.URL + "/sink"}, {"jwk": evil.public()},
		{"kid": "../../dev/null"}, {"kid": "' OR 1=1 --"},
	} {
		p.idToken = sign(evil, h)
		refused(t, p, "no key")
	}
	for _, h := range []map[jose.HeaderKey]any{{"crit": []string{"exp"}}, {"crit": []string{}}, {"crit": []string{"b64"}, "b64": false}, {"zip": "DEF"}, {"kid": 7}} {
		p.idToken = part(merge(map[string]any{"alg": "ES256"}, h)) + "." + part(p.makeClaims()) + "." + part("x")
		refused(t, p, "header")
	}
	if n := p.count("/sink"); n != 0 {
		t.Errorf("the sink was asked %d times", n)
	}
}

func merge(m map[string]any, h map[jose.HeaderKey]any) map[string]any {
	for k, v := range h {
		m[string(k)] = v
	}
	return m
}

func TestKJ3_Form(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.asked = map[string][]string{}
	good := p.makeIDToken()
	parts := strings.Split(good, ".")
	for _, tt := range []struct{ name, raw, because string }{
		{"a part less", parts[0] + "." + parts[1], "compact"},
		{"a part more", good + "." + parts[2], "compact"},
		{"five parts, encrypted", good + "." + parts[1] + "." + parts[2], "compact"},
		{"no signature", parts[0] + "." + parts[1] + ".", "base64url"},
		{"padding", good + "=", "base64url"},
		{"white space", parts[0] + "." + parts[1] + ".\n" + parts[2], "base64url"},
		{"bits that are left over", parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + "_", "base64url"},
		{"more than 16 KiB", good + strings.Repeat("A", 16<<10), "longer"},
		{"JSON serialization", `{"payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`, "compact"},
		{"another payload", parts[0] + "." + part(map[string]any{"sub": "eve"}) + "." + parts[2], "no key"},
		{"repeated members", p.signing.signBytes(t, []byte(`{"iss":"a","iss":"b"}`), "JWT"), "claims"},
		{"repeated members inside", p.signing.signBytes(t, []byte(`{"iss":"a","x":{"y":1,"y":2}}`), "JWT"), "claims"},
		{"members in another case", p.signing.signBytes(t, []byte(strings.Replace(claimsOf(t, parts[1]), `"iss"`, `"ISS"`, 1)), "JWT"), "iss"},
		{"a list", p.signing.signBytes(t, []byte(`[]`), "JWT"), "claims"},
		{"an access token", p.signing.sign(t, p.makeClaims(), "at+jwt"), "typ"},
		{"a logout token", p.signing.sign(t, p.makeClaims(), "logout+jwt"), "typ"},
	} {
		p.idToken = tt.raw
		if _, err := signIn(t, p.client(t), rp.NewAuthRequest()); !errors.Is(err, rp.ErrToken) || !strings.Contains(err.Error(), tt.because) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.because)
		}
	}
}

func claimsOf(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
