package rp

import (
	"errors"
	"time"
)

// ErrFull: a bounded memory holds no more. What it was to remember has not been
// accepted; the provider is asked to try again later.
var ErrFull = errors.New("rp: too much to remember at the moment")

// recent remembers keys for a while, a bounded number of them: when it is full
// it takes nothing more instead of forgetting, so that nobody can push a key
// out. It is not safe for concurrent use.
type recent struct {
	limit  int
	sweep  int // the size at which what is over is looked for
	byName map[string]remembered
}

type remembered struct {
	until  time.Time
	issued time.Time // of what the provider ended: ID tokens until then are refused
}

func newRecent(limit int) *recent {
	return &recent{limit: limit, sweep: min(limit, 1024), byName: map[string]remembered{}}
}

// find returns what is remembered of a key that is not over.
func (r *recent) find(key string, now time.Time) (remembered, bool) {
	e, ok := r.byName[key]
	return e, ok && now.Before(e.until)
}

// put remembers a key, in place of what was remembered of it, or returns ErrFull.
func (r *recent) put(key string, e remembered, now time.Time) error {
	if _, ok := r.byName[key]; !ok && len(r.byName) >= r.sweep {
		for k, e := range r.byName {
			if !now.Before(e.until) {
				delete(r.byName, k)
			}
		}
		r.sweep = min(r.limit, max(1024, 2*len(r.byName)))
		if len(r.byName) >= r.limit {
			return ErrFull
		}
	}
	r.byName[key] = e
	return nil
}
