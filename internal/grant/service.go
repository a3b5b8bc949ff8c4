package grant

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
)

// Keys gives out the keys of a tenant, and makes those of an algorithm that a
// client is the first to use.
type Keys interface {
	Ring(ctx context.Context, tenant string) (*keys.Ring, error)
	Ensure(ctx context.Context, tenant string, algs ...keys.Alg) error
}

// Clients finds registered applications from a snapshot that is at most a
// second stale; client.ErrNotFound when there is none.
type Clients interface {
	Find(ctx context.Context, tenant, clientID string) (*client.Client, error)
}

// Resources returns the APIs of a tenant from a snapshot that is at most a
// second stale.
type Resources interface {
	Of(ctx context.Context, tenant string, now time.Time) ([]tenant.Resource, error)
}

// Budget limits wrong codes and tokens; throttle.Limiter is one.
type Budget interface {
	Take(ctx context.Context, tenant string, now time.Time, charges ...throttle.Charge) (throttle.Ticket, error)
}

// Options are what a Service needs.
type Options struct {
	Store     Store
	Keys      Keys
	Clients   Clients
	Resources Resources
	Budget    Budget
	Log       *slog.Logger
}

// Service is the judge of grants. Its methods are safe for concurrent use; the
// tenant and the time come with each call.
type Service struct {
	store     Store
	keys      Keys
	clients   Clients
	resources Resources
	budget    Budget
	log       *slog.Logger
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{store: o.Store, keys: o.Keys, clients: o.Clients, resources: o.Resources, budget: o.Budget, log: o.Log}
}

// tries is how often a transition is repeated that met an id which exists:
// two in a row are one in 10¹² even at a thousand a millisecond.
const tries = 4

// client returns the enabled client that a grant or token of the time createdAt
// (Unix µs) was made for, nil when there is none: what another client of the
// same name was given is not this one's (MT3).
func (s *Service) client(ctx context.Context, tenant, id string, createdAt int64) (*client.Client, error) {
	c, err := s.clients.Find(ctx, tenant, id)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !c.IsEnabled() || c.CreatedAt > createdAt:
		return nil, nil
	}
	return c, nil
}

// lives are the lifetimes in force: the client's, else the tenant's, within the
// bounds of spec/tokens.md §1 and §2.
type lives struct{ code, access, id, idle, absolute, grace time.Duration }

func livesOf(t *tenant.Live, c *client.Client) lives {
	own, general := c.Tokens, t.Settings.Tokens
	pick := func(a, b config.Duration) time.Duration {
		if a > 0 {
			return time.Duration(a)
		}
		return time.Duration(b)
	}
	return lives{
		code:     min(pick(own.Code, general.Code), time.Minute), // AZ6
		access:   min(max(pick(own.AccessToken, general.AccessToken), time.Minute), 24*time.Hour),
		id:       min(pick(own.IDToken, general.IDToken), keys.MaxTokenLife),
		idle:     pick(own.RefreshIdle, general.RefreshIdle),
		absolute: pick(own.RefreshAbsolute, general.RefreshAbsolute),
		grace:    max(pick(own.RefreshGrace, general.RefreshGrace), 0),
	}
}
