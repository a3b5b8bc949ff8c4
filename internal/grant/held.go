package grant

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/token"
)

// errInactive is every way in which a token does not hold; callers learn no
// more than that.
var errInactive = errors.New("token is not active")

// held is a token that holds now. Times are Unix seconds.
type held struct {
	client          *client.Client
	state           *State // nil: client_credentials
	sub, jti        string
	scope, audience []string
	exp, iat        int64
	refresh         bool
}

// access returns the access token that raw is, if it holds now, else
// errInactive: one read for an opaque one.
func (s *Service) access(ctx context.Context, t *tenant.Live, raw string, now time.Time) (*held, error) {
	if secret.IsKind(secret.AccessToken, raw) {
		return s.opaque(ctx, t, raw, now)
	}
	return s.jwt(ctx, t, raw, now)
}

func (s *Service) opaque(ctx context.Context, t *tenant.Live, raw string, now time.Time) (*held, error) {
	o, ok := secret.Parse(secret.AccessToken, raw)
	if !ok {
		return nil, errInactive
	}
	a, st, err := s.store.FindAccess(ctx, t.ID, o.Selector, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, errInactive
	case err != nil:
		return nil, fmt.Errorf("find access token: %w", err)
	case !secret.Equal(a.Hash, o.Hash()), a.RevokedAt != 0, a.ExpiresAt <= now.UnixMicro():
		return nil, errInactive
	}
	h := &held{
		state: st, sub: a.ClientID, jti: secret.FormatSelector(a.ID), scope: a.Scope, audience: a.Audience,
		exp: a.ExpiresAt / 1e6, iat: a.CreatedAt / 1e6,
	}
	return s.hold(ctx, t, h, a.ClientID, a.GrantID, a.CreatedAt, now)
}

func (s *Service) jwt(ctx context.Context, t *tenant.Live, raw string, now time.Time) (*held, error) {
	a, err := s.verify(ctx, t, raw, now)
	if err != nil {
		return nil, err
	}
	h := &held{sub: a.Sub, jti: a.JTI, scope: strings.Fields(a.Scope), audience: a.Aud, exp: a.Exp, iat: a.Iat}
	var id int64
	if a.GID != "" {
		var ok bool
		if id, ok = secret.ParseSelector(a.GID); !ok {
			return nil, errInactive
		}
		h.state, err = s.store.FindGrant(ctx, t.ID, id, now)
		if errors.Is(err, ErrNotFound) {
			return nil, errInactive
		}
		if err != nil {
			return nil, fmt.Errorf("find grant: %w", err)
		}
	}
	// iat has whole seconds; the end of its second errs for the token.
	if h, err = s.hold(ctx, t, h, a.ClientID, id, a.Iat*1e6+999_999, now); err != nil {
		return nil, err
	}
	switch revoked, err := s.store.JTIRevoked(ctx, t.ID, a.JTI); {
	case err != nil:
		return nil, fmt.Errorf("find revocation: %w", err)
	case revoked:
		return nil, errInactive
	}
	return h, nil
}

// verify verifies a JWT access token of the tenant, whatever became of its
// grant; errInactive when it is none.
func (s *Service) verify(ctx context.Context, t *tenant.Live, raw string, now time.Time) (*token.AccessToken, error) {
	ring, err := s.keys.Ring(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	a, err := token.VerifyAccessToken(ring, t.Issuer, raw, now)
	if err != nil || a.Exp <= now.Unix() { // our own clock made it: no skew
		return nil, errInactive
	}
	return a, nil
}

// hold completes a token with its client if grant (id 0: none) and client
// still stand behind it.
func (s *Service) hold(ctx context.Context, t *tenant.Live, h *held, clientID string, id, createdAt int64, now time.Time) (*held, error) {
	if id != 0 {
		st := h.state
		if st == nil || st.ClientID != clientID || !st.Alive(now) {
			return nil, errInactive
		}
		h.sub, createdAt = st.Sub, st.CreatedAt
	}
	c, err := s.client(ctx, t.ID, clientID, createdAt)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, errInactive
	}
	h.client = c
	return h, nil
}

// refreshHeld returns the refresh token that raw is, if it may be used now.
func (s *Service) refreshHeld(ctx context.Context, t *tenant.Live, raw string, now time.Time) (*held, error) {
	o, ok := secret.Parse(secret.RefreshToken, raw)
	if !ok {
		return nil, errInactive
	}
	r, st, err := s.store.FindRefresh(ctx, t.ID, o.Selector, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, errInactive
	case err != nil:
		return nil, fmt.Errorf("find refresh token: %w", err)
	case !secret.Equal(r.Hash, o.Hash()), r.UsedAt != 0, r.ExpiresAt <= now.UnixMicro():
		return nil, errInactive
	}
	h := &held{
		state: st, jti: secret.FormatSelector(r.ID), scope: st.Spec.Scope, audience: st.Spec.Resource,
		exp: r.ExpiresAt / 1e6, iat: r.CreatedAt / 1e6, refresh: true,
	}
	if len(h.audience) == 0 {
		h.audience = []string{defaultAudience(t)}
	}
	return s.hold(ctx, t, h, st.ClientID, st.ID, st.CreatedAt, now)
}
