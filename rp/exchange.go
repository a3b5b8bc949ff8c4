package rp

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Tokens are what a provider issued.
type Tokens struct {
	AccessToken  string
	TokenType    string // "Bearer"
	Expires      time.Time
	Scope        string   // what was granted, space separated
	RefreshToken string   // "" when none was issued
	IDToken      *IDToken // verified
}

// ErrState: an answer that belongs to no request of this browser (RFC 6749 §10.12).
var ErrState = errors.New("rp: the answer does not belong to this request")

// ErrAnswer: an authorization response that cannot be used.
var ErrAnswer = errors.New("rp: the provider's answer cannot be used")

// Exchange takes the query of the redirect address and returns the tokens:
// state (RFC 6749 §10.12), issuer (RFC 9207 §2.4), code for tokens (OIDC Core
// §3.1.3), ID token (§3.1.3.7). Errors are ErrState, ErrAnswer, ErrToken, the
// provider's *Error, or those of the network.
func (c *Client) Exchange(ctx context.Context, answer url.Values, a AuthRequest) (*Tokens, error) {
	m := c.p.current(ctx)
	code, err := c.readAnswer(m, answer, a)
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {c.cfg.RedirectURI}, "code_verifier": {a.Verifier},
	}
	t, raw, err := c.tokens(ctx, m, form)
	if err != nil {
		return nil, fmt.Errorf("exchange code: %w", err)
	}
	t.IDToken, err = c.verifyIDToken(ctx, raw, expected{nonce: a.Nonce, accessToken: t.AccessToken, maxAge: a.MaxAge})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// readAnswer checks an authorization response before anything is done with it.
func (c *Client) readAnswer(m *Metadata, answer url.Values, a AuthRequest) (code string, err error) {
	for name, values := range answer {
		if len(values) > 1 {
			return "", fmt.Errorf("%w: %s is repeated", ErrAnswer, name) // RFC 6749 §3.1
		}
	}
	if a.State == "" || a.Nonce == "" || a.Verifier == "" || subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(a.State)) != 1 {
		return "", ErrState
	}
	// Mix-up: another provider's answer, or one that hides whose it is (AZ7).
	if answer.Has("iss") && answer.Get("iss") != m.Issuer || m.IssInResponse && !answer.Has("iss") {
		return "", fmt.Errorf("%w: iss %q is not %q (RFC 9207 §2.4)", ErrAnswer, answer.Get("iss"), m.Issuer)
	}
	if e := answer.Get("error"); e != "" {
		return "", &Error{Code: e, Description: answer.Get("error_description")}
	}
	if code = answer.Get("code"); code == "" {
		return "", fmt.Errorf("%w: neither code nor error", ErrAnswer)
	}
	return code, nil
}

// Refresh returns new tokens for those that t holds (RFC 6749 §6, OIDC Core
// §12). What the provider does not send anew stays as it was. An *Error with
// code invalid_grant means that the sign-in is over.
func (c *Client) Refresh(ctx context.Context, t *Tokens) (*Tokens, error) {
	if t.RefreshToken == "" || t.IDToken == nil {
		return nil, errors.New("rp: there is no refresh token")
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.RefreshToken}}
	n, raw, err := c.tokens(ctx, c.p.current(ctx), form)
	if err != nil {
		return nil, fmt.Errorf("refresh: %w", err)
	}
	if n.RefreshToken == "" {
		n.RefreshToken = t.RefreshToken
	}
	if n.Scope == "" {
		n.Scope = t.Scope
	}
	if n.IDToken = t.IDToken; raw == "" {
		return n, nil
	}
	if n.IDToken, err = c.refreshedIDToken(ctx, raw, n.AccessToken, t.IDToken); err != nil {
		return nil, err
	}
	return n, nil
}

// refreshedIDToken: same person, same sign-in (OIDC Core §12.2).
func (c *Client) refreshedIDToken(ctx context.Context, raw, accessToken string, old *IDToken) (*IDToken, error) {
	var said struct {
		Nonce string `json:"nonce"`
	}
	if err := old.Decode(&said); err != nil {
		return nil, fmt.Errorf("read the earlier ID token: %w", err)
	}
	t, err := c.verifyIDToken(ctx, raw, expected{nonce: said.Nonce, anyNonce: true, accessToken: accessToken})
	switch {
	case err != nil:
		return nil, err
	case t.Subject != old.Subject:
		return nil, refuse("sub changed at a refresh")
	case !t.AuthTime.IsZero() && !old.AuthTime.IsZero() && !t.AuthTime.Equal(old.AuthTime):
		return nil, refuse("auth_time changed at a refresh")
	}
	// A new ID token need not say sid again, and one that comes after the
	// session's end does not: the logout token that names it is still to come.
	t.SessionID = or(t.SessionID, old.SessionID)
	return t, nil
}

// tokens posts a grant to the token endpoint (RFC 6749 §5.1).
func (c *Client) tokens(ctx context.Context, m *Metadata, form url.Values) (t *Tokens, idToken string, err error) {
	var said struct {
		AccessToken  string      `json:"access_token"`
		TokenType    string      `json:"token_type"`
		ExpiresIn    json.Number `json:"expires_in"` // some send a string
		Scope        string      `json:"scope"`
		RefreshToken string      `json:"refresh_token"`
		IDToken      string      `json:"id_token"`
	}
	if err := c.post(ctx, m.TokenEndpoint, form, &said); err != nil {
		return nil, "", err
	}
	if said.AccessToken == "" || !strings.EqualFold(said.TokenType, "Bearer") {
		return nil, "", fmt.Errorf("%w: no access token of type Bearer", ErrAnswer) // OIDC Core §3.1.3.3
	}
	t = &Tokens{AccessToken: said.AccessToken, TokenType: "Bearer", Scope: said.Scope, RefreshToken: said.RefreshToken}
	if s, err := said.ExpiresIn.Int64(); err == nil && s > 0 && s < 1<<31 {
		t.Expires = c.p.now().Add(time.Duration(s) * time.Second)
	}
	if t.Scope == "" {
		t.Scope = strings.Join(c.cfg.Scopes, " ") // RFC 6749 §5.1: identical to what was asked
	}
	return t, said.IDToken, nil
}
