package keys

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// memory is a Store; sqlstore's is proved to do the same by its own tests.
type memory struct {
	mu      sync.Mutex
	records map[string][]Record
	reads   int
}

func (m *memory) Keys(_ context.Context, tenant string) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return slices.Clone(m.records[tenant]), nil
}

func (m *memory) AddKey(_ context.Context, tenant string, r Record, unlessAfter int64) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.records[tenant], func(o Record) bool {
		return o.Alg == r.Alg && o.RevokedAt == 0 && o.SignFrom > unlessAfter
	}) {
		return false, nil
	}
	m.records[tenant] = append(m.records[tenant], r)
	return true, nil
}

func (m *memory) RevokeKey(_ context.Context, tenant, kid string, now time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.records[tenant] {
		if r := &m.records[tenant][i]; r.KID == kid && r.RevokedAt == 0 {
			r.RevokedAt = now.UnixMicro()
			return true, nil
		}
	}
	return false, nil
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// behind is a clock that lags by d.
func (c *clock) behind(d time.Duration) func() time.Time {
	return func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now.Add(-d)
	}
}

type bundle struct {
	*Service
	store  *memory
	clock  *clock
	sealer *secret.Sealer
}

// node returns another Service over the same store whose clock lags by d.
func (b *bundle) node(d time.Duration) *Service {
	return New(Options{Store: b.store, Sealer: b.sealer, Now: b.clock.behind(d)})
}

// setup returns a service with an ES256 key for tenant "acme".
func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{
		store: &memory{records: map[string][]Record{}}, clock: &clock{now: noon},
		sealer: secret.NewSealer(secret.DeriveKey([]byte("master"), "keys")),
	}
	b.Service = b.node(0)
	must(t, b.Ensure(t.Context(), "acme", ES256))
	return b
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ring returns the ring of tenant "acme".
func ring(t *testing.T, s *Service) *Ring {
	t.Helper()
	r, err := s.Ring(t.Context(), "acme")
	must(t, err)
	return r
}

// signer returns the kid that signs ES256 in tenant "acme".
func signer(t *testing.T, s *Service) string {
	t.Helper()
	k, ok := ring(t, s).Signing(ES256)
	if !ok {
		t.Fatal("no key signs")
	}
	return k.KID
}

// slowStore calls after when a read has its result.
type slowStore struct {
	*memory
	after func()
}

func (s *slowStore) Keys(ctx context.Context, tenant string) ([]Record, error) {
	records, err := s.memory.Keys(ctx, tenant)
	s.after()
	return records, err
}
