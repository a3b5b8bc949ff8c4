package keys

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/foyer-id/foyer/internal/secret"
)

// SigningKey is a private key that may be used. Signer is whatever implements
// crypto.Signer: here a key in memory, elsewhere one behind OpenSSL or an HSM.
type SigningKey struct {
	KID     string
	Alg     Alg
	Signer  crypto.Signer `json:"-"`
	headers atomic.Pointer[[]header]
}

// header is the encoded protected header of one typ.
type header struct{ typ, encoded string }

// NewSigningKey returns a signer as a key for alg; it fails when the two do not
// fit.
func NewSigningKey(alg Alg, signer crypto.Signer) (*SigningKey, error) {
	pub := signer.Public()
	if !alg.Fits(pub) {
		return nil, fmt.Errorf("keys: a %T cannot sign %s", pub, alg)
	}
	kid, err := Thumbprint(pub)
	if err != nil {
		return nil, err
	}
	return &SigningKey{KID: kid, Alg: alg, Signer: signer}, nil
}

// Header returns the protected header {alg, kid, typ} as base64url, encoded
// once per typ. typ is one of a few constants of package token.
func (k *SigningKey) Header(typ string) string {
	old := k.headers.Load()
	if old != nil {
		for _, h := range *old {
			if h.typ == typ {
				return h.encoded
			}
		}
	}
	h := header{typ, b64.EncodeToString([]byte(`{"alg":"` + string(k.Alg) + `","kid":"` + k.KID + `","typ":"` + typ + `"}`))}
	next := []header{h}
	if old != nil {
		next = append(next, *old...)
	}
	k.headers.CompareAndSwap(old, &next) // whoever loses encodes again next time
	return h.encoded
}

// String names the key and never shows it (KJ7).
func (k *SigningKey) String() string { return string(k.Alg) + " key " + k.KID }

// GoString is String.
func (k *SigningKey) GoString() string { return k.String() }

// LogValue is String.
func (k *SigningKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// seal makes the record of a new private key; the algorithm is part of the
// seal's purpose, so a row cannot be turned into another algorithm's.
func seal(s *secret.Sealer, tenant string, k *SigningKey) (Record, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.Signer)
	if err != nil {
		return Record{}, fmt.Errorf("encode %v: %w", k, err)
	}
	public, err := PublicJWK(k.Signer.Public(), k.Alg, k.KID)
	if err != nil {
		return Record{}, err
	}
	return Record{KID: k.KID, Alg: k.Alg, Public: public, Sealed: s.SealString(tenant, purpose(k.Alg), der)}, nil
}

// open reads a record's private key. Whatever does not open, or is not the key
// its kid names, is ErrMasterKey.
func open(s *secret.Sealer, tenant string, r Record) (*SigningKey, error) {
	der, err := s.OpenString(tenant, purpose(r.Alg), r.Sealed)
	if err != nil {
		return nil, fmt.Errorf("tenant %q, key %s: %w", tenant, r.KID, ErrMasterKey)
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("tenant %q, key %s: %w", tenant, r.KID, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("tenant %q, key %s: a %T does not sign", tenant, r.KID, private)
	}
	k, err := NewSigningKey(r.Alg, signer)
	if err != nil || k.KID != r.KID {
		return nil, fmt.Errorf("tenant %q, key %s: the sealed key is another one: %w", tenant, r.KID, ErrMasterKey)
	}
	return k, nil
}

func purpose(a Alg) string { return "keys/" + string(a) }
