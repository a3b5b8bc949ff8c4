package rp

import (
	"context"
	"time"
)

// logoutEvent is the member of events that makes a token a logout token
// (Back-Channel §2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutAge is how long after it was made a logout token is accepted, whatever
// its exp says (OIDC Core §3.1.3.7 item 10 leaves the range to the client). It
// bounds how long its jti must be remembered; providers are encouraged to send
// tokens that live for two minutes (Back-Channel §4).
const logoutAge = 10 * time.Minute

// LogoutToken is a verified logout token (Back-Channel §2.4): the provider's
// word that sessions have ended. With a SessionID it is about the sessions that
// were begun from that one session at the provider; without, about all of the
// Subject (Back-Channel §2.7).
type LogoutToken struct {
	Issuer    string    // iss
	Subject   string    // sub: the person; "" when only the session is named
	SessionID string    // sid: the browser's session at the provider; "" when all of the person's are meant
	ClientID  string    // aud
	ID        string    // jti: unique at the provider
	IssuedAt  time.Time // iat
	Expires   time.Time // when it stops being accepted here: its exp, or 10 minutes after its iat when that is earlier
	Claims    []byte    // all claims, a JSON object
}

// VerifyLogoutToken does steps 1 to 7 of Back-Channel §2.6, in their order.
// ErrToken: the token is refused for good, answer 400. Every other error,
// ErrKeys among them, means that it cannot be told now: answer 503, so that the
// provider tries again. Step 8, that the token comes for the first time, needs a
// memory: see [Replays]; the handler of [Client.BackchannelLogout] does all.
//
// The header's typ must be logout+jwt, with or without application/ before it,
// when there is one. The specification only recommends typ, so a token without
// is accepted: events and the absence of nonce tell it from an ID token. Any
// other typ, JWT among them, is refused: its maker names the kinds of its tokens,
// and this is another kind (RFC 8725 §3.11).
func (c *Client) VerifyLogoutToken(ctx context.Context, raw string) (*LogoutToken, error) {
	// Steps 1 to 3: not encrypted, as nobody registered that; signature and alg as for ID tokens.
	body, _, err := c.p.verify(ctx, raw, "", "logout+jwt", "application/logout+jwt")
	if err != nil {
		return nil, err
	}
	var m idClaims
	all, err := decodeClaims(body, &m)
	if err != nil {
		return nil, err
	}
	if err := c.checkIssue(&m); err != nil { // step 4
		return nil, err
	}
	if err := m.checkTimes(c.p.now()); err != nil { // step 4
		return nil, err
	}
	t := &LogoutToken{
		Issuer: m.Iss, Subject: m.Sub, SessionID: m.SID, ClientID: c.cfg.ClientID, IssuedAt: at(m.Iat), Expires: at(m.Exp), Claims: body,
	}
	if oldest := t.IssuedAt.Add(logoutAge); oldest.Before(t.Expires) {
		t.Expires = oldest
	}
	if !c.p.now().Before(t.Expires.Add(skew)) {
		return nil, refuse("it was made at %s, longer ago than %s", t.IssuedAt, logoutAge)
	}
	if t.ID, err = checkLogout(all); err != nil {
		return nil, err
	}
	return t, nil
}

// checkLogout: what only logout tokens have, steps 5 to 7, and the jti that
// step 8 and §2.4 ask for. It returns the jti.
func checkLogout(all map[string]any) (id string, err error) {
	named := false
	for _, name := range []string{"sub", "sid"} { // step 5
		v, ok := all[name]
		if s, _ := v.(string); ok && (s == "" || len(s) > 255) {
			return "", refuse("%s is empty, longer than 255 or not a string", name)
		}
		named = named || ok
	}
	if !named {
		return "", refuse("neither sub nor sid says whose session ended")
	}
	events, ok := all["events"].(map[string]any) // step 6
	if !ok {
		return "", refuse("events is not an object")
	}
	if _, ok := events[logoutEvent].(map[string]any); !ok {
		return "", refuse("events has no object as member %s", logoutEvent)
	}
	if _, ok := all["nonce"]; ok { // step 7: it could be an ID token (§4.1)
		return "", refuse("nonce is prohibited")
	}
	if id, _ = all["jti"].(string); id == "" {
		return "", refuse("jti is missing")
	}
	return id, nil
}
