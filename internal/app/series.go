package app

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// answered is what requests are counted by. There are few: routes times
// methods times statuses.
type answered struct {
	route, method string
	status        int
}

// pair is where the requests of one kind are counted.
type pair struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

func (p *pair) count(took time.Duration) {
	p.requests.Inc()
	p.seconds.Observe(took.Seconds())
}

// series remembers the pair of each kind: the library finds them by hashing
// their labels anew.
type series struct {
	mu    sync.RWMutex
	known map[answered]*pair
}

func (s *series) of(a answered, resolve func(answered) *pair) *pair {
	s.mu.RLock()
	p := s.known[a]
	s.mu.RUnlock()
	if p != nil {
		return p
	}
	p = resolve(a) // the same one for whoever resolves it at the same time
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[answered]*pair{}
	}
	s.known[a] = p
	return p
}
