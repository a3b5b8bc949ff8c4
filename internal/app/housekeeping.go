package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
)

// keyRings gives rings that can sign: a tenant that has just been made gets its
// keys when they are first needed.
type keyRings struct{ *keys.Service }

// Ring returns the tenant's keys, made if it has none.
func (k *keyRings) Ring(ctx context.Context, tenant string) (*keys.Ring, error) {
	ring, err := k.Service.Ring(ctx, tenant)
	if err != nil || complete(ring) {
		return ring, err
	}
	if err := k.Ensure(context.WithoutCancel(ctx), tenant, keys.Default()...); err != nil {
		return nil, err
	}
	k.Invalidate(tenant) // another node may have made them since this ring was read
	return k.Service.Ring(ctx, tenant)
}

// Published is keys.Service.Published with the keys that Ring makes.
func (k *keyRings) Published(ctx context.Context, tenant string) (*keys.Ring, error) {
	ring, err := k.Ring(ctx, tenant)
	return k.OrLast(tenant, ring, err)
}

func complete(ring *keys.Ring) bool {
	for _, alg := range keys.Default() {
		if _, ok := ring.Signing(alg); !ok {
			return false
		}
	}
	return true
}

const (
	sweepEvery = time.Minute
	sweepBatch = 500                 // rows of a table in one transition (DS10)
	endedFor   = 30 * 24 * time.Hour // ended sessions stay visible to administrators
	deviceFor  = 365 * 24 * time.Hour
)

// keepHouse makes and rotates keys, ends sessions whose time is over and sweeps
// what has expired, until ctx ends.
// Every table has an expiry, so storage is bounded by accounts, not by time.
func (s *Server) keepHouse(ctx context.Context) (done <-chan struct{}) {
	finished := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer s.reportPanic("expiry")
		s.expireSessions(ctx)
	})
	wg.Go(func() {
		defer s.reportPanic("housekeeping")
		s.tend(ctx)
	})
	go func() {
		wg.Wait()
		close(finished)
	}()
	return finished
}

func (s *Server) tend(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		s.tendKeys(ctx)
		s.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// reportPanic logs a panic that ends the program: an ERROR is written at once
// and with it the lines before it that are still held.
func (s *Server) reportPanic(what string) {
	if p := recover(); p != nil {
		s.Log.Error("panicked", "what", what, "panic", p)
		panic(p)
	}
}

// tendKeys makes missing keys and announces the next ones. RSA keys take up to
// a tenth of a second, which no request waits for at a start.
func (s *Server) tendKeys(ctx context.Context) {
	version, err := s.Directory.Refresh(ctx, s.Now())
	if err != nil {
		s.Log.WarnContext(ctx, "keys not tended", "err", err)
		return
	}
	moved := version != s.tended
	for _, t := range s.Directory.All() {
		algs := keys.Default()
		if moved {
			used, err := s.algorithms(ctx, t.ID)
			if err != nil {
				s.Log.WarnContext(ctx, "algorithms not read", "tenant", t.ID, "err", err)
			}
			algs = append(algs, used...)
		}
		if err := s.Keys.Ensure(ctx, t.ID, algs...); err != nil {
			s.Log.WarnContext(ctx, "keys not made", "tenant", t.ID, "err", err)
			return
		}
		if err := s.Keys.Tick(ctx, t.ID); err != nil {
			s.Log.WarnContext(ctx, "keys not rotated", "tenant", t.ID, "err", err)
		}
	}
	s.tended = version
}

// algorithms are the signature algorithms that clients of a tenant ask for, so
// that their keys are published before they are needed.
func (s *Server) algorithms(ctx context.Context, tenant string) ([]keys.Alg, error) {
	var out []keys.Alg
	for cursor := ""; ; {
		page, err := s.Store.ListClients(ctx, tenant, cursor, sweepBatch)
		if err != nil {
			return out, err
		}
		for _, c := range page {
			if a, ok := keys.ParseAlg(c.IDTokenSignedResponseAlg); ok && !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
		if len(page) < sweepBatch {
			return out, nil
		}
		cursor = page[len(page)-1].ClientID
	}
}

func (s *Server) sweep(ctx context.Context) {
	now := s.Now()
	sweeps := map[string]func() (int, error){
		"sessions":   func() (int, error) { return s.Store.SweepSessions(ctx, now.Add(-endedFor), sweepBatch) },
		"grants":     func() (int, error) { return s.Store.SweepGrants(ctx, now, sweepBatch) },
		"progress":   func() (int, error) { return s.Store.SweepProgress(ctx, now, sweepBatch) },
		"seen":       func() (int, error) { return s.Store.SweepSeen(ctx, now, sweepBatch) },
		"devices":    func() (int, error) { return s.Store.SweepDevices(ctx, now.Add(-deviceFor), sweepBatch) },
		"challenges": func() (int, error) { return s.Store.SweepChallenges(ctx, now, sweepBatch) },
		"alerts":     func() (int, error) { return s.Store.SweepAlerts(ctx, now, sweepBatch) },
		"outbox":     func() (int, error) { return s.Store.SweepOutbox(ctx, now.Add(-endedFor), sweepBatch) },
		"departures": func() (int, error) { return s.Store.SweepDepartures(ctx, now, sweepBatch) },
		"throttle":   func() (int, error) { return s.Limits.SweepThrottle(ctx, now, sweepBatch) },
	}
	for name, sweep := range sweeps {
		for {
			n, err := sweep()
			if err != nil && ctx.Err() == nil {
				s.Log.WarnContext(ctx, "not swept", "what", name, "err", err)
			}
			if err != nil || n < sweepBatch || ctx.Err() != nil {
				break
			}
		}
	}
}
