package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Revoke revokes a token of the client (RFC 7009 §2): a refresh token with its
// family and all its access tokens, an access token alone. What is unknown,
// dead or another client's is no error and nothing is revoked. nil means that
// the revocation is durable.
func (s *Service) Revoke(ctx context.Context, t *tenant.Live, c *client.Client, raw string, now time.Time) error {
	switch {
	case secret.IsKind(secret.RefreshToken, raw):
		return s.revokeRefresh(ctx, t, c, raw, now)
	case secret.IsKind(secret.AccessToken, raw):
		return s.revokeOpaque(ctx, t, c, raw, now)
	}
	return s.revokeJWT(ctx, t, c, raw, now)
}

func (s *Service) revokeRefresh(ctx context.Context, t *tenant.Live, c *client.Client, raw string, now time.Time) error {
	o, ok := secret.Parse(secret.RefreshToken, raw)
	if !ok {
		return nil
	}
	r, st, err := s.store.FindRefresh(ctx, t.ID, o.Selector, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("find refresh token: %w", err)
	case !secret.Equal(r.Hash, o.Hash()), st.ClientID != c.ClientID, st.CreatedAt < c.CreatedAt, st.RevokedAt != 0:
		return nil
	}
	if _, err = s.store.RevokeGrant(ctx, t.ID, st.ID, now, revocation(audit.GrantRevoked, c, st)); err != nil {
		return fmt.Errorf("revoke grant: %w", err)
	}
	return nil
}

func (s *Service) revokeOpaque(ctx context.Context, t *tenant.Live, c *client.Client, raw string, now time.Time) error {
	o, ok := secret.Parse(secret.AccessToken, raw)
	if !ok {
		return nil
	}
	a, st, err := s.store.FindAccess(ctx, t.ID, o.Selector, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("find access token: %w", err)
	case !secret.Equal(a.Hash, o.Hash()), a.ClientID != c.ClientID, a.CreatedAt < c.CreatedAt,
		a.RevokedAt != 0, a.ExpiresAt <= now.UnixMicro():
		return nil
	}
	if err := s.store.RevokeAccess(ctx, t.ID, a.ID, now, revocation(audit.TokenRevoked, c, st)); err != nil {
		return fmt.Errorf("revoke access token: %w", err)
	}
	return nil
}

// revokeJWT makes introspection and userinfo refuse a JWT from now on; an API
// that only verifies the signature goes on until it expires.
func (s *Service) revokeJWT(ctx context.Context, t *tenant.Live, c *client.Client, raw string, now time.Time) error {
	a, err := s.verify(ctx, t, raw, now)
	switch {
	case errors.Is(err, errInactive):
		return nil
	case err != nil:
		return err
	case a.ClientID != c.ClientID, a.Iat*1e6+999_999 < c.CreatedAt:
		return nil
	}
	e := audit.Event{Kind: audit.TokenRevoked, ClientID: c.ClientID, SID: a.SID}
	if a.GID != "" {
		e.Sub = a.Sub
	}
	if err := s.store.RevokeJTI(ctx, t.ID, a.JTI, a.Exp*1e6, e); err != nil {
		return fmt.Errorf("revoke access token: %w", err)
	}
	return nil
}

// revocation is the record of a revocation by the client; st is nil for
// client_credentials.
func revocation(kind audit.Kind, c *client.Client, st *State) audit.Event {
	e := audit.Event{Kind: kind, ClientID: c.ClientID}
	if st != nil {
		e.Sub, e.SID = st.Sub, st.Spec.SID
	}
	return e
}
