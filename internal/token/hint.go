package token

import (
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
)

// Hint is what an id_token_hint says. Times are Unix seconds, 0 when absent.
type Hint struct {
	Sub, Aud string // Aud is the client_id
	SID      string // "" when the token had none
	IssuedAt int64
	AuthTime int64
}

// VerifyHint verifies an ID token of ours that comes back as a hint
// (RP-Initiated Logout §2, OIDC Core §3.1.2.1): any key that is not revoked,
// archived ones too, issuer exactly, one audience. Its exp is ignored, since
// people sign out late; that is also why there is no clock here. Access tokens
// and logout tokens are refused by typ. Refusals are invalid_request.
func VerifyHint(ring *keys.Ring, issuer, raw string) (*Hint, error) {
	p := policy{
		code: oidc.InvalidRequest, what: "id_token_hint", cite: "RP-Initiated Logout §4",
		typs: []string{TypJWT, ""}, key: ringKey(ring.VerifyArchived),
	}
	c, err := p.open(raw)
	if err != nil {
		return nil, err
	}
	h := &Hint{Sub: c.text("sub"), SID: c.text("sid"), IssuedAt: c.date("iat"), AuthTime: c.date("auth_time")}
	aud, exp := c.list("aud"), c.date("exp")
	_, isEvent := c.m["events"] // Back-Channel Logout §2.4: whatever its typ
	switch {
	case c.err != nil:
		return nil, p.refuse("is malformed", c.err)
	case c.text("iss") != issuer:
		return nil, p.refuse("is from another issuer", nil)
	case h.Sub == "" || h.IssuedAt == 0 || exp == 0 || isEvent:
		return nil, p.refuse("is not an ID token", nil)
	case len(aud) != 1 || aud[0] == "":
		return nil, p.refuse("must have one audience", nil)
	}
	h.Aud = aud[0]
	return h, nil
}
