package token

import (
	"crypto"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/keys"
)

// independent verifies with another library and returns header and claims.
func independent(t *testing.T, alg keys.Alg, raw string) (jose.Header, fields) {
	t.Helper()
	sig, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	must(t, err)
	payload, err := sig.Verify(public(alg))
	must(t, err)
	var c fields
	must(t, json.Unmarshal(payload, &c))
	return sig.Signatures[0].Protected, c
}

func TestIDTokensAreReadByAnotherLibrary(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		tok := &IDToken{
			Iss: issuer, Sub: "alice", Aud: "app \"1\" \\ é <&> \u2028", Exp: 1800000000, Iat: 1700000000, AuthTime: 1699999999,
			Nonce: "n", ACR: "1", AMR: []string{"pwd", "otp"}, AZP: "app", SID: "s", JTI: "j", AtHash: "h",
			Extra: map[string]any{"name": "Zoë", "email_verified": true, "address": fields{"country": "FR"}, "nothing": nil},
		}
		raw, err := tok.Mint(key(alg))
		must(t, err)
		header, got := independent(t, alg, raw)
		if header.KeyID != key(alg).KID || header.ExtraHeaders["typ"] != "JWT" {
			t.Errorf("%s: header %+v", alg, header)
		}
		want := fields{
			"iss": issuer, "sub": "alice", "aud": tok.Aud, "exp": 1800000000., "iat": 1700000000., "auth_time": 1699999999.,
			"nonce": "n", "acr": "1", "amr": []any{"pwd", "otp"}, "azp": "app", "sid": "s", "jti": "j", "at_hash": "h",
			"name": "Zoë", "email_verified": true, "address": fields{"country": "FR"},
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", alg, d)
		}
		hint, err := VerifyHint(shared(), issuer, raw)
		must(t, err)
		if hint.Aud != tok.Aud || hint.SID != "s" || hint.Sub != "alice" || hint.IssuedAt != tok.Iat || hint.AuthTime != tok.AuthTime {
			t.Errorf("%s: hint %+v", alg, hint)
		}
	}
}

func TestExtraClaimsNeverOverrideTheProtocol(t *testing.T) {
	t.Parallel()
	extra := map[string]any{"ok": "yes"}
	for name := range reserved {
		extra[name] = "evil"
	}
	id := &IDToken{Iss: issuer, Sub: "alice", Aud: "app", Exp: 2, Iat: 1, Extra: extra}
	raw, err := id.Mint(key(keys.ES256))
	must(t, err)
	_, got := independent(t, keys.ES256, raw)
	if d := cmp.Diff(fields{"iss": issuer, "sub": "alice", "aud": "app", "exp": 2., "iat": 1., "ok": "yes"}, got); d != "" {
		t.Errorf("ID token (-want +got):\n%s", d)
	}
	at := &AccessToken{Iss: issuer, Sub: "alice", Aud: []string{"api"}, ClientID: "app", JTI: "j", Exp: 2, Iat: 1, Extra: extra}
	raw, err = at.Mint(key(keys.ES256))
	must(t, err)
	_, got = independent(t, keys.ES256, raw)
	if d := cmp.Diff(fields{"iss": issuer, "sub": "alice", "aud": "api", "client_id": "app", "jti": "j", "exp": 2., "iat": 1., "ok": "yes"}, got); d != "" {
		t.Errorf("access token (-want +got):\n%s", d)
	}
	id.Extra = map[string]any{"bad": func() {}}
	if _, err := id.Mint(key(keys.ES256)); err == nil {
		t.Error("a claim that does not encode was signed")
	}
}

func TestAccessTokensComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	want := &AccessToken{
		Iss: issuer, Sub: "alice", Aud: []string{"https://api.example", "https://b.example"}, ClientID: "app", Scope: "openid a:b",
		JTI: "j", SID: "s", GID: "g", Exp: noon.Unix() + 3600, Iat: noon.Unix(), AuthTime: noon.Unix() - 9, ACR: "2", AMR: []string{"pwd"},
		JKT: "thumb", X5T: "cert", Actor: "bob",
	}
	for _, alg := range algs {
		raw, err := want.Mint(key(alg))
		must(t, err)
		header, got := independent(t, alg, raw)
		if header.ExtraHeaders["typ"] != "at+jwt" {
			t.Errorf("typ is %v", header.ExtraHeaders["typ"])
		}
		if d := cmp.Diff(fields{"jkt": "thumb", "x5t#S256": "cert"}, got["cnf"]); d != "" {
			t.Errorf("cnf (-want +got):\n%s", d)
		}
		back, err := VerifyAccessToken(shared(), issuer, raw, noon)
		must(t, err)
		if d := cmp.Diff(want, back); d != "" {
			t.Errorf("%s (-want +got):\n%s", alg, d)
		}
		if !back.For("https://b.example") || back.For("https://b.example/") {
			t.Error("For does not compare exactly")
		}
	}
}

