package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// rotateEvery is how long a key signs (spec/tokens.md §7).
	rotateEvery = 90 * 24 * time.Hour
	// announceLead is how long before it signs a successor is published.
	announceLead = 14 * 24 * time.Hour
	// nowLead is the shortest honest lead: a JWKS fetched just before the key
	// was made, from a node whose ring is a second old, has left every cache.
	nowLead = JWKSMaxAge + 10*time.Second
	// forceLead only lets the other nodes see the key before it signs;
	// applications must fetch the JWKS again on an unknown kid.
	forceLead = 2 * cacheLife
)

// Rotation says when a successor starts to sign: after 14 days by default,
// after JWKSMaxAge and a margin of 10 s with Now, after 2 s with Force.
type Rotation struct{ Now, Force bool }

// Ensure makes a key for each algorithm that has none, Default when none are
// named; the first key signs at once. RSA keys take 20 to 110 ms: callers run
// it in the background. Several nodes may do so at once. When the tenant has
// keys and none opens, it makes nothing and returns ErrMasterKey.
func (s *Service) Ensure(ctx context.Context, tenant string, algs ...Alg) error {
	if len(algs) == 0 {
		algs = Default()
	}
	// A new tenant's first requests come together; one of them makes the key.
	_, err, _ := s.loads.Do(fmt.Sprint("make ", tenant, algs), func() (any, error) {
		return nil, s.ensure(ctx, tenant, algs)
	})
	return err
}

func (s *Service) ensure(ctx context.Context, tenant string, algs []Alg) error {
	records, err := s.readable(ctx, tenant)
	if err != nil {
		return fmt.Errorf("ensure keys: %w", err)
	}
	for _, alg := range algs {
		if slices.ContainsFunc(records, func(r Record) bool { return r.Alg == alg && r.RevokedAt == 0 }) {
			continue
		}
		if _, _, err := s.add(ctx, tenant, alg, s.now(), -1); err != nil {
			return fmt.Errorf("ensure keys: %w", err)
		}
	}
	return nil
}

// Rotate announces a successor for alg and returns its record. Without Now or
// Force, when one is announced already, it returns that one and ErrAnnounced.
func (s *Service) Rotate(ctx context.Context, tenant string, alg Alg, how Rotation) (Record, error) {
	if _, err := s.readable(ctx, tenant); err != nil {
		return Record{}, fmt.Errorf("rotate %s: %w", alg, err)
	}
	now := s.now()
	from, unlessAfter := now.Add(announceLead), now.UnixMicro()
	switch {
	case how.Force:
		from, unlessAfter = now.Add(forceLead), Always
	case how.Now:
		from, unlessAfter = now.Add(nowLead), Always
	}
	r, added, err := s.add(ctx, tenant, alg, from, unlessAfter)
	if err != nil || added {
		return r, err
	}
	return s.announced(ctx, tenant, alg, now)
}

// Tick announces a successor for each key of a tenant that will have signed for
// 90 days within the next 14. The caller runs it every hour or so, on any
// number of nodes.
func (s *Service) Tick(ctx context.Context, tenant string) error {
	records, err := s.readable(ctx, tenant)
	if err != nil {
		return fmt.Errorf("rotate keys: %w", err)
	}
	now := s.now()
	for _, k := range States(records, s.life, now) {
		due := time.UnixMicro(k.SignFrom).Add(rotateEvery)
		if k.State != Signing || k.Until != 0 || now.Before(due.Add(-announceLead)) {
			continue
		}
		if earliest := now.Add(announceLead); due.Before(earliest) {
			due = earliest // Tick did not run for a while
		}
		if _, _, err := s.add(ctx, tenant, k.Alg, due, now.UnixMicro()); err != nil {
			return fmt.Errorf("rotate keys: %w", err)
		}
	}
	return nil
}

// Revoke ends a key at once, for compromise: it verifies nothing any more, not
// even logout hints. If it was signing, a fresh key signs at once; that one is
// stored first, so that no older key is called back in between. ErrUnknown when
// there is no such key; revoking twice is revoking once.
func (s *Service) Revoke(ctx context.Context, tenant, kid string) error {
	records, err := s.store.Keys(ctx, tenant)
	if err != nil {
		return fmt.Errorf("revoke key: %w", err)
	}
	now := s.now()
	states := States(records, s.life, now)
	i := slices.IndexFunc(states, func(k Status) bool { return k.KID == kid })
	if i < 0 {
		return ErrUnknown
	}
	if states[i].State == Signing {
		if err := s.master(tenant, records); err != nil {
			return fmt.Errorf("revoke key: %w", err)
		}
		if _, _, err := s.add(ctx, tenant, states[i].Alg, now, Always); err != nil {
			return fmt.Errorf("revoke key: %w", err)
		}
	}
	if _, err := s.store.RevokeKey(ctx, tenant, kid, now); err != nil {
		return fmt.Errorf("revoke key: %w", err)
	}
	s.Invalidate(tenant)
	return nil
}

// add makes a key and stores it.
func (s *Service) add(ctx context.Context, tenant string, alg Alg, from time.Time, unlessAfter int64) (Record, bool, error) {
	signer, err := generate(alg)
	if err != nil {
		return Record{}, false, err
	}
	k, err := NewSigningKey(alg, signer)
	if err != nil {
		return Record{}, false, err
	}
	r, err := seal(s.sealer, tenant, k)
	if err != nil {
		return Record{}, false, err
	}
	r.CreatedAt, r.SignFrom = s.now().UnixMicro(), from.UnixMicro()
	added, err := s.store.AddKey(ctx, tenant, r, unlessAfter)
	if err != nil {
		return Record{}, false, fmt.Errorf("add %s key: %w", alg, err)
	}
	s.Invalidate(tenant)
	return r, added, nil
}

// announced finds the next key that kept another from being added.
func (s *Service) announced(ctx context.Context, tenant string, alg Alg, now time.Time) (Record, error) {
	records, err := s.store.Keys(ctx, tenant)
	if err != nil {
		return Record{}, fmt.Errorf("rotate %s: %w", alg, err)
	}
	for _, r := range records {
		if r.Alg == alg && r.RevokedAt == 0 && r.SignFrom > now.UnixMicro() {
			return r, ErrAnnounced
		}
	}
	return Record{}, ErrAnnounced
}

// readable returns the records when the master key is theirs.
func (s *Service) readable(ctx context.Context, tenant string) ([]Record, error) {
	records, err := s.store.Keys(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return records, s.master(tenant, records)
}

// master returns ErrMasterKey when there are records and none opens. One that
// opens is enough here: a single damaged row must not keep its replacement from
// being made.
func (s *Service) master(tenant string, records []Record) error {
	var err error
	for _, r := range records {
		if _, err = open(s.sealer, tenant, r); err == nil {
			return nil
		}
	}
	if err != nil && !errors.Is(err, ErrMasterKey) {
		return fmt.Errorf("%w: %w", ErrMasterKey, err)
	}
	return err
}
