package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

// CodeInput is a request that authz has found satisfied, and by whom.
type CodeInput struct {
	Tenant  *tenant.Live
	Client  *client.Client
	Request *oidc.AuthRequest
	Session *session.Session
	Begin   *session.Begin // the session begins with the code; nil: it lives already
	// Interaction and Browser name the progress that ends here; "" when none.
	Interaction, Browser string
}

// IssueCode writes a grant and returns the code that begins it. The error is
// ErrSessionEnded when the session has ended meanwhile, an *oidc.Error for an
// unknown resource, one of session's where in.Begin is set, or a fault.
func (s *Service) IssueCode(ctx context.Context, in CodeInput, now time.Time) (string, error) {
	resources, err := s.resources.Of(ctx, in.Tenant.ID, now)
	if err != nil {
		return "", err
	}
	if err := CheckResources(in.Tenant, resources, in.Request.Resource); err != nil {
		return "", err
	}
	g := newGrant(in, APIScopes(resources), now)
	var code secret.Opaque
	for range tries {
		code = secret.New(secret.AuthCode, now)
		g.ID = code.Selector
		err = s.store.IssueCode(ctx, in.Tenant.ID, CodeIssue{
			Grant: g, Begin: in.Begin, CodeHash: code.Hash(),
			CodeExpiresAt: now.Add(livesOf(in.Tenant, in.Client).code).UnixMicro(),
			Interaction:   in.Interaction, Browser: in.Browser, Silent: in.Request.Prompt.None,
		}, now)
		if !errors.Is(err, ErrCollision) {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("issue code: %w", err)
	}
	return code.Reveal(), nil
}

// newGrant is what a request becomes; its id comes with the code.
func newGrant(in CodeInput, apiScopes []string, now time.Time) Grant {
	req, c, ses, l := in.Request, in.Client, in.Session, livesOf(in.Tenant, in.Client)
	refresh := c.AllowsGrant(refreshToken)
	scope := GrantScope(req.Scope, c.Scope, apiScopes)
	if !refresh {
		scope = without(scope, ScopeOffline) // OIDC Core §11: nothing to use it with
	}
	offline := has(scope, ScopeOffline)
	life := l.code + l.access // the longest that an access token of the code can need
	if refresh {
		life = max(life, l.absolute)
	}
	return Grant{
		ClientID: c.ClientID, Sub: ses.Sub, Session: ses.ID,
		Bound:     !offline || c.RevokeOfflineOnLogout,
		CreatedAt: now.UnixMicro(), ExpiresAt: now.Add(life).UnixMicro(),
		Spec: Spec{
			SID: ses.SID, RedirectURI: req.RedirectURI, CodeChallenge: req.CodeChallenge, Nonce: req.Nonce,
			Scope: scope, Resource: unique(req.Resource), Claims: permittedClaims(req.Claims, c, scope),
			AuthTime: ses.AuthTime, Level: ses.Level, AMR: ses.AMR, Offline: offline,
		},
	}
}