func TestLO7_LogoutTokens(t *testing.T) {
	t.Parallel()
	tok := &LogoutToken{Iss: issuer, Aud: "app", JTI: "j", Sub: "alice", SID: "s", Iat: 100, Exp: 220}
	raw, err := tok.Mint(key(keys.RS256))
	must(t, err)
	header, got := independent(t, keys.RS256, raw)
	want := fields{"iss": issuer, "sub": "alice", "aud": "app", "iat": 100., "exp": 220., "jti": "j", "sid": "s",
		"events": fields{"http://schemas.openid.net/event/backchannel-logout": fields{}}}
	if d := cmp.Diff(want, got); d != "" || header.ExtraHeaders["typ"] != "logout+jwt" {
		t.Errorf("typ %v (-want +got):\n%s", header.ExtraHeaders["typ"], d)
	}
	for name, bad := range map[string]LogoutToken{
		"longer than two minutes": {Iss: issuer, Aud: "app", JTI: "j", Sub: "alice", Iat: 100, Exp: 221},
		"neither sub nor sid":     {Iss: issuer, Aud: "app", JTI: "j", Iat: 100, Exp: 220},
		"no jti":                  {Iss: issuer, Aud: "app", Sub: "alice", Iat: 100, Exp: 220},
		"no aud":                  {Iss: issuer, JTI: "j", Sub: "alice", Iat: 100, Exp: 220},
	} {
		if _, err := bad.Mint(key(keys.ES256)); err == nil {
			t.Errorf("%s: minted", name)
		}
	}
}

func TestIncompleteTokensAreNotMinted(t *testing.T) {
	t.Parallel()
	if _, err := (&IDToken{Iss: issuer, Aud: "app", Exp: 2, Iat: 1}).Mint(key(keys.ES256)); err == nil {
		t.Error("an ID token without sub was minted")
	}
	if _, err := (&AccessToken{Iss: issuer, Sub: "alice", ClientID: "app", JTI: "j", Exp: 2, Iat: 1}).Mint(key(keys.ES256)); err == nil {
		t.Error("an access token without aud was minted")
	}
}

func TestAtHash(t *testing.T) {
	t.Parallel()
	const token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y" // OIDC Core A.4
	for _, alg := range []keys.Alg{keys.RS256, keys.PS256, keys.ES256} {
		if got := AtHash(alg, token); got != "77QmUPtjPfzWtF2AnpK9RQ" {
			t.Errorf("%s: %s", alg, got)
		}
	}
	if got := AtHash(keys.EdDSA, token); len(got) != 43 {
		t.Errorf("EdDSA: %s is not half a SHA-512", got)
	}
}

func TestSignersMayBeAnything(t *testing.T) {
	t.Parallel()
	k, err := keys.NewSigningKey(keys.ES256, struct{ crypto.Signer }{key(keys.ES256).Signer})
	must(t, err)
	raw, err := Sign(k, TypJWT, []byte(`{"iss":"x"}`))
	must(t, err)
	independent(t, keys.ES256, raw)
	if strings.Count(raw, ".") != 2 {
		t.Errorf("Sign = %q", raw)
	}
}

func BenchmarkMint(b *testing.B) {
	tok := &IDToken{Iss: issuer, Sub: "0123456789abcdef", Aud: "app", Exp: 1800000000, Iat: 1700000000, AuthTime: 1699999999,
		Nonce: "0123456789abcdef", ACR: "1", AMR: []string{"pwd"}, SID: "0123456789abcdef", JTI: "0123456789abcdef", AtHash: "77QmUPtjPfzWtF2AnpK9RQ"}
	for _, alg := range []keys.Alg{keys.ES256, keys.EdDSA} {
		k := key(alg)
		b.Run(string(alg), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tok.Mint(k); err != nil {
					b.Fatal(err)
				}
			}
		})
		digest := make([]byte, 32)
		b.Run(string(alg)+"/signature alone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := signature(k, digest); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifyAccessToken(b *testing.B) {
	tok := &AccessToken{Iss: issuer, Sub: "0123456789abcdef", Aud: []string{"api"}, ClientID: "app", Scope: "openid profile email",
		JTI: "0123456789abcdef", SID: "s", GID: "g", Exp: noon.Unix() + 9, Iat: noon.Unix()}
	raw, err := tok.Mint(key(keys.ES256))
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := VerifyAccessToken(shared(), issuer, raw, noon); err != nil {
			b.Fatal(err)
		}
	}
}
