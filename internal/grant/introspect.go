package grant

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Introspection is an answer of RFC 7662 §2.2, with the members of
// reference/akamai.md §1.3. Times are Unix seconds. The zero value is the
// answer for everything that is unknown, foreign or dead.
type Introspection struct {
	Active    bool     `json:"active"`
	Scope     string   `json:"scope,omitempty"` // sorted
	ClientID  string   `json:"client_id,omitempty"`
	TokenType string   `json:"token_type,omitempty"` // Bearer; none for a refresh token
	Exp       int64    `json:"exp,omitempty"`
	Iat       int64    `json:"iat,omitempty"`
	Sub       string   `json:"sub,omitempty"`
	Aud       []string `json:"aud,omitempty"`
	Iss       string   `json:"iss,omitempty"`
	JTI       string   `json:"jti,omitempty"`
	SID       string   `json:"sid,omitempty"`
}

// Caller is who introspects: a confidential client or a resource, authenticated.
// A client sees the tokens that were issued to it; a resource sees access
// tokens that name it as audience, and of their scopes its own.
type Caller struct {
	Client   *client.Client
	Resource *tenant.Resource
}

// sees tells whether a token is the caller's to see.
func (c Caller) sees(h *held) bool {
	switch {
	case c.Client != nil:
		return c.Client.ClientID == h.client.ClientID
	case c.Resource != nil:
		return !h.refresh && slices.Contains(h.audience, c.Resource.Audience)
	}
	return false
}

// Introspect tells the caller about a token. The hint is not needed: what a
// token is can be seen from it. The error is a fault, never a refusal.
func (s *Service) Introspect(ctx context.Context, t *tenant.Live, caller Caller, raw string, now time.Time) (Introspection, error) {
	find := s.access
	if secret.IsKind(secret.RefreshToken, raw) {
		find = s.refreshHeld
	}
	h, err := find(ctx, t, raw, now)
	switch {
	case errors.Is(err, errInactive):
		return Introspection{}, nil
	case err != nil:
		return Introspection{}, err
	case !caller.sees(h):
		return Introspection{}, nil
	}
	return describe(t, caller, h), nil
}

func describe(t *tenant.Live, caller Caller, h *held) Introspection {
	scope := slices.Clone(h.scope)
	if r := caller.Resource; r != nil {
		scope = slices.DeleteFunc(scope, func(s string) bool { return !slices.Contains(r.Scopes, s) })
	}
	slices.Sort(scope)
	in := Introspection{
		Active: true, Scope: strings.Join(scope, " "), ClientID: h.client.ClientID, TokenType: "Bearer",
		Exp: h.exp, Iat: h.iat, Sub: h.sub, Aud: h.audience, Iss: t.Issuer, JTI: h.jti,
	}
	if h.refresh {
		in.TokenType = "" // RFC 7662 §2.2 means access tokens; nobody should take it for one
	}
	if t.Dialect == tenant.Akamai && !slices.Contains(in.Aud, in.ClientID) {
		in.Aud = append([]string{in.ClientID}, in.Aud...) // reference/akamai.md §1.3
	}
	if h.state != nil {
		in.SID = h.state.sid()
	}
	return in
}
