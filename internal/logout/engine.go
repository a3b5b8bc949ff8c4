package logout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/token"
)

// What the engine asks of others.
type (
	// Clients finds registered applications.
	Clients interface {
		Find(ctx context.Context, tenant, clientID string) (*client.Client, error)
	}
	// Rings gives the keys that verify a hint.
	Rings interface {
		Ring(ctx context.Context, tenant string) (*keys.Ring, error)
	}
	// Sessions is what the engine reads of sessions.
	Sessions interface {
		FindBySID(ctx context.Context, tenant, sid string, now time.Time) (*session.Session, error)
		Participants(ctx context.Context, tenant string, id int64) ([]session.Participant, error)
	}
)

// Engine collects the facts of a logout request and has them judged.
type Engine struct {
	*Service
	Clients  Clients
	Rings    Rings
	Sessions Sessions
}

// Read verifies the hint of a request and returns what travels on.
func (e *Engine) Read(ctx context.Context, t *tenant.Live, r *oidc.EndSessionRequest) (Pending, error) {
	p := pendingOf(r)
	if r.IDTokenHint == "" {
		return p, nil
	}
	ring, err := e.Rings.Ring(ctx, t.ID)
	if err != nil {
		return p, fmt.Errorf("load keys: %w", err)
	}
	p.Hint = HintRejected
	if h, err := token.VerifyHint(ring, t.Issuer, r.IDTokenHint); err == nil {
		p.Hint, p.HintClient, p.HintSub, p.HintSID = HintValid, h.Aud, h.Sub, h.SID
	}
	return p, nil
}

// Decide collects the facts anew, clients and sessions as they are now, and
// judges them.
func (e *Engine) Decide(ctx context.Context, t *tenant.Live, p Pending, sess *session.Session, navigation bool, now time.Time) (Decision, error) {
	f := Facts{
		Request: &oidc.EndSessionRequest{ClientID: p.ClientID, LogoutHint: p.LogoutHint, PostLogoutRedirectURI: p.Return, State: p.State},
		Hint:    p.Hint, HintSub: p.HintSub, HintSID: p.HintSID, Session: sess, Navigation: navigation,
	}
	var err error
	if f.Client, err = e.enabled(ctx, t, p.ClientID); err != nil {
		return Decision{}, err
	}
	if p.Hint == HintValid {
		if f.HintClient, err = e.enabled(ctx, t, p.HintClient); err != nil {
			return Decision{}, err
		}
		if f.HintClient == nil {
			f.Hint = HintRejected // its client must be enabled (§1, id_token_hint)
		}
	}
	f.Confirmation = ConfirmationOf(f.Party(), t.Dialect == tenant.IdentityServer)
	if sess != nil {
		if err := e.sessionFacts(ctx, t, &f, now); err != nil {
			return Decision{}, err
		}
	}
	return Judge(f), nil
}

func (e *Engine) sessionFacts(ctx context.Context, t *tenant.Live, f *Facts, now time.Time) error {
	list, err := e.Sessions.Participants(ctx, t.ID, f.Session.ID)
	if err != nil {
		return fmt.Errorf("list participants: %w", err)
	}
	for _, p := range list {
		f.Participants = append(f.Participants, p.ClientID)
	}
	if h := f.Request.LogoutHint; session.IsSID(h) && h != f.Session.SID {
		other, err := e.Sessions.FindBySID(ctx, t.ID, h, now)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return fmt.Errorf("find session: %w", err)
		}
		f.Sibling = err == nil && other.Sub == f.Session.Sub
	}
	return nil
}

// enabled returns a client that may be used, nil when there is none.
func (e *Engine) enabled(ctx context.Context, t *tenant.Live, id string) (*client.Client, error) {
	if id == "" {
		return nil, nil
	}
	c, err := e.Clients.Find(ctx, t.ID, id)
	if errors.Is(err, client.ErrNotFound) || err == nil && !c.IsEnabled() {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find client: %w", err)
	}
	return c, nil
}
