package keys

import (
	"crypto"
	"crypto/sha256"
	"strings"
	"time"
)

// JWKSMaxAge is the Cache-Control max-age of the JWKS. No key signs before it
// has been published that long, unless forced (KJ6).
const JWKSMaxAge = 300 * time.Second

// Ring is the keys of one tenant from one instant until ValidUntil. It never
// changes.
type Ring struct {
	from, until time.Time
	signing     map[Alg]*SigningKey
	live        map[string]*SigningKey // next, signing, retired
	archived    map[string]*SigningKey
	jwks        []byte
	etag        string
}

// far is the end of a ring in which nothing is planned.
const far = 365 * 24 * time.Hour

// newRing puts together what statuses say; key returns the opened key of a kid.
func newRing(statuses []Status, now time.Time, key func(kid string) (*SigningKey, error)) (*Ring, error) {
	r := &Ring{
		from: now, until: now.Add(far),
		signing: map[Alg]*SigningKey{}, live: map[string]*SigningKey{}, archived: map[string]*SigningKey{},
	}
	var published []string
	for _, s := range statuses {
		if s.State == Revoked || s.State == Gone {
			continue
		}
		k, err := key(s.KID)
		if err != nil {
			return nil, err
		}
		if end := time.UnixMicro(s.Until); s.Until != 0 && end.Before(r.until) {
			r.until = end
		}
		if s.State == Archived {
			r.archived[s.KID] = k
			continue
		}
		if s.State == Signing {
			r.signing[s.Alg] = k
		}
		r.live[s.KID] = k
		jwk, err := PublicJWK(k.Signer.Public(), k.Alg, k.KID)
		if err != nil {
			return nil, err
		}
		published = append(published, jwk)
	}
	r.jwks = []byte(`{"keys":[` + strings.Join(published, ",") + `]}`)
	sum := sha256.Sum256(r.jwks)
	r.etag = `"` + b64.EncodeToString(sum[:12]) + `"`
	return r, nil
}

// Signing returns the key that signs alg now.
func (r *Ring) Signing(alg Alg) (*SigningKey, bool) {
	k, ok := r.signing[alg]
	return k, ok
}

// Verify returns the public key of a kid that is next, signing or retired. The
// kid is a map key and nothing else (KJ2).
func (r *Ring) Verify(kid string) (crypto.PublicKey, Alg, bool) { return public(r.live[kid]) }

// VerifyArchived is Verify for logout hints: archived keys too
// (spec/logout.md §1).
func (r *Ring) VerifyArchived(kid string) (crypto.PublicKey, Alg, bool) {
	if k, ok := r.archived[kid]; ok {
		return public(k)
	}
	return r.Verify(kid)
}

func public(k *SigningKey) (crypto.PublicKey, Alg, bool) {
	if k == nil {
		return nil, "", false
	}
	return k.Signer.Public(), k.Alg, true
}

// JWKS returns the JSON document of the published keys and its entity tag,
// quotes included. The body is shared: it must not be changed.
func (r *Ring) JWKS() (body []byte, etag string) { return r.jwks, r.etag }

// ValidUntil is when the next state of a key changes.
func (r *Ring) ValidUntil() time.Time { return r.until }

// holds tells whether the ring's states are those of now.
func (r *Ring) holds(now time.Time) bool { return !now.Before(r.from) && now.Before(r.until) }
