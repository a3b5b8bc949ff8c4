package token

import (
	"crypto/sha256"
	"crypto/sha512"
	"errors"

	"github.com/foyer-id/foyer/internal/keys"
)

var errIncomplete = errors.New("token: a required claim is missing")

// IDToken is the claims of an ID token (OIDC Core §2). Times are Unix seconds;
// what is empty or 0 is left out.
type IDToken struct {
	Iss, Sub, Aud      string // Aud is the client_id, always one string
	Exp, Iat, AuthTime int64
	Nonce, ACR         string
	AMR                []string // RFC 8176
	AZP, SID, JTI      string
	AtHash             string         // see AtHash
	Extra              map[string]any // claims by scope; never overrides a protocol claim
}

// Mint signs the ID token.
func (t *IDToken) Mint(k *keys.SigningKey) (string, error) {
	if t.Iss == "" || t.Sub == "" || t.Aud == "" || t.Exp == 0 || t.Iat == 0 {
		return "", errIncomplete // OIDC Core §2
	}
	o := newObject()
	o.text("iss", t.Iss)
	o.text("sub", t.Sub)
	o.text("aud", t.Aud)
	o.number("exp", t.Exp)
	o.number("iat", t.Iat)
	o.number("auth_time", t.AuthTime)
	o.text("nonce", t.Nonce)
	o.text("acr", t.ACR)
	o.list("amr", t.AMR)
	o.text("azp", t.AZP)
	o.text("sid", t.SID)
	o.text("jti", t.JTI)
	o.text("at_hash", t.AtHash)
	o.extra(t.Extra)
	payload, err := o.close()
	if err != nil {
		return "", err
	}
	return Sign(k, TypJWT, payload)
}

// AtHash is the left half of the hash of an access token, as base64url (OIDC
// Core §3.1.3.6). The hash is that of the ID token's alg: SHA-256, and SHA-512
// for EdDSA, since Ed25519 hashes with SHA-512 (RFC 8032 §5.1).
func AtHash(alg keys.Alg, accessToken string) string {
	if alg == keys.EdDSA {
		sum := sha512.Sum512([]byte(accessToken))
		return b64.EncodeToString(sum[:32])
	}
	sum := sha256.Sum256([]byte(accessToken))
	return b64.EncodeToString(sum[:16])
}
