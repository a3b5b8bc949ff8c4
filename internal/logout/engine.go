package logout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
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

// Pending is a logout request on its way through a bounce or a question. It
// travels sealed; of a hint only what was verified goes along.
type Pending struct {
	ClientID   string    `json:"c,omitempty"`
	Return     string    `json:"r,omitempty"`
	State      string    `json:"s,omitempty"`
	LogoutHint string    `json:"l,omitempty"`
	UILocales  string    `json:"u,omitempty"`
	Hint       HintState `json:"h,omitempty"`
	HintClient string    `json:"hc,omitempty"`
	HintSub    string    `json:"hu,omitempty"`
	HintSID    string    `json:"hs,omitempty"`
	// Asked is the sid that the question named; an answer about another session
	// is asked again (spec/logout.md §1.6).
	Asked string `json:"a,omitempty"`
}

const purposeEndSession = "endsession"

// Read verifies the hint of a request and returns what travels on.
func (e *Engine) Read(ctx context.Context, t *tenant.Live, r *oidc.EndSessionRequest) (Pending, error) {
	p := Pending{ClientID: r.ClientID, Return: r.PostLogoutRedirectURI, State: r.State, LogoutHint: r.LogoutHint, UILocales: r.UILocales}
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

// Seal returns p for a URL or a form.
func (p Pending) Seal(s *secret.Sealer, tenant string) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("seal logout request: %w", err)
	}
	return s.SealString(tenant, purposeEndSession, b), nil
}

// OpenPending reads what Seal wrote, or secret.ErrSealed.
func OpenPending(s *secret.Sealer, tenant, sealed string) (Pending, error) {
	var p Pending
	b, err := s.OpenString(tenant, purposeEndSession, sealed)
	if err != nil || json.Unmarshal(b, &p) != nil {
		return Pending{}, secret.ErrSealed
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
	if h := f.Request.LogoutHint; h != "" && h != f.Session.SID {
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
