package token

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

const (
	issuer        = "https://op.example"
	tokenEndpoint = "https://op.example/token"
	client        = "https://app.example"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var algs = []keys.Alg{keys.RS256, keys.PS256, keys.ES256, keys.EdDSA}

// memory is a keys.Store of one tenant that one test uses.
type memory struct{ records []keys.Record }

func (m *memory) Keys(context.Context, string) ([]keys.Record, error) {
	return slices.Clone(m.records), nil
}

func (m *memory) AddKey(_ context.Context, _ string, r keys.Record, _ int64) (bool, error) {
	m.records = append(m.records, r)
	return true, nil
}

func (m *memory) RevokeKey(_ context.Context, _, kid string, now time.Time) (bool, error) {
	for i := range m.records {
		if m.records[i].KID == kid {
			m.records[i].RevokedAt = now.UnixMicro()
		}
	}
	return true, nil
}

func service(now func() time.Time) *keys.Service {
	return keys.New(keys.Options{Store: &memory{}, Sealer: secret.NewSealer([32]byte{1}), Now: now})
}

// shared is a ring with all four algorithms, made once since RSA takes its time.
var shared = sync.OnceValue(func() *keys.Ring {
	s := service(func() time.Time { return noon })
	if err := s.Ensure(context.Background(), "acme", algs...); err != nil {
		panic(err)
	}
	ring, err := s.Ring(context.Background(), "acme")
	if err != nil {
		panic(err)
	}
	return ring
})

// clientSet is the shared ring's public keys as a client's: the worst case, in
// which nothing but typ and claims keeps kinds apart.
var clientSet = sync.OnceValue(func() ClientKeys {
	body, _ := shared().JWKS()
	set, err := ParseJWKS(body)
	if err != nil {
		panic(err)
	}
	return set
})

func key(alg keys.Alg) *keys.SigningKey {
	k, ok := shared().Signing(alg)
	if !ok {
		panic("no key for " + alg)
	}
	return k
}

type fields = map[string]any

// kind is one kind of JWT: a valid one, and who verifies it.
type kind struct {
	name   string
	typ    string // "" for none
	code   oidc.Code
	claims fields
	verify func(raw string, now time.Time) error // nil when nobody here does
}

// kinds are all kinds of JWT that there are, each valid at noon.
func kinds() []kind {
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	return []kind{
		{"ID token", "JWT", oidc.InvalidRequest,
			fields{"iss": issuer, "sub": "alice", "aud": client, "exp": at(time.Hour), "iat": at(0), "auth_time": at(0), "sid": "s1"},
			func(raw string, _ time.Time) error { _, err := VerifyHint(shared(), issuer, raw); return err }},
		{"access token", "at+jwt", oidc.InvalidToken,
			fields{"iss": issuer, "sub": "alice", "aud": issuer, "client_id": client, "exp": at(time.Hour), "iat": at(0), "jti": "j1", "sid": "s1", "scope": "openid"},
			func(raw string, now time.Time) error {
				_, err := VerifyAccessToken(shared(), issuer, raw, now)
				return err
			}},
		{"client assertion", "", oidc.InvalidClient,
			fields{"iss": client, "sub": client, "aud": issuer, "exp": at(time.Minute), "iat": at(0), "jti": "j2"},
			func(raw string, now time.Time) error {
				_, err := VerifyClientAssertion(raw, clientSet(), client, []string{issuer, tokenEndpoint}, now)
				return err
			}},
		{"request object", "oauth-authz-req+jwt", oidc.InvalidRequestObject,
			fields{"iss": client, "aud": issuer, "exp": at(time.Minute), "client_id": client, "scope": "openid", "response_type": "code"},
			func(raw string, now time.Time) error {
				_, err := VerifyRequestObject(raw, clientSet(), client, issuer, now)
				return err
			}},
		{"logout token", "logout+jwt", "",
			fields{"iss": issuer, "sub": "alice", "aud": client, "exp": at(2 * time.Minute), "iat": at(0), "jti": "j3", "sid": "s1",
				"events": fields{"http://schemas.openid.net/event/backchannel-logout": fields{}}}, nil},
		{"userinfo answer", "JWT", "", fields{"iss": issuer, "sub": "alice", "aud": client, "name": "Alice"}, nil},
		{"introspection answer", "token-introspection+jwt", "",
			fields{"iss": issuer, "sub": "alice", "aud": client, "iat": at(0), "exp": at(time.Hour), "token_introspection": fields{"active": true}}, nil},
	}
}

// verified kinds are those that somebody here verifies.
func verifiers() []kind {
	return slices.DeleteFunc(kinds(), func(k kind) bool { return k.verify == nil })
}

// with returns the claims with some replaced; nil removes one.
func (k kind) with(changes fields) fields {
	c := maps.Clone(k.claims)
	for name, v := range changes {
		if v == nil {
			delete(c, name)
		} else {
			c[name] = v
		}
	}
	return c
}

// token signs claims as this kind, with an ES256 key of the ring.
func (k kind) token(t testing.TB, claims fields) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	must(t, err)
	return forge(t, key(keys.ES256), k.header(keys.ES256), string(payload))
}

// header is the JOSE header of this kind.
func (k kind) header(alg keys.Alg) string {
	h := fields{"alg": alg, "kid": key(alg).KID}
	if k.typ != "" {
		h["typ"] = k.typ
	}
	b, _ := json.Marshal(h)
	return string(b)
}

// forge signs any header and any payload.
func forge(t testing.TB, k *keys.SigningKey, header, payload string) string {
	t.Helper()
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	sig, err := signature(k, []byte(input))
	must(t, err)
	return input + "." + b64.EncodeToString(sig)
}

// refused fails the test unless err is a refusal of the kind with a citation.
func (k kind) refused(t *testing.T, name string, err error) {
	t.Helper()
	var e *oidc.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: %s: got %v, want a refusal", k.name, name, err)
		return
	}
	if e.Code != k.code || e.Cite == "" || e.Description == "" {
		t.Errorf("%s: %s: refused with %+v", k.name, name, e)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func public(alg keys.Alg) crypto.PublicKey { return key(alg).Signer.Public() }
