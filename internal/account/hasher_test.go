package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func testHasher(t *testing.T, p Params) *Hasher {
	t.Helper()
	h, err := NewHasher(HasherOptions{Params: p, Slots: 2})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPW2_NeverTruncatedAndNormalised(t *testing.T) {
	t.Parallel()
	h := testHasher(t, Params{Memory: 64, Time: 1, Threads: 1})
	long := strings.Repeat("a", 72)
	for _, c := range []struct {
		name, set, typed string
		want             bool
	}{
		{"a difference in byte 73 counts", long + "x", long + "y", false},
		{"a difference in byte 1024 counts", strings.Repeat("a", 1023) + "x", strings.Repeat("a", 1023) + "y", false},
		{"what follows NUL counts", "nul\x00one", "nul\x00two", false},
		{"NUL itself counts", "nul", "nul\x00", false},
		{"emoji verify", "🦊🐢🦉🐙", "🦊🐢🦉🐙", true},
		{"the decomposed spelling verifies", "Adéle Straße", "Ade\u0301le Straße", true},
		{"spaces at the ends count", " a b ", "a b", false},
		{"case counts", "Tonight", "tonight", false},
		{"the compatibility form is another password", "ﬁne", "fine", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			phc, err := h.Hash(t.Context(), c.set)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := h.Verify(t.Context(), phc, c.typed); got != c.want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// TestRE2_UnknownAccountsCostTheSame: one code path, so one assertion on it;
// the difference of medians is measured end to end.
func TestRE2_UnknownAccountsCostTheSame(t *testing.T) {
	t.Parallel()
	p := Params{Memory: 128, Time: 3, Threads: 1}
	h := testHasher(t, p)
	phc, err := h.Hash(t.Context(), "tonight we ride at dawn")
	if err != nil {
		t.Fatal(err)
	}
	known, err := h.find(phc)
	if err != nil {
		t.Fatal(err)
	}
	unknown, err := h.find("")
	if err != nil {
		t.Fatal(err)
	}
	a, b := known.(argon2Hash), unknown.(argon2Hash)
	if a.params != b.params || a.id != b.id || len(a.salt) != len(b.salt) || len(a.want) != len(b.want) {
		t.Errorf("known %+v, unknown %+v", a, b)
	}
	if err := h.VerifyDummy(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if ok, err := h.Verify(t.Context(), "", ""); ok || err != nil {
		t.Errorf("no password: %v, %v", ok, err)
	}
}

// TestDS3_SlotsBoundConcurrency: 500 at once never run on more than the slots,
// and each is either done or told to come back.
func TestDS3_SlotsBoundConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const slots, cost = 2, 20 * time.Millisecond
		h, err := NewHasher(HasherOptions{Slots: slots})
		if err != nil {
			t.Fatal(err)
		}
		var running, most, done, refused atomic.Int64
		var slowest atomic.Int64
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				start := time.Now()
				err := h.run(t.Context(), func() {
					most.Store(max(most.Load(), running.Add(1)))
					<-time.After(cost)
					running.Add(-1)
				})
				var busy *ErrBusy
				switch {
				case err == nil:
					done.Add(1)
					slowest.Store(max(slowest.Load(), int64(time.Since(start))))
				case errors.As(err, &busy) && busy.RetryAfter >= time.Second && busy.RetryAfter <= 5*time.Second:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if most.Load() > slots {
			t.Errorf("%d hashes at once", most.Load())
		}
		// A second's worth of work is taken, the rest refused.
		if n := done.Load(); n < 98 || n > 104 || n+refused.Load() != 500 {
			t.Errorf("%d done, %d refused", n, refused.Load())
		}
		if s := time.Duration(slowest.Load()); s > 2*time.Second {
			t.Errorf("an accepted hash took %s", s)
		}
		if s := h.Stats(); s.Waiting != 0 || s.Refused != refused.Load() || s.Average != cost {
			t.Errorf("%+v", s)
		}
	})
}

// TestDS3_SlowHashesEndTheWait: the queue was short, the pace dropped.
func TestDS3_SlowHashesEndTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHasher(HasherOptions{MaxWait: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		started := make(chan struct{})
		all.Go(func() {
			_ = h.run(t.Context(), func() { close(started); <-time.After(time.Minute) })
		})
		<-started
		start := time.Now()
		var busy *ErrBusy
		if err := h.run(t.Context(), func() { t.Error("ran") }); !errors.As(err, &busy) {
			t.Error(err)
		}
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %s", waited)
		}
		// After a slow hash the queue is judged by its pace: nothing is let in
		// that cannot be served.
		all.Wait()
		all.Go(func() {
			_ = h.run(t.Context(), func() { <-time.After(20 * time.Millisecond) })
		})
		synctest.Wait()
		start = time.Now()
		if err := h.run(t.Context(), func() { t.Error("ran") }); !errors.As(err, &busy) || time.Since(start) != 0 {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		all.Wait()
	})
}

func TestDS3_WhoLeavesTheQueueIsNotHashed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, err := NewHasher(HasherOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		release := make(chan struct{})
		all.Go(func() { _ = h.run(t.Context(), func() { <-release }) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if err := h.run(ctx, func() { t.Error("ran") }); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		all.Wait()
	})
}

func BenchmarkHash(b *testing.B) {
	h, err := NewHasher(HasherOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := h.VerifyDummy(b.Context(), "tonight we ride at dawn"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefusal is what the overloaded server spends on a sign-in it turns
// away: to stay under a millisecond (spec/performance.md).
func BenchmarkRefusal(b *testing.B) {
	h, err := NewHasher(HasherOptions{})
	if err != nil {
		b.Fatal(err)
	}
	h.average.Store(int64(time.Hour))
	err = h.run(b.Context(), func() {
		for b.Loop() {
			if err := h.VerifyDummy(b.Context(), "tonight we ride at dawn"); err == nil {
				b.Error("let in")
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
}
