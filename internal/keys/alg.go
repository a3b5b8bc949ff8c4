package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"

	"github.com/foyer-id/foyer/internal/secret"
)

// Alg is a signature algorithm of JWS (RFC 7518 §3.1, RFC 8037 §3.1). These
// four are all there are: never none, never HS*.
type Alg string

// The algorithms. RS256 for compatibility, the others for FAPI 2.0 §5.4.
const (
	RS256 Alg = "RS256"
	PS256 Alg = "PS256"
	ES256 Alg = "ES256"
	EdDSA Alg = "EdDSA" // Ed25519 only
)

// Bounds of an RSA modulus in bits: below is weak (FAPI 2.0 §5.4.1), above
// makes verifying a way to spend our time.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// algOrder is also the order of the JWKS: an old client that takes the first
// key it sees takes RS256.
var algOrder = []Alg{RS256, PS256, ES256, EdDSA}

// Default returns the algorithms every tenant has keys for.
func Default() []Alg { return []Alg{RS256, ES256} }

// ParseAlg reads an algorithm's exact name; anything else is not ok.
func ParseAlg(s string) (Alg, bool) {
	if a := Alg(s); slices.Contains(algOrder, a) {
		return a, true
	}
	return "", false
}

// Fits tells whether pub is a key this algorithm may be used with: its type,
// its curve and its strength (KJ1, KJ8).
func (a Alg) Fits(pub crypto.PublicKey) bool {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return (a == RS256 || a == PS256) && bits >= minRSABits && bits <= maxRSABits
	case *ecdsa.PublicKey:
		return a == ES256 && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return a == EdDSA && len(k) == ed25519.PublicKeySize
	}
	return false
}

// generate makes a private key; RSA takes 20 to 110 ms.
func generate(a Alg) (crypto.Signer, error) {
	switch a {
	case RS256, PS256:
		return rsa.GenerateKey(secret.Reader(), minRSABits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), secret.Reader())
	case EdDSA:
		_, k, err := ed25519.GenerateKey(secret.Reader())
		return k, err
	}
	return nil, fmt.Errorf("keys: unknown algorithm %q", a)
}
