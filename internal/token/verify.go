package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
)

// Skew is how far clocks may differ, either way (KJ5).
const Skew = 30 * time.Second

// ErrUnknownKey is the cause of a refusal whose kid no key has; a client's
// jwks_uri may be worth fetching again (KJ9).
var ErrUnknownKey = errors.New("no key has this kid")

var (
	errSignature = errors.New("the signature does not verify")
	errKeyAlg    = errors.New("alg is not that of the key")
)

// policy is what one kind of JWT must be before its claims are read.
type policy struct {
	code oidc.Code
	what string   // "the access token"
	cite string   // clause of the claims' rules
	typs []string // accepted values of typ, "" for none at all
	// key finds the key for a header; it answers only with one that fits alg.
	key func(kid string, alg keys.Alg) (crypto.PublicKey, error)
}

// refuse says what is wrong with the token.
func (p *policy) refuse(wrong string, cause error) error {
	return &oidc.Error{Code: p.code, Description: p.what + " " + wrong, Cite: p.cite, Err: cause}
}

// open parses a JWT, checks its kind, finds its key by kid and verifies it.
func (p *policy) open(raw string) (*claims, error) {
	t, err := parse(raw)
	if err != nil {
		return nil, p.refuse("is not a well-formed signed JWT", err)
	}
	if !slices.ContainsFunc(p.typs, func(typ string) bool { return isTyp(t.typ, typ) }) {
		return nil, p.refuse("is a JWT of another kind (typ)", nil)
	}
	pub, err := p.key(t.kid, t.alg)
	if err != nil {
		return nil, p.refuse("is not signed with a known key", err)
	}
	if !t.alg.Fits(pub) { // RS256 with an EC key, and any key we would not use
		return nil, p.refuse("is not signed with a known key", errKeyAlg)
	}
	if !verified(t.alg, pub, []byte(t.signed), t.sig) {
		return nil, p.refuse("has a signature that does not verify", errSignature)
	}
	return &t.claims, nil
}

// ringKey finds keys in a ring of ours; each has one algorithm.
func ringKey(find func(kid string) (crypto.PublicKey, keys.Alg, bool)) func(string, keys.Alg) (crypto.PublicKey, error) {
	return func(kid string, alg keys.Alg) (crypto.PublicKey, error) {
		pub, has, ok := find(kid)
		switch {
		case !ok:
			return nil, ErrUnknownKey
		case has != alg:
			return nil, errKeyAlg
		}
		return pub, nil
	}
}

// verified checks a signature; pub fits alg.
func verified(alg keys.Alg, pub crypto.PublicKey, signed, sig []byte) bool {
	if k, ok := pub.(ed25519.PublicKey); ok {
		return alg == keys.EdDSA && ed25519.Verify(k, signed, sig)
	}
	digest := sha256.Sum256(signed)
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if alg == keys.PS256 {
			return rsa.VerifyPSS(k, crypto.SHA256, digest[:], sig, pss) == nil
		}
		return alg == keys.RS256 && rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], sig) == nil
	case *ecdsa.PublicKey:
		return alg == keys.ES256 && verifiedECDSA(k, digest[:], sig)
	}
	return false
}

// verifiedECDSA takes r || s, 32 bytes each and nothing else (RFC 7518 §3.4).
func verifiedECDSA(k *ecdsa.PublicKey, digest, sig []byte) bool {
	if len(sig) != 64 {
		return false
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addInteger(b, sig[:32])
		addInteger(b, sig[32:])
	})
	der, err := b.Bytes()
	return err == nil && ecdsa.VerifyASN1(k, digest, der)
}

// addInteger writes an unsigned big-endian number as an ASN.1 INTEGER.
func addInteger(b *cryptobyte.Builder, n []byte) {
	for len(n) > 1 && n[0] == 0 {
		n = n[1:]
	}
	b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) {
		if n[0]&0x80 != 0 {
			b.AddUint8(0)
		}
		b.AddBytes(n)
	})
}

// past tells whether a time (Unix seconds) is over, skew granted.
func past(t int64, now time.Time) bool { return !now.Before(time.Unix(t, 0).Add(Skew)) }

// ahead tells whether a time (Unix seconds, 0 for none) has not come, skew granted.
func ahead(t int64, now time.Time) bool { return t != 0 && time.Unix(t, 0).After(now.Add(Skew)) }
