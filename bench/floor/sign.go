package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

var b64 = base64.RawURLEncoding

// signer makes JWTs with one ES256 key.
type signer struct {
	key  *ecdsa.PrivateKey
	head string // encoded header and dot
	jwks []byte
}

func newSigner() *signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	public := map[string]string{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1",
		"x": b64.EncodeToString(point[1:33]), "y": b64.EncodeToString(point[33:])}
	return &signer{
		key:  key,
		head: b64.EncodeToString([]byte(`{"alg":"ES256","kid":"1"}`)) + ".",
		jwks: encode(map[string]any{"keys": []any{public}}),
	}
}

type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
	AuthTime int64  `json:"auth_time,omitempty"`
	Nonce    string `json:"nonce,omitempty"`
	SID      string `json:"sid,omitempty"`
	ID       string `json:"jti,omitempty"`
	Scope    string `json:"scope,omitempty"`
}

func (s *signer) jwt(c *claims) string {
	out := make([]byte, 0, 1024)
	out = append(out, s.head...)
	out = b64.AppendEncode(out, encode(c))
	digest := sha256.Sum256(out)
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		panic(err)
	}
	var sig [64]byte
	r.FillBytes(sig[:32])
	v.FillBytes(sig[32:])
	out = append(out, '.')
	return string(b64.AppendEncode(out, sig[:]))
}
