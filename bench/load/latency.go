package load

import (
	"slices"
	"time"
)

// Latencies are how long operations took.
type Latencies []time.Duration

// At returns the quantile q, 0 to 1; 0 when there are none. It sorts l.
func (l Latencies) At(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[min(len(l)-1, int(q*float64(len(l))))]
}
