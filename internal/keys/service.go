package keys

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/foyer-id/foyer/internal/secret"
)

const (
	// cacheLife is how stale a node's view of the records may be.
	cacheLife = time.Second
	// loadTimeout bounds a load that several callers share; none of them can
	// cancel it for the others. A tenant whose keys were read before is refused
	// within a second when the database hangs (B1).
	loadTimeout   = 5 * time.Second
	reloadTimeout = 800 * time.Millisecond
)

// Options are what a Service needs.
type Options struct {
	Store  Store
	Sealer *secret.Sealer // of the master key
	Now    func() time.Time
	// TokenLife is the longest life of a token that is signed here; 0 and more
	// than MaxTokenLife mean MaxTokenLife.
	TokenLife time.Duration
}

// Service gives out rings and rotates keys. Its methods are safe for concurrent
// use, here and on other nodes.
type Service struct {
	store   Store
	sealer  *secret.Sealer
	now     func() time.Time
	life    time.Duration
	loads   singleflight.Group
	mu      sync.Mutex // writers of tenants
	tenants atomic.Pointer[map[string]*entry]
}

// entry is one tenant's place in the cache. generation counts invalidations:
// what was read in an earlier one is not used.
type entry struct {
	generation atomic.Int64
	current    atomic.Pointer[snapshot]
}

// snapshot is what a load found.
type snapshot struct {
	generation int64
	loaded     time.Time
	records    []Record
	opened     map[string]*SigningKey // by sealed text: opened once in its life
	ring       *Ring
}

// New returns a Service.
func New(o Options) *Service {
	s := &Service{store: o.Store, sealer: o.Sealer, now: o.Now, life: o.TokenLife}
	if s.life <= 0 || s.life > MaxTokenLife {
		s.life = MaxTokenLife
	}
	s.tenants.Store(&map[string]*entry{})
	return s
}

// Ring returns the keys of a tenant now, at most one second stale. A tenant
// without keys has an empty ring. ErrMasterKey when a key does not open.
func (s *Service) Ring(ctx context.Context, tenant string) (*Ring, error) {
	e := s.entry(tenant)
	now := s.now()
	if snap := e.current.Load(); snap != nil && snap.generation == e.generation.Load() {
		if age := now.Sub(snap.loaded); age >= 0 && age < cacheLife && snap.ring.holds(now) {
			return snap.ring, nil
		}
	}
	ring, err, _ := s.loads.Do(tenant, func() (any, error) { return s.load(ctx, tenant, e) })
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	return ring.(*Ring), nil
}

// Published returns the ring to publish: Ring's, or while the store is out of
// reach the last one that was read.
func (s *Service) Published(ctx context.Context, tenant string) (*Ring, error) {
	ring, err := s.Ring(ctx, tenant)
	return s.OrLast(tenant, ring, err)
}

// OrLast returns ring, or the last one that was read when err says that the
// store is out of reach (P4). What that one publishes stays good to verify with;
// nothing may be signed or accepted by it, for a key may have been revoked since.
func (s *Service) OrLast(tenant string, ring *Ring, err error) (*Ring, error) {
	if snap := s.entry(tenant).current.Load(); err != nil && snap != nil && !errors.Is(err, ErrMasterKey) {
		return snap.ring, nil
	}
	return ring, err
}

// Invalidate makes the next Ring of a tenant read the store again.
func (s *Service) Invalidate(tenant string) {
	s.entry(tenant).generation.Add(1)
	s.loads.Forget(tenant)
}

// List returns the state of every key of a tenant, read now. It needs no
// private key, so it answers under a wrong master key too.
func (s *Service) List(ctx context.Context, tenant string) ([]Status, error) {
	records, err := s.store.Keys(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return States(records, s.life, s.now()), nil
}

func (s *Service) load(ctx context.Context, tenant string, e *entry) (*Ring, error) {
	last, limit := e.current.Load(), loadTimeout
	if last != nil {
		limit = reloadTimeout
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	next := &snapshot{generation: e.generation.Load(), loaded: s.now(), opened: map[string]*SigningKey{}}
	var err error
	if next.records, err = s.store.Keys(ctx, tenant); err != nil {
		return nil, err
	}
	if last != nil && last.ring.holds(next.loaded) && slices.Equal(last.records, next.records) {
		next.opened, next.ring = last.opened, last.ring // the JWKS is rendered once per change
	} else if err := s.build(tenant, next, last); err != nil {
		return nil, err
	}
	e.current.Store(next)
	return next.ring, nil
}

// build makes the snapshot's ring; keys that the last one had open stay open.
func (s *Service) build(tenant string, next, last *snapshot) error {
	sealed := make(map[string]Record, len(next.records))
	for _, r := range next.records {
		sealed[r.KID] = r
	}
	ring, err := newRing(States(next.records, s.life, next.loaded), next.loaded, func(kid string) (*SigningKey, error) {
		r := sealed[kid]
		var k *SigningKey
		if last != nil {
			k = last.opened[r.Sealed]
		}
		if k == nil || k.KID != kid || k.Alg != r.Alg {
			var err error
			if k, err = open(s.sealer, tenant, r); err != nil {
				return nil, err
			}
		}
		next.opened[r.Sealed] = k
		return k, nil
	})
	next.ring = ring
	return err
}

// entry finds or makes a tenant's place: a copy per new tenant, no lock and no
// allocation for a known one.
func (s *Service) entry(tenant string) *entry {
	if e, ok := (*s.tenants.Load())[tenant]; ok {
		return e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.tenants.Load()
	if e, ok := old[tenant]; ok {
		return e
	}
	next := maps.Clone(old)
	next[tenant] = &entry{}
	s.tenants.Store(&next)
	return next[tenant]
}
