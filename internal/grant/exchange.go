package grant

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
)

// Grant types (RFC 6749 §4.1.3, §6, §4.4.2).
const (
	authorizationCode = "authorization_code"
	refreshToken      = "refresh_token"
	clientCredentials = "client_credentials"
)

// grantTypes is every grant type there is. "password" never will be (RFC 9700
// §2.4).
var grantTypes = map[string]func(*exchange, context.Context) (*oidc.TokenResponse, error){
	authorizationCode: (*exchange).authorizationCode,
	refreshToken:      (*exchange).refreshToken,
	clientCredentials: (*exchange).clientCredentials,
}

// GrantTypes lists the grant types, for discovery and metadata rules.
func GrantTypes() []string { return []string{authorizationCode, refreshToken, clientCredentials} }

// exchange is one token request of an authenticated client.
type exchange struct {
	*Service
	t         *tenant.Live
	c         *client.Client
	f         oidc.Form
	network   string
	now       time.Time
	resources []tenant.Resource
	lives     lives
}

// Exchange answers a token request. The caller has authenticated c, refused
// repeated parameters, and put who acts into ctx; network is
// throttle.Network of the request's address. Refusals are *oidc.Error or
// *throttle.ErrLimited.
func (s *Service) Exchange(ctx context.Context, t *tenant.Live, c *client.Client, f oidc.Form, network string, now time.Time) (*oidc.TokenResponse, error) {
	name := f.Get("grant_type")
	if name == "" {
		return nil, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §5.2", "grant_type is missing")
	}
	answer, ok := grantTypes[name]
	if !ok {
		return nil, oidc.Refuse(oidc.UnsupportedGrantType, "RFC 6749 §5.2", "grant_type must be authorization_code, refresh_token or client_credentials")
	}
	if !c.AllowsGrant(name) {
		return nil, oidc.Refuse(oidc.UnauthorizedClient, "RFC 6749 §5.2", "this client may not use this grant_type; add it to the client's grant_types")
	}
	resources, err := s.resources.Of(ctx, t.ID, now)
	if err != nil {
		return nil, err
	}
	x := &exchange{Service: s, t: t, c: c, f: f, network: network, now: now, resources: resources, lives: livesOf(t, c)}
	return answer(x, ctx)
}

// guesses limits wrong codes and refresh tokens of one client from one network.
// Nothing can be guessed out of 256 bits; it keeps floods cheap.
var guesses = throttle.Budget{Name: "grant", Limit: 100, Window: 15 * time.Minute}

// mismatch answers what is not the code or token it should be: nothing is
// consumed or revoked, it is logged and charged (spec/tokens.md §1). why is for
// the log; description is safe to show.
func (x *exchange) mismatch(ctx context.Context, why, description string) error {
	x.log.WarnContext(ctx, "grant refused", "why", why, "tenant", x.t.ID, "client_id", x.c.ClientID,
		"network", x.network, "request_id", audit.ActorOf(ctx).RequestID)
	if _, err := x.budget.Take(ctx, x.t.ID, x.now, guesses.Of(x.c.ClientID, x.network)); err != nil {
		return err
	}
	return oidc.Refuse(oidc.InvalidGrant, "RFC 6749 §5.2", description)
}

// mine tells whether a grant was made for this client and not for an earlier
// one of the same id (MT3).
func (x *exchange) mine(st *State) bool {
	return st.ClientID == x.c.ClientID && x.c.CreatedAt <= st.CreatedAt
}

// replayed revokes the grant of a token that was used already and answers only
// when that is durable (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
func (x *exchange) replayed(ctx context.Context, st *State, kind audit.Kind, description string) error {
	if st.RevokedAt == 0 {
		e := audit.Event{Kind: kind, Sub: st.Sub, ClientID: st.ClientID, SID: st.Spec.SID, Data: map[string]string{"network": x.network}}
		if _, err := x.store.RevokeGrant(ctx, x.t.ID, st.ID, x.now, e); err != nil {
			return err
		}
	}
	return oidc.Refuse(oidc.InvalidGrant, "RFC 9700 §4.14.2", description)
}

// dead answers a code or token whose grant no longer lives.
func dead(what string) *oidc.Error {
	return oidc.Refuse(oidc.InvalidGrant, "RFC 6749 §5.2",
		what+" is no longer valid: it expired or was revoked, or the session or account behind it has ended; start again at the authorization endpoint")
}
