package token

import (
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
)

// LogoutTokenLife is how long a logout token lives (Back-Channel Logout §4
// recommends at most two minutes).
const LogoutTokenLife = 120 * time.Second

// LogoutToken is the claims of a logout token (Back-Channel Logout §2.4): a
// subject, a session or both. There is no nonce, so it can never be one.
type LogoutToken struct {
	Iss, Aud, JTI string
	Sub, SID      string
	Iat, Exp      int64 // Unix seconds
}

// Mint signs the logout token. It is minted anew for each attempt to deliver.
func (t *LogoutToken) Mint(k *keys.SigningKey) (string, error) {
	if t.Iss == "" || t.Aud == "" || t.JTI == "" || t.Iat == 0 || t.Exp == 0 || t.Sub == "" && t.SID == "" {
		return "", errIncomplete
	}
	if t.Exp-t.Iat > int64(LogoutTokenLife/time.Second) {
		return "", errors.New("token: a logout token lives 120 s at most")
	}
	o := newObject()
	o.text("iss", t.Iss)
	o.text("sub", t.Sub)
	o.text("aud", t.Aud)
	o.number("iat", t.Iat)
	o.number("exp", t.Exp)
	o.text("jti", t.JTI)
	o.text("sid", t.SID)
	o.name("events")
	o.b = append(o.b, `{"http://schemas.openid.net/event/backchannel-logout":{}}`...)
	payload, err := o.close()
	if err != nil {
		return "", err
	}
	return Sign(k, TypLogoutToken, payload)
}
