package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/foyer-id/foyer/internal/keys"
)

// Bounds of a client's JWK Set.
const (
	maxJWKS     = 64 << 10
	maxJWKSKeys = 100
)

// ClientKeys is the public keys of one client, for verifying. The zero value
// has none.
type ClientKeys struct{ keys []clientKey }

type clientKey struct {
	kid string
	alg string // "" when the set does not say
	pub crypto.PublicKey
}

// Len is the number of usable keys.
func (s ClientKeys) Len() int { return len(s.keys) }

// find returns the key of a kid that fits alg. Without a kid there must be no
// choice (OIDC Core §10.1).
func (s ClientKeys) find(kid string, alg keys.Alg) (crypto.PublicKey, error) {
	var found []crypto.PublicKey
	for _, k := range s.keys {
		if (kid == "" || k.kid == kid) && (k.alg == "" || k.alg == string(alg)) && alg.Fits(k.pub) {
			found = append(found, k.pub)
		}
	}
	switch {
	case len(found) == 0:
		return nil, ErrUnknownKey
	case kid == "" && len(found) > 1:
		return nil, errors.New("the client has several keys and the header has no kid")
	}
	return found[0], nil
}

// privateMembers give a private or symmetric key away (RFC 7518 §6).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// ParseJWKS reads a client's JWK Set (RFC 7517 §5). Keys of an unknown type,
// curve or algorithm and keys for encryption are skipped, as §5 says; a
// private, symmetric, weak or invalid key fails the set, with a sentence for
// the client's developer.
func ParseJWKS(data []byte) (ClientKeys, error) {
	if len(data) > maxJWKS {
		return ClientKeys{}, errors.New("the JWK Set is larger than 64 KiB")
	}
	var list []json.RawMessage
	set, err := jwksMembers(data)
	if err == nil {
		err = json.Unmarshal(set["keys"], &list)
	}
	if err != nil || list == nil {
		return ClientKeys{}, errors.New(`the JWK Set is not a JSON object with an array "keys"`)
	}
	if len(list) > maxJWKSKeys {
		return ClientKeys{}, errors.New("the JWK Set has more than 100 keys")
	}
	var out ClientKeys
	for i, raw := range list {
		k, err := parseJWK(raw)
		if err != nil {
			return ClientKeys{}, fmt.Errorf("key %d of the JWK Set: %w", i+1, err)
		}
		if k != nil {
			out.keys = append(out.keys, *k)
		}
	}
	return out, nil
}

// jwksMembers reads the set itself; its keys may have more members together
// than a token may.
func jwksMembers(data []byte) (map[string]json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' {
		return nil, errNotJSON
	}
	var set map[string]json.RawMessage
	err := json.Unmarshal(data, &set)
	return set, err
}

// parseJWK reads one key; nil for one that is not for us.
func parseJWK(raw json.RawMessage) (*clientKey, error) {
	m, err := members(raw)
	if err != nil {
		return nil, err
	}
	c := claims{m: m}
	kty, use := c.text("kty"), c.text("use")
	k := &clientKey{kid: c.text("kid"), alg: c.text("alg")}
	ops := c.list("key_ops")
	if c.err != nil {
		return nil, c.err
	}
	if kty == "oct" {
		return nil, errors.New("is symmetric; publish public keys only")
	}
	for _, name := range privateMembers {
		if _, ok := m[name]; ok {
			return nil, fmt.Errorf("has the private member %q; publish public keys only and replace this one", name)
		}
	}
	_, known := keys.ParseAlg(k.alg)
	if use != "" && use != "sig" || ops != nil && !slices.Contains(ops, "verify") || k.alg != "" && !known {
		return nil, nil
	}
	if k.pub, err = publicKey(&c, kty); err != nil || k.pub == nil {
		return nil, err
	}
	if k.alg != "" && !keys.Alg(k.alg).Fits(k.pub) {
		return nil, fmt.Errorf("has alg %q, which is not for its kty", k.alg)
	}
	return k, nil
}

// publicKey reads the key material (RFC 7518 §6.2, §6.3, RFC 8037 §2); nil for
// types and curves that are not ours.
func publicKey(c *claims, kty string) (crypto.PublicKey, error) {
	switch crv := c.text("crv"); {
	case kty == "RSA":
		return rsaKey(c)
	case kty == "EC" && crv == "P-256":
		x, errX := decode(c.text("x"))
		y, errY := decode(c.text("y"))
		if errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
			return nil, errors.New("has coordinates that are not 32 bytes of base64url")
		}
		point := append(append([]byte{4}, x...), y...)
		pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point) // KJ4: on the curve
		if err != nil {
			return nil, errors.New("is not a point of its curve")
		}
		return pub, nil
	case kty == "OKP" && crv == "Ed25519":
		x, err := decode(c.text("x"))
		if err != nil || len(x) != ed25519.PublicKeySize {
			return nil, errors.New("has an x that is not 32 bytes of base64url")
		}
		return ed25519.PublicKey(x), nil
	}
	return nil, c.err
}

func rsaKey(c *claims) (crypto.PublicKey, error) {
	n, errN := decode(c.text("n"))
	e, errE := decode(c.text("e"))
	exponent := new(big.Int).SetBytes(e)
	if errN != nil || errE != nil || exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil, errors.New("has an n or e that is not a base64url number, e odd and 3 or more")
	}
	pub := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	if !keys.RS256.Fits(pub) {
		return nil, errors.New("is RSA of fewer than 2048 or more than 8192 bits") // KJ8
	}
	return pub, nil
}
