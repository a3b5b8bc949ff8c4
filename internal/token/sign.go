package token

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/secret"
)

// Values of the typ header of what we mint.
const (
	TypJWT         = "JWT"
	TypAccessToken = "at+jwt"     // RFC 9068 §2.1
	TypLogoutToken = "logout+jwt" // Back-Channel Logout §2.4
)

var b64 = base64.RawURLEncoding

// Sign returns the compact serialization (RFC 7515 §7.1) of a payload with
// header {alg, kid, typ}.
func Sign(k *keys.SigningKey, typ string, payload []byte) (string, error) {
	signatures.Add(1)
	header := k.Header(typ)
	const sigMax = 342 // of RSA-2048; larger ones only grow the buffer
	b := make([]byte, 0, len(header)+b64.EncodedLen(len(payload))+sigMax+2)
	b = append(b, header...)
	b = append(b, '.')
	b = b64.AppendEncode(b, payload)
	sig, err := signature(k, b)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	b = append(b, '.')
	return string(b64.AppendEncode(b, sig)), nil
}

var pss = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256} // RFC 7518 §3.5

// signature signs as RFC 7518 §3 and RFC 8037 §3.1 say.
func signature(k *keys.SigningKey, input []byte) ([]byte, error) {
	if k.Alg == keys.EdDSA {
		return k.Signer.Sign(secret.Reader(), input, crypto.Hash(0))
	}
	digest := sha256.Sum256(input)
	switch k.Alg {
	case keys.ES256:
		der, err := k.Signer.Sign(secret.Reader(), digest[:], crypto.SHA256)
		if err != nil {
			return nil, err
		}
		return rawECDSA(der)
	case keys.PS256:
		return k.Signer.Sign(secret.Reader(), digest[:], pss)
	case keys.RS256:
		return k.Signer.Sign(secret.Reader(), digest[:], crypto.SHA256)
	}
	return nil, fmt.Errorf("unknown algorithm %q", k.Alg)
}

// rawECDSA turns the ASN.1 signature that crypto.Signer returns into r || s,
// 32 bytes each (RFC 7518 §3.4).
func rawECDSA(der []byte) ([]byte, error) {
	var inner, r, s cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&inner, asn1.SEQUENCE) || !in.Empty() ||
		!inner.ReadASN1Integer((*[]byte)(&r)) || !inner.ReadASN1Integer((*[]byte)(&s)) || !inner.Empty() ||
		len(r) > 32 || len(s) > 32 {
		return nil, fmt.Errorf("the signer's ECDSA signature is not ASN.1")
	}
	raw := make([]byte, 64)
	copy(raw[32-len(r):32], r)
	copy(raw[64-len(s):], s)
	return raw, nil
}
