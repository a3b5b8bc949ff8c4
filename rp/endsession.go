package rp

import (
	"fmt"
	"net/url"
)

// LogoutHint says whose sign-in to end (RP-Initiated Logout §2). At Foyer the
// sid of the person's session asks to sign out everywhere.
func LogoutHint(hint string) Param { return Set("logout_hint", hint) }

// EndSessionURL is where to send the browser to sign out (RP-Initiated Logout
// §2), or ErrUnsupported. All three values may be empty: the ID token last
// received, which may have expired; a registered address to come back to; and
// what comes back with it. The client_id is always sent, so that the address is
// honoured when there is no ID token left.
func (c *Client) EndSessionURL(idTokenHint, postLogoutRedirectURI, state string, params ...Param) (string, error) {
	endpoint := c.p.known.Load().EndSessionEndpoint
	if endpoint == "" {
		return "", fmt.Errorf("%w: end of session", ErrUnsupported)
	}
	v := url.Values{}
	for _, p := range params {
		p(v)
	}
	v.Set("client_id", c.cfg.ClientID)
	for name, value := range map[string]string{
		"id_token_hint": idTokenHint, "post_logout_redirect_uri": postLogoutRedirectURI, "state": state,
	} {
		if v.Del(name); value != "" {
			v.Set(name, value)
		}
	}
	return withQuery(endpoint, v), nil
}
