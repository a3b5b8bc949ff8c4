package rp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	strictjson "github.com/go-jose/go-jose/v4/json" // refuses repeated members, minds the case of names
)

// maxToken bounds a JWT in bytes, before anything is looked at (security row KJ3).
const maxToken = 16 << 10

// ErrToken: a token does not prove what it should. The error says why.
var ErrToken = errors.New("rp: token refused")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrToken}, args...)...)
}

// asymmetric are the algorithms of RFC 7518 §3.1 and RFC 8037 whose keys a
// provider publishes. Never none, never HS*: with those the public key would be
// the secret (RFC 8725 §3.1).
var asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

func algorithms(wanted []string) []string {
	if len(wanted) == 0 {
		return asymmetric
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(a string) bool { return !slices.Contains(asymmetric, a) })
}

// verify checks a JWT's form and signature and returns its claims as JSON and
// its algorithm. typ are the accepted types; "" among them accepts none.
func (p *Provider) verify(ctx context.Context, raw string, typ ...string) (claims []byte, alg jose.SignatureAlgorithm, err error) {
	if len(raw) > maxToken {
		return nil, "", refuse("longer than %d bytes", maxToken)
	}
	h, err := readHeader(raw)
	if err != nil {
		return nil, "", err
	}
	if !slices.Contains(p.algs, h.Alg) {
		return nil, "", refuse("alg %q is not accepted", h.Alg)
	}
	if !slices.ContainsFunc(typ, func(t string) bool { return strings.EqualFold(t, h.Typ) }) {
		return nil, "", refuse("typ %q is that of another kind of token", h.Typ)
	}
	alg = jose.SignatureAlgorithm(h.Alg)
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return nil, "", refuse("%v", err)
	}
	var tried *keySet
	for range 2 {
		keys, set, err := p.keys.find(ctx, h.Kid, alg, tried)
		if errors.Is(err, ErrKeys) {
			return nil, "", fmt.Errorf("%w: no key of the provider has kid %q; %w", ErrToken, h.Kid, err)
		}
		if err != nil {
			return nil, "", err
		}
		for _, k := range keys {
			if claims, err := jws.Verify(k.Key); err == nil {
				return claims, alg, nil
			}
		}
		tried = set
	}
	return nil, "", refuse("no key of the provider (kid %q) verifies the signature", h.Kid)
}

type header struct{ Alg, Kid, Typ string }

// readHeader insists on the compact serialization, three parts in strict
// base64url, and reads of the header what is needed: jku, jwk, x5u and x5c are
// never followed (KJ2), crit is understood by nobody here (RFC 7515 §4.1.11).
func readHeader(raw string) (header, error) {
	parts := strings.SplitN(raw, ".", 4)
	if len(parts) != 3 {
		return header{}, refuse("not a compact signed JWT")
	}
	var decoded [3][]byte
	for i, part := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || len(b) == 0 || strings.ContainsAny(part, "\r\n") {
			return header{}, refuse("part %d is not base64url", i+1)
		}
		decoded[i] = b
	}
	var m map[string]any
	if err := strictjson.Unmarshal(decoded[0], &m); err != nil {
		return header{}, refuse("header: %v", err)
	}
	for _, name := range []string{"crit", "zip", "enc"} {
		if _, ok := m[name]; ok {
			return header{}, refuse("header member %s is not accepted", name)
		}
	}
	var h header
	for name, into := range map[string]*string{"alg": &h.Alg, "kid": &h.Kid, "typ": &h.Typ} {
		v, ok := m[name]
		if *into, _ = v.(string); ok && *into == "" {
			return header{}, refuse("header member %s is not a string", name)
		}
	}
	return h, nil
}

// decodeClaims reads claims strictly: repeated members are refused wherever
// they are, and names are compared as they are written. It returns all of them.
func decodeClaims(claims []byte, into any) (all map[string]any, err error) {
	if err := strictjson.Unmarshal(claims, &all); err != nil {
		return nil, refuse("claims: %v", err)
	}
	if err := strictjson.Unmarshal(claims, into); err != nil {
		return nil, refuse("claims: %v", err)
	}
	return all, nil
}

// audience is a string or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(b, &many); err != nil {
		return err
	}
	*a = many
	return nil
}
