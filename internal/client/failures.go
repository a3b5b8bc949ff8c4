package client

import (
	"sync"
	"time"
)

const (
	// failureLife is how long a failure is remembered here; the budget's own
	// window is the budget's.
	failureLife = 15 * time.Minute
	maxFailures = 10_000
)

// failures remembers who failed lately on this node. Forgetting one early gives
// one free attempt, so a bound does no harm.
type failures struct {
	mu   sync.Mutex
	last map[[2]string]time.Time // tenant, key
}

func newFailures() *failures { return &failures{last: map[[2]string]time.Time{}} }

func (f *failures) recent(tenant, key string, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, ok := f.last[[2]string{tenant, key}]
	return ok && now.Sub(at) < failureLife
}

func (f *failures) note(tenant, key string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.last) >= maxFailures {
		f.shrink(now)
	}
	f.last[[2]string{tenant, key}] = now
}

// shrink drops what is over and then, in the map's random order, a tenth.
func (f *failures) shrink(now time.Time) {
	n := 0
	for k, at := range f.last {
		if now.Sub(at) >= failureLife {
			delete(f.last, k)
		} else if n < maxFailures/10 {
			delete(f.last, k)
			n++
		}
	}
}

func (f *failures) forget(tenant, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.last, [2]string{tenant, key})
}
