package token

import (
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
)

// AccessToken is the claims of a JWT access token (RFC 9068 §2.2). Times are
// Unix seconds; what is empty or 0 is left out.
type AccessToken struct {
	Iss, Sub string
	Aud      []string // the resources; one is written as a string
	ClientID string
	Scope    string // space separated
	JTI      string
	SID, GID string // session and grant that the token lives as long as
	Exp, Iat int64
	AuthTime int64
	ACR      string
	AMR      []string
	JKT      string         // cnf.jkt: DPoP key thumbprint (RFC 9449 §6.1)
	X5T      string         // cnf.x5t#S256: certificate thumbprint (RFC 8705 §3.1)
	Actor    string         // act.sub (RFC 8693 §4.1)
	Extra    map[string]any // further claims; never overrides a protocol claim; not read back
}

// Mint signs the access token.
func (t *AccessToken) Mint(k *keys.SigningKey) (string, error) {
	if !t.complete() {
		return "", errIncomplete
	}
	o := newObject()
	o.text("iss", t.Iss)
	o.text("sub", t.Sub)
	o.audience(t.Aud)
	o.text("client_id", t.ClientID)
	o.text("scope", t.Scope)
	o.number("exp", t.Exp)
	o.number("iat", t.Iat)
	o.text("jti", t.JTI)
	o.text("sid", t.SID)
	o.text("gid", t.GID)
	o.number("auth_time", t.AuthTime)
	o.text("acr", t.ACR)
	o.list("amr", t.AMR)
	t.nested(o)
	o.extra(t.Extra)
	payload, err := o.close()
	if err != nil {
		return "", err
	}
	return Sign(k, TypAccessToken, payload)
}

// complete tells whether the claims that RFC 9068 §2.2 requires are there.
func (t *AccessToken) complete() bool {
	return t.Iss != "" && t.Sub != "" && len(t.Aud) > 0 && !slices.Contains(t.Aud, "") && t.ClientID != "" && t.JTI != "" && t.Exp != 0 && t.Iat != 0
}

// nested writes the claims that are objects.
func (t *AccessToken) nested(o *object) {
	if t.JKT != "" || t.X5T != "" {
		cnf := &object{b: []byte("{")}
		cnf.text("jkt", t.JKT)
		cnf.text("x5t#S256", t.X5T)
		o.name("cnf")
		o.b = append(append(o.b, cnf.b...), '}')
	}
	if t.Actor != "" {
		act := &object{b: []byte("{")}
		act.text("sub", t.Actor)
		o.name("act")
		o.b = append(append(o.b, act.b...), '}')
	}
}

// For tells whether the token is meant for a resource.
func (t *AccessToken) For(resource string) bool { return slices.Contains(t.Aud, resource) }

// VerifyAccessToken verifies an access token of ours: typ at+jwt only, a key
// that is next, signing or retired, issuer exactly, not expired by more than
// Skew, not from later than Skew. Whether it is meant for the caller (For) and
// whether its grant still lives is the caller's question. Refusals are
// invalid_token (RFC 6750 §3.1).
func VerifyAccessToken(ring *keys.Ring, issuer, raw string, now time.Time) (*AccessToken, error) {
	p := policy{
		code: oidc.InvalidToken, what: "the access token", cite: "RFC 9068 §4",
		typs: []string{TypAccessToken}, key: ringKey(ring.Verify),
	}
	c, err := p.open(raw)
	if err != nil {
		return nil, err
	}
	t := &AccessToken{
		Iss: c.text("iss"), Sub: c.text("sub"), Aud: c.list("aud"), ClientID: c.text("client_id"),
		Scope: c.text("scope"), JTI: c.text("jti"), SID: c.text("sid"), GID: c.text("gid"),
		Exp: c.date("exp"), Iat: c.date("iat"), AuthTime: c.date("auth_time"), ACR: c.text("acr"), AMR: c.list("amr"),
	}
	if cnf := c.object("cnf"); cnf != nil {
		t.JKT, t.X5T = cnf.text("jkt"), cnf.text("x5t#S256")
		c.fail(cnf.err)
	}
	if act := c.object("act"); act != nil {
		t.Actor = act.text("sub")
		c.fail(act.err)
	}
	switch notBefore := c.date("nbf"); {
	case c.err != nil:
		return nil, p.refuse("is malformed", c.err)
	case !t.complete():
		return nil, p.refuse("lacks a required claim", nil)
	case t.Iss != issuer:
		return nil, p.refuse("is from another issuer", nil)
	case past(t.Exp, now):
		return nil, p.refuse("has expired", nil)
	case ahead(t.Iat, now) || ahead(notBefore, now):
		return nil, p.refuse("is not valid yet", nil)
	}
	return t, nil
}
