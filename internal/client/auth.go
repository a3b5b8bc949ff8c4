package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/token"
)

// seenAssertion is the kind under which ids of assertions are kept.
const seenAssertion = "client_assertion"

// TenantView is what authentication must know of a tenant.
type TenantView struct {
	ID string
	// Issuer and TokenEndpoints are the values of aud that are accepted
	// (CA3); leave the endpoints out to be strict (client_assertion_audience).
	Issuer         string
	TokenEndpoints []string
}

// Budget limits failed authentications. Allow charges one attempt to key and
// returns an error, which the caller of Authenticate gets, when there were too
// many (CA4).
type Budget interface {
	Allow(ctx context.Context, tenant, key string, now time.Time) error
}

// AuthenticatorOptions are what an Authenticator needs.
type AuthenticatorOptions struct {
	Directory *Directory
	Store     Store
	Fetcher   Fetcher // of jwks_uri
	Budget    Budget
}

// Authenticator turns credentials into the client that they prove. It is safe
// for concurrent use.
type Authenticator struct {
	directory *Directory
	store     Store
	keys      *keyCache
	budget    Budget
	failures  *failures
}

// NewAuthenticator returns an Authenticator.
func NewAuthenticator(o AuthenticatorOptions) *Authenticator {
	return &Authenticator{directory: o.Directory, store: o.Store, keys: newKeyCache(o.Fetcher),
		budget: o.Budget, failures: newFailures()}
}

// Authenticate returns the client whose registered method, and no other, the
// credentials fulfil. A refusal is an *oidc.Error (invalid_client); an error of
// the Budget passes through; anything else is a fault.
//
// A client that has failed lately by this method, from this network, on this
// node, is charged before the credentials are looked at, so that an exhausted budget says nothing about
// them; one that has not costs nothing.
func (a *Authenticator) Authenticate(ctx context.Context, t TenantView, cr Credentials, now time.Time) (*Client, error) {
	key := cr.counter()
	if a.failures.recent(t.ID, key, now) {
		if err := a.budget.Allow(ctx, t.ID, key, now); err != nil {
			return nil, err
		}
	}
	c, err := a.judge(ctx, t, cr, now)
	var refusal *oidc.Error
	switch {
	case err == nil:
		a.failures.forget(t.ID, key)
	case errors.As(err, &refusal):
		a.failures.note(t.ID, key, now)
	}
	return c, err
}

// judge takes the same way for clients that are unknown, disabled or
// registered for another method, so that they cost the same.
func (a *Authenticator) judge(ctx context.Context, t TenantView, cr Credentials, now time.Time) (*Client, error) {
	c, err := a.directory.Find(ctx, t.ID, cr.ClientID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("authenticate client: %w", err)
	}
	var reason error
	switch {
	case err != nil:
		c, reason = nil, err
	case !c.IsEnabled():
		c, reason = nil, errors.New("client is disabled")
	case c.Method() != cr.Method:
		c, reason = nil, fmt.Errorf("client is registered for %s, not %s", c.Method(), cr.Method)
	}
	switch cr.Method {
	case MethodNone:
		if c != nil {
			return c, nil
		}
	case MethodBasic, MethodPost:
		if secretMatches(c, cr.Secret, now) {
			return c, nil
		}
		if reason == nil {
			reason = errors.New("wrong or expired secret")
		}
	case MethodPrivateKeyJWT:
		if c != nil {
			return a.assertion(ctx, t, c, cr, now)
		}
	}
	return nil, refuse(reason)
}

// assertion verifies a private_key_jwt; a key that is not known may be new
// (KJ9). Its id is spent only when everything else was right.
func (a *Authenticator) assertion(ctx context.Context, t TenantView, c *Client, cr Credentials, now time.Time) (*Client, error) {
	if alg := c.TokenEndpointAuthSigningAlg; alg != "" {
		if peek, err := token.PeekClientAssertion(cr.Assertion); err != nil || string(peek.Alg) != alg {
			return nil, refuse(fmt.Errorf("assertion is not signed with the registered %s", alg))
		}
	}
	audiences := append([]string{t.Issuer}, t.TokenEndpoints...)
	set, err := a.keys.find(ctx, t.ID, c, false, now)
	if err != nil {
		return nil, refuse(err)
	}
	proof, err := token.VerifyClientAssertion(cr.Assertion, set, c.ClientID, audiences, now)
	if errors.Is(err, token.ErrUnknownKey) {
		if set, errSet := a.keys.find(ctx, t.ID, c, true, now); errSet == nil {
			proof, err = token.VerifyClientAssertion(cr.Assertion, set, c.ClientID, audiences, now)
		}
	}
	if err != nil {
		return nil, asRefusal(err)
	}
	id := secret.Hash(seenAssertion+"/"+c.ClientID, proof.JTI)
	switch err := a.store.MarkSeen(ctx, t.ID, seenAssertion, id, now, time.Unix(proof.Exp, 0).Add(token.Skew)); {
	case errors.Is(err, ErrSeen):
		return nil, oidc.Refuse(oidc.InvalidClient, "RFC 7523 §3", "client_assertion was used before; make a new one with its own jti for each request")
	case err != nil:
		return nil, fmt.Errorf("authenticate client: %w", err)
	}
	return c, nil
}

// asRefusal returns the refusal that package token made, or the general one.
func asRefusal(err error) *oidc.Error {
	var r *oidc.Error
	if errors.As(err, &r) {
		return r
	}
	return refuse(err)
}
