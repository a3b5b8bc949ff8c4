package token

import (
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
)

// Bounds of a client assertion (CA3).
const (
	assertionLife = 5 * time.Minute  // exp is at most this far ahead
	assertionAge  = 10 * time.Minute // iat is at most this long ago
	maxJTI        = 256              // bytes
)

// typClientAuth is what new clients set (draft-ietf-oauth-rfc7523bis).
const typClientAuth = "client-authentication+jwt"

// Peek is what an unverified client assertion says about itself: enough to find
// the client and its keys, proof of nothing.
type Peek struct {
	Iss, Sub string
	KID      string // "" when absent
	Alg      keys.Alg
}

// Assertion is what a verified client assertion leaves to be done: its JTI must
// be remembered until Exp + Skew and refused a second time.
type Assertion struct {
	JTI string
	Exp int64 // Unix seconds
}

// assertionPolicy is shared by peeking and verifying. Refusals are
// invalid_client (RFC 7521 §4.2.1).
func assertionPolicy(set ClientKeys) policy {
	return policy{
		code: oidc.InvalidClient, what: "client_assertion", cite: "RFC 7523 §3",
		typs: []string{TypJWT, "", typClientAuth}, key: set.find,
	}
}

// PeekClientAssertion reads whom a client assertion claims to be from.
func PeekClientAssertion(raw string) (*Peek, error) {
	p := assertionPolicy(ClientKeys{})
	t, err := parse(raw)
	if err != nil {
		return nil, p.refuse("is not a well-formed signed JWT", err)
	}
	peek := &Peek{Iss: t.claims.text("iss"), Sub: t.claims.text("sub"), KID: t.kid, Alg: t.alg}
	if t.claims.err != nil {
		return nil, p.refuse("is malformed", t.claims.err)
	}
	return peek, nil
}

// VerifyClientAssertion verifies a client's JWT for authentication (RFC 7523
// §3, OIDC Core §9): iss and sub are the client, aud is or contains one of
// audiences (the issuer, and the token endpoint unless the server is strict),
// exp at most 5 minutes ahead, iat, if sent, at most 10 minutes ago, a jti. A
// refusal with cause ErrUnknownKey may be repeated with freshly fetched keys.
func VerifyClientAssertion(raw string, set ClientKeys, clientID string, audiences []string, now time.Time) (*Assertion, error) {
	p := assertionPolicy(set)
	c, err := p.open(raw)
	if err != nil {
		return nil, err
	}
	a := &Assertion{JTI: c.text("jti"), Exp: c.date("exp")}
	iss, sub, aud := c.text("iss"), c.text("sub"), c.list("aud")
	iat, nbf := c.date("iat"), c.date("nbf")
	switch {
	case c.err != nil:
		return nil, p.refuse("is malformed", c.err)
	case clientID == "" || iss != clientID || sub != clientID:
		return nil, p.refuse("must have the client_id as iss and sub", nil)
	case !containsAny(aud, audiences):
		return nil, p.refuse("must have the issuer as aud", nil)
	case a.Exp == 0:
		return nil, p.refuse("must have an exp", nil)
	case past(a.Exp, now):
		return nil, p.refuse("has expired", nil)
	case a.Exp > now.Add(assertionLife+Skew).Unix():
		return nil, p.refuse("must expire within 5 minutes", nil)
	case iat != 0 && iat < now.Add(-assertionAge-Skew).Unix():
		return nil, p.refuse("is older than 10 minutes", nil)
	case ahead(iat, now) || ahead(nbf, now):
		return nil, p.refuse("is not valid yet", nil)
	case a.JTI == "" || len(a.JTI) > maxJTI:
		return nil, p.refuse("must have a jti of at most 256 bytes", nil)
	}
	return a, nil
}

func containsAny(list, wanted []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s != "" && slices.Contains(wanted, s) })
}
