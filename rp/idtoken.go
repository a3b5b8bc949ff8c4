package rp

import (
	"context"
	"crypto"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// skew is the difference between two clocks that is forgiven (security row KJ5).
const skew = 30 * time.Second

// IDToken is a verified ID token (OIDC Core §2).
type IDToken struct {
	Raw       string    // as it was received; the id_token_hint of a sign-out
	Issuer    string    // iss
	Subject   string    // sub: the person, as this provider names them to this client
	ClientID  string    // aud
	Expires   time.Time // exp
	IssuedAt  time.Time // iat
	AuthTime  time.Time // auth_time: when the person really signed in; zero when not said
	ACR       string    // acr: how strongly
	AMR       []string  // amr: by what means
	SessionID string    // sid: the browser's session at the provider
	Claims    []byte    // all claims, a JSON object
}

// Decode reads the claims into a value, like json.Unmarshal.
func (t *IDToken) Decode(into any) error { return json.Unmarshal(t.Claims, into) }

// idClaims are the claims that are checked.
type idClaims struct {
	Iss      string   `json:"iss"`
	Sub      string   `json:"sub"`
	Aud      audience `json:"aud"`
	AZP      *string  `json:"azp"`
	Exp      *float64 `json:"exp"`
	Iat      *float64 `json:"iat"`
	Nbf      *float64 `json:"nbf"`
	AuthTime *float64 `json:"auth_time"`
	Nonce    string   `json:"nonce"`
	AtHash   *string  `json:"at_hash"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
	SID      string   `json:"sid"`
}

// expected is what an ID token is compared with.
type expected struct {
	nonce       string
	anyNonce    bool // at a refresh (OIDC Core §12.2)
	accessToken string
	maxAge      *int64 // seconds
}

// verifyIDToken does OIDC Core §3.1.3.7, in its order.
func (c *Client) verifyIDToken(ctx context.Context, raw string, want expected) (*IDToken, error) {
	body, alg, err := c.p.verify(ctx, raw, "", "JWT")
	if err != nil {
		return nil, err
	}
	var m idClaims
	if _, err := decodeClaims(body, &m); err != nil {
		return nil, err
	}
	now := c.p.now()
	if err := c.checkParties(&m); err != nil {
		return nil, err
	}
	if err := m.checkTimes(now); err != nil {
		return nil, err
	}
	if !(want.anyNonce && m.Nonce == "") && subtle.ConstantTimeCompare([]byte(m.Nonce), []byte(want.nonce)) != 1 {
		return nil, refuse("nonce is not that of this sign-in") // item 11
	}
	if err := m.checkAge(now, want.maxAge); err != nil {
		return nil, err
	}
	if m.AtHash != nil && want.accessToken != "" && subtle.ConstantTimeCompare([]byte(*m.AtHash), []byte(hashHalf(alg, want.accessToken))) != 1 {
		return nil, refuse("at_hash is that of another access token") // §3.1.3.8
	}
	return &IDToken{
		Raw: raw, Issuer: m.Iss, Subject: m.Sub, ClientID: c.cfg.ClientID, Expires: at(m.Exp), IssuedAt: at(m.Iat),
		AuthTime: at(m.AuthTime), ACR: m.ACR, AMR: m.AMR, SessionID: m.SID, Claims: body,
	}, nil
}

// checkParties: items 2 to 5 of §3.1.3.7. An audience beside this client is not
// trusted (item 3), so azp can only be this client.
func (c *Client) checkParties(m *idClaims) error {
	switch {
	case m.Sub == "" || len(m.Sub) > 255:
		return refuse("sub is empty or longer than 255")
	case m.AZP != nil && *m.AZP != c.cfg.ClientID:
		return refuse("azp %q is not %q", *m.AZP, c.cfg.ClientID)
	}
	return c.checkIssue(m)
}

// checkIssue: by this provider, for this client and nobody else.
func (c *Client) checkIssue(m *idClaims) error {
	switch {
	case m.Iss != c.p.issuer:
		return refuse("iss %q is not %q", m.Iss, c.p.issuer)
	case len(m.Aud) != 1 || m.Aud[0] != c.cfg.ClientID:
		return refuse("aud %q is not exactly %q", m.Aud, c.cfg.ClientID)
	}
	return nil
}

// checkTimes: items 9 and 10.
func (m *idClaims) checkTimes(now time.Time) error {
	switch {
	case !plausible(m.Exp) || !plausible(m.Iat) || m.Nbf != nil && !plausible(m.Nbf) || m.AuthTime != nil && !plausible(m.AuthTime):
		return refuse("exp or iat is missing, or a time is not a number of seconds")
	case !now.Before(at(m.Exp).Add(skew)):
		return refuse("it expired at %s", at(m.Exp))
	case at(m.Iat).After(now.Add(skew)):
		return refuse("iat %s is in the future", at(m.Iat))
	case m.Nbf != nil && at(m.Nbf).After(now.Add(skew)):
		return refuse("nbf %s is in the future", at(m.Nbf))
	}
	return nil
}

// checkAge: item 13, when max_age was asked for.
func (m *idClaims) checkAge(now time.Time, maxAge *int64) error {
	if maxAge == nil {
		return nil
	}
	if m.AuthTime == nil {
		return refuse("auth_time is missing although max_age was asked for")
	}
	if now.Sub(at(m.AuthTime)) > time.Duration(*maxAge)*time.Second+skew {
		return refuse("the person signed in at %s, longer ago than max_age", at(m.AuthTime))
	}
	return nil
}

// plausible keeps a time inside what can be computed with.
func plausible(seconds *float64) bool {
	return seconds != nil && !math.IsNaN(*seconds) && *seconds >= 0 && *seconds < 1<<40
}

func at(seconds *float64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(int64(*seconds), 0).UTC()
}

// hashHalf is the left half of the hash that belongs to an algorithm
// (§3.1.3.6); EdDSA with Ed25519 hashes with SHA-512.
func hashHalf(alg jose.SignatureAlgorithm, token string) string {
	h := crypto.SHA256
	switch alg {
	case jose.RS384, jose.PS384, jose.ES384:
		h = crypto.SHA384
	case jose.RS512, jose.PS512, jose.ES512, jose.EdDSA:
		h = crypto.SHA512
	}
	d := h.New()
	d.Write([]byte(token))
	sum := d.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
