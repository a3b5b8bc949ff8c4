package logout

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/outbox"
)

// Deliveries lists what applications were told and what came of it, newest
// first, before the cursor id (0: from the start), at most limit.
func (s *Service) Deliveries(ctx context.Context, tenant string, q Query, before int64, limit int) ([]Delivery, error) {
	return deliveriesOf(s.store.Deliveries(ctx, tenant, q, before, limit))
}

// Delivery returns one, or ErrNoDelivery.
func (s *Service) Delivery(ctx context.Context, tenant string, id int64) (Delivery, error) {
	j, err := s.store.FindDelivery(ctx, tenant, id)
	if err != nil {
		return Delivery{}, err
	}
	return deliveryOf(j)
}

// Replay tells an application again, with all the time of a new delivery before
// it. ErrNoDelivery, ErrUnderWay.
func (s *Service) Replay(ctx context.Context, tenant string, id int64, now time.Time) error {
	j, err := s.store.FindDelivery(ctx, tenant, id)
	if err != nil {
		return err
	}
	if j.State == outbox.Pending {
		return ErrUnderWay
	}
	return s.store.ReplayDelivery(ctx, tenant, id, now, audit.Event{
		Kind: audit.LogoutReplayed, Sub: j.Sub, SID: j.SID, ClientID: j.Lane.Name(),
	})
}

// Expire ends sessions whose time is over, at most limit, in any tenant, and
// returns how many: their participants are told like those of all others.
func (s *Service) Expire(ctx context.Context, now time.Time, limit int) (int, error) {
	return s.store.ExpireSessions(ctx, now, limit)
}
