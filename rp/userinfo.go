package rp

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"

	strictjson "github.com/go-jose/go-jose/v4/json"
)

// ErrUnsupported: the provider has no such endpoint.
var ErrUnsupported = errors.New("rp: the provider does not offer this")

// UserInfo is what the userinfo endpoint says of a person now (OIDC Core §5.3).
type UserInfo struct {
	Subject       string `json:"sub"`
	Name          string `json:"name"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	PhoneNumber   string `json:"phone_number"` // E.164
	Claims        []byte `json:"-"`            // all claims, a JSON object
}

// UserInfo asks who an access token is for. subject is the sub of the ID token:
// an answer about anybody else is ErrToken (OIDC Core §5.3.2). An *Error with
// code invalid_token means that the token, or the session behind it, is over.
func (c *Client) UserInfo(ctx context.Context, accessToken, subject string) (*UserInfo, error) {
	endpoint := c.p.current(ctx).UserInfoEndpoint
	if endpoint == "" {
		return nil, fmt.Errorf("%w: userinfo", ErrUnsupported)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+accessToken)
	req.Header.Set("Accept", "application/json")
	status, header, body, err := c.p.do(req)
	switch {
	case err != nil:
		return nil, fmt.Errorf("userinfo: %w", err)
	case status != http.StatusOK:
		return nil, fmt.Errorf("userinfo: %w", refusal(status, header, body))
	}
	if kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); kind != "application/json" {
		return nil, fmt.Errorf("%w: userinfo is %q, not application/json", ErrAnswer, kind)
	}
	u := &UserInfo{Claims: body}
	if err := strictjson.Unmarshal(body, u); err != nil {
		return nil, fmt.Errorf("%w: userinfo: %w", ErrAnswer, err)
	}
	if subject == "" || u.Subject != subject {
		return nil, refuse("userinfo is about another sub than the ID token")
	}
	return u, nil
}

// Revoke ends a token (RFC 7009); hint is "access_token", "refresh_token" or "".
// A refresh token's access tokens end with it.
func (c *Client) Revoke(ctx context.Context, token, hint string) error {
	endpoint := c.p.current(ctx).RevocationEndpoint
	if endpoint == "" {
		return fmt.Errorf("%w: revocation", ErrUnsupported)
	}
	form := url.Values{"token": {token}}
	if hint != "" {
		form.Set("token_type_hint", hint)
	}
	if err := c.post(ctx, endpoint, form, nil); err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return nil
}
