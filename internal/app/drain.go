package app

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxDrain is how long a stop may take, requests under way included (K4).
	maxDrain = 15 * time.Second
	// maxUnready is how long a stop waits for a load balancer to see that the
	// node is not ready, afterNotice how long it then still answers.
	maxUnready  = 5 * time.Second
	afterNotice = 2 * time.Second
	// watching: whoever asked for readiness within this time will ask again.
	watching = 30 * time.Second
)

// drain is the order of a stop: readiness fails, a load balancer that watches
// it stops sending, and only then does the listener close. Nobody waits where
// nobody watches.
type drain struct {
	stopping *atomic.Bool
	asked    *atomic.Int64 // when readiness was last asked for, Unix ns
	noticed  chan struct{} // closed when it was answered with no
	notice   func()
}

func newDrain() drain {
	noticed := make(chan struct{})
	return drain{new(atomic.Bool), new(atomic.Int64), noticed, sync.OnceFunc(func() { close(noticed) })}
}

// told is called for each question for readiness; it tells whether a stop has
// begun.
func (d drain) told() bool {
	d.asked.Store(time.Now().UnixNano())
	if !d.stopping.Load() {
		return false
	}
	d.notice()
	return true
}

// begin starts a stop and returns when the listener may close.
func (d drain) begin(ctx context.Context) {
	d.stopping.Store(true)
	if time.Since(time.Unix(0, d.asked.Load())) > watching {
		return
	}
	unseen, cancel := context.WithTimeout(ctx, maxUnready)
	defer cancel()
	select {
	case <-d.noticed:
	case <-unseen.Done():
		return
	}
	rest, cancel := context.WithTimeout(ctx, afterNotice)
	defer cancel()
	<-rest.Done()
}

// parting asks clients to connect anew, elsewhere, while a stop goes on.
func (d drain) parting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
