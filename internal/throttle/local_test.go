package throttle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var noonLocal = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestRL1_LocalCountsExactly: the store in memory holds the same promises.
func TestRL1_LocalCountsExactly(t *testing.T) {
	t.Parallel()
	l, store := limiterOverLocal()
	lim := Limits{Account: 10, Network: 1000, Window: 15 * time.Minute}
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			_, err := l.Attempt(t.Context(), "acme", Attempt{Account: "ada", Network: "n"}, lim, noonLocal)
			var limited *ErrLimited
			switch {
			case err == nil:
				admitted.Add(1)
			case !errors.As(err, &limited) || limited.RetryAfter <= 0:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if admitted.Load() != 10 {
		t.Errorf("%d of 100 were admitted, want 10", admitted.Load())
	}
	if _, err := l.Attempt(t.Context(), "other", Attempt{Account: "ada", Network: "n"}, lim, noonLocal); err != nil {
		t.Errorf("another tenant's account: %v", err)
	}
	later := noonLocal.Add(16 * time.Minute)
	if _, err := l.Attempt(t.Context(), "acme", Attempt{Account: "ada", Network: "n"}, lim, later); err != nil {
		t.Errorf("after the window: %v", err)
	}
	if n, err := store.SweepThrottle(t.Context(), later.Add(time.Hour), 1000); err != nil || n == 0 || len(store.keys) != 0 {
		t.Errorf("swept %d, %d left, %v", n, len(store.keys), err)
	}
}

func TestLocalForgivesAtOnce(t *testing.T) {
	t.Parallel()
	l, store := limiterOverLocal()
	lim := Limits{Account: 1, Window: time.Minute}
	for range 5 {
		ticket, err := l.Attempt(t.Context(), "acme", Attempt{Account: "ada"}, lim, noonLocal)
		if err != nil {
			t.Fatal(err)
		}
		if keys, err := l.Settle(t.Context(), ticket); err != nil || keys != nil {
			t.Fatalf("Settle = %v, %v; nothing is left to carry", keys, err)
		}
	}
	if len(store.keys) != 0 {
		t.Errorf("%d keys after forgiving all", len(store.keys))
	}
}

func TestDS5_LocalIsBounded(t *testing.T) {
	t.Parallel()
	store := NewLocal()
	for i := range maxLocal + 1000 {
		takes := []Take{{Key: fmt.Sprintf("%016x", i), Limit: 5, Window: time.Minute}}
		if _, err := store.TakeThrottle(context.Background(), "acme", takes, noonLocal); err != nil {
			t.Fatal(err)
		}
	}
	if len(store.keys) > maxLocal {
		t.Errorf("%d keys", len(store.keys))
	}
}

func limiterOverLocal() (*Limiter, *Local) {
	s := NewLocal()
	return New(s), s
}
