package throttle

import (
	"context"
	"sync"
	"time"
)

// Local is a Store in memory, for a server that is the only node: with the
// embedded database there is nobody to share with, and a sign-in needs no
// commit for its limits. A restart forgets; it can be had only by whoever may
// stop the server (docs/decisions/0003-exact-throttle.md).
type Local struct {
	mu   sync.Mutex
	keys map[memoryKey]Change
}

// maxLocal bounds the keys, each under a kilobyte. Beyond it what has expired
// goes, then whatever comes first: a flood from that many networks is not
// stopped by limits for each.
const maxLocal = 200_000

// NewLocal returns an empty Local.
func NewLocal() *Local { return &Local{keys: map[memoryKey]Change{}} }

// TakeThrottle implements Store.
func (l *Local) TakeThrottle(_ context.Context, tenant string, takes []Take, now time.Time) (Decision, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	states := make([]string, len(takes))
	for i, t := range takes {
		states[i] = l.keys[memoryKey{tenant, t.Key}].State
	}
	d, err := Decide(states, takes, now)
	if err != nil || d.Changes == nil {
		return d, err
	}
	if len(l.keys) >= maxLocal {
		l.makeRoom(now)
	}
	for i, t := range takes {
		l.keys[memoryKey{tenant, t.Key}] = d.Changes[i]
	}
	return d, nil
}

// RefundThrottle implements Store.
func (l *Local) RefundThrottle(_ context.Context, tenant string, charges []string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range charges {
		key, refund, err := ParseCharge(c)
		if err != nil {
			return err
		}
		k := memoryKey{tenant, key}
		change, err := refund(l.keys[k].State)
		if err != nil {
			return err
		}
		if change.State == "" {
			delete(l.keys, k)
			continue
		}
		l.keys[k] = change
	}
	return nil
}

// SweepThrottle implements Store.
func (l *Local) SweepThrottle(_ context.Context, now time.Time, limit int) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.expire(now, limit), nil
}

func (l *Local) expire(now time.Time, limit int) int {
	removed := 0
	for k, c := range l.keys {
		if removed >= limit {
			break
		}
		if c.ExpiresAt <= now.UnixMicro() {
			delete(l.keys, k)
			removed++
		}
	}
	return removed
}

func (l *Local) makeRoom(now time.Time) {
	l.expire(now, len(l.keys))
	for k := range l.keys {
		if len(l.keys) < maxLocal*7/8 {
			return
		}
		delete(l.keys, k)
	}
}
