package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
)

var b64 = base64.RawURLEncoding

var errKeyType = errors.New("keys: not an RSA, P-256 or Ed25519 public key")

// Thumbprint is the RFC 7638 thumbprint of a public key with SHA-256, as
// base64url: the kid of all our keys.
func Thumbprint(pub crypto.PublicKey) (string, error) {
	canonical, err := required(pub)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte("{" + canonical + "}"))
	return b64.EncodeToString(sum[:]), nil
}

// PublicJWK renders a public key as a JWK for signatures: public members only
// (KJ7).
func PublicJWK(pub crypto.PublicKey, alg Alg, kid string) (string, error) {
	members, err := required(pub)
	if err != nil {
		return "", err
	}
	return `{"use":"sig","alg":"` + string(alg) + `","kid":"` + kid + `",` + members + "}", nil
}

// required renders the required members of a key in lexicographic order
// without white space (RFC 7638 §3.2, RFC 8037 §2).
func required(pub crypto.PublicKey) (string, error) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		e := b64.EncodeToString(big.NewInt(int64(k.E)).Bytes())
		return `"e":"` + e + `","kty":"RSA","n":"` + b64.EncodeToString(k.N.Bytes()) + `"`, nil
	case *ecdsa.PublicKey:
		point, err := k.Bytes() // 4, x, y
		if err != nil || len(point) != 65 {
			return "", errKeyType
		}
		x, y := b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:])
		return `"crv":"P-256","kty":"EC","x":"` + x + `","y":"` + y + `"`, nil
	case ed25519.PublicKey:
		return `"crv":"Ed25519","kty":"OKP","x":"` + b64.EncodeToString(k) + `"`, nil
	}
	return "", errKeyType
}
