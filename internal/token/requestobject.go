package token

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
)

// typRequestObject is the explicit type of a request object (RFC 9101 §10.8.1).
const typRequestObject = "oauth-authz-req+jwt"

// requestObjectLife is how far ahead the exp of a request object may be.
const requestObjectLife = 60 * time.Minute

// VerifyRequestObject verifies a signed authorization request (RFC 9101 §6):
// iss is the client, aud is or contains our issuer, exp at most 60 minutes
// ahead, sub is not the client (so that no client assertion passes, §10.8), and
// no request or request_uri inside (§4). It returns all members, the
// parameters among them. Refusals are invalid_request_object.
func VerifyRequestObject(raw string, set ClientKeys, clientID, issuer string, now time.Time) (map[string]json.RawMessage, error) {
	p := policy{
		code: oidc.InvalidRequestObject, what: "the request object", cite: "RFC 9101 §6",
		typs: []string{typRequestObject, TypJWT, ""}, key: set.find,
	}
	c, err := p.open(raw)
	if err != nil {
		return nil, err
	}
	inner, hasClient := c.text("client_id"), c.m["client_id"] != nil
	iss, sub, aud := c.text("iss"), c.text("sub"), c.list("aud")
	exp, iat, nbf := c.date("exp"), c.date("iat"), c.date("nbf")
	switch {
	case c.err != nil:
		return nil, p.refuse("is malformed", c.err)
	case clientID == "" || iss != clientID || hasClient && inner != clientID:
		return nil, p.refuse("must have the client_id as iss and client_id", nil)
	case sub == clientID:
		return nil, p.refuse("must not have the client_id as sub", nil)
	case !slices.Contains(aud, issuer):
		return nil, p.refuse("must have the issuer as aud", nil)
	case exp == 0:
		return nil, p.refuse("must have an exp", nil)
	case past(exp, now):
		return nil, p.refuse("has expired", nil)
	case exp > now.Add(requestObjectLife+Skew).Unix():
		return nil, p.refuse("must expire within 60 minutes", nil)
	case ahead(iat, now) || ahead(nbf, now):
		return nil, p.refuse("is not valid yet", nil)
	case c.m["request"] != nil || c.m["request_uri"] != nil:
		return nil, p.refuse("must not contain request or request_uri", nil)
	}
	return c.m, nil
}
