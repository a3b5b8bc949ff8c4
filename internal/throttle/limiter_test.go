package throttle_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
	"github.com/foyer-id/foyer/internal/throttle"
)

var (
	start = time.Date(2026, 3, 29, 0, 59, 0, 0, time.UTC)
	ada   = throttle.Attempt{Account: "ada@example.com", Network: "192.0.2.0/24"}
)

// wantLimited fails unless err refuses for scope, and returns the wait.
func wantLimited(t *testing.T, err error, scope string) time.Duration {
	t.Helper()
	limited, ok := errors.AsType[*throttle.ErrLimited](err)
	if !ok || limited.Scope != scope || limited.RetryAfter < time.Second {
		t.Fatalf("want a refusal for %s, got %v", scope, err)
	}
	return limited.RetryAfter
}

func TestRL1_PerAccountNetworkAndTenant(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		lim := throttle.Limits{Account: 3, Network: 5, Tenant: 7, Window: 15 * time.Minute}
		l, now := throttle.New(open(t)), start
		try := func(tenant, account, network string) error {
			_, err := l.Attempt(t.Context(), tenant, throttle.Attempt{Account: account, Network: network}, lim, now)
			return err
		}
		for i := range 3 {
			if err := try("acme", "ada@example.com", fmt.Sprint("net", i)); err != nil {
				t.Fatal(err)
			}
		}
		if wait := wantLimited(t, try("acme", "ada@example.com", "net9"), "account"); wait != 15*time.Minute {
			t.Errorf("wait %s", wait)
		}
		// A refusal charges nothing: net0 has room for four others.
		for i := range 4 {
			if err := try("acme", fmt.Sprint("user", i), "net0"); err != nil {
				t.Fatal(i, err)
			}
		}
		wantLimited(t, try("acme", "eve@example.com", "net0"), "network")
		wantLimited(t, try("acme", "eve@example.com", "net8"), "tenant")
		if err := try("other", "ada@example.com", "net0"); err != nil {
			t.Errorf("another tenant: %v", err)
		}
		now = now.Add(15 * time.Minute)
		if err := try("acme", "ada@example.com", "net0"); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

// TestRL1_SharedByNodes: two nodes, a hundred parallel guesses, each counted.
func TestRL1_SharedByNodes(t *testing.T) {
	t.Parallel()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		address := url(t)
		var admitted, refused atomic.Int64
		var all sync.WaitGroup
		for range 2 {
			l := throttle.New(storetest.Open(t, address, sqlstore.Options{}))
			for range 50 {
				all.Go(func() {
					_, err := l.Attempt(t.Context(), "acme", ada, throttle.DefaultLimits, start)
					if limited, ok := errors.AsType[*throttle.ErrLimited](err); ok && limited.Scope == "account" {
						refused.Add(1)
					} else if err == nil {
						admitted.Add(1)
					} else {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		if admitted.Load() != 10 || refused.Load() != 90 {
			t.Errorf("%d admitted, %d refused", admitted.Load(), refused.Load())
		}
	})
}

// TestRL2_DecidedBeforeHashing: of a thousand at once with a budget of ten, ten
// reach the hash; and RL5, the right password among them changes no answer.
func TestRL2_DecidedBeforeHashing(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		db := open(t)
		l := throttle.New(db)
		var hashed atomic.Int64
		work := make(chan struct{})
		go func() {
			for range 1000 {
				work <- struct{}{}
			}
			close(work)
		}()
		var all sync.WaitGroup
		for range 100 { // a thousand guesses, a hundred in flight
			all.Go(func() {
				for range work {
					if _, err := l.Attempt(t.Context(), "acme", ada, throttle.DefaultLimits, start); err == nil {
						hashed.Add(1)
					} else if _, ok := errors.AsType[*throttle.ErrLimited](err); !ok {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if hashed.Load() != 10 {
			t.Errorf("%d hashes", hashed.Load())
		}
		// The rest was refused from memory: the flood did not reach the store.
		if n := db.Stats().Writes; n > 300 {
			t.Errorf("%d transitions for 1,000 attempts", n)
		}
	})
}

func TestRL4_KnownDeviceIsNotLockedOut(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		l := throttle.New(open(t))
		lim := throttle.Limits{Account: 2, Network: 2, Tenant: 2, Window: 15 * time.Minute}
		try := func(a throttle.Attempt) error {
			_, err := l.Attempt(t.Context(), "acme", a, lim, start)
			return err
		}
		home := throttle.Attempt{Account: ada.Account, Sub: "u1", Network: ada.Network, Device: "d1"}
		for range 2 {
			if err := try(ada); err != nil {
				t.Fatal(err)
			}
		}
		if err := try(ada); err == nil {
			t.Fatal("the attack goes on")
		}
		for range 2 {
			if err := try(home); err != nil {
				t.Fatalf("the known device: %v", err)
			}
		}
		wantLimited(t, try(home), "device")
		// The device is known to this account; at another it has its own count.
		home.Account, home.Sub = "bob@example.com", "u2"
		if err := try(home); err != nil {
			t.Error(err)
		}
	})
}

// TestRL6_IdentifiersOfOneAccountShare: its address and its number.
func TestRL6_IdentifiersOfOneAccountShare(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		l := throttle.New(open(t))
		for i := range 10 {
			a := throttle.Attempt{Account: []string{"ada@example.com", "+14155552671"}[i%2], Sub: "u1", Network: "n"}
			if _, err := l.Attempt(t.Context(), "acme", a, throttle.DefaultLimits, start); err != nil {
				t.Fatal(err)
			}
		}
		a := throttle.Attempt{Account: "+14155552671", Sub: "u1", Network: "n"}
		_, err := l.Attempt(t.Context(), "acme", a, throttle.DefaultLimits, start)
		wantLimited(t, err, "account")
		for i := range 11 { // and so on a device that the account knows
			a := throttle.Attempt{Account: []string{"ada@example.com", "+14155552671"}[i%2], Sub: "u1", Network: "n", Device: "d1"}
			if _, err = l.Attempt(t.Context(), "acme", a, throttle.DefaultLimits, start); (err == nil) != (i < 10) {
				t.Fatalf("try %d on a known device: %v", i+1, err)
			}
		}
		wantLimited(t, err, "device")
	})
}

func TestRefundLeavesOnlyFailures(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		l := throttle.New(open(t))
		now := start
		for i := range 50 { // nine failures, and successes between them
			ticket, err := l.Attempt(t.Context(), "acme", ada, throttle.DefaultLimits, now)
			if err != nil {
				t.Fatal(i, err)
			}
			if i%5 != 0 || i >= 45 {
				if err := l.Refund(t.Context(), ticket); err != nil {
					t.Fatal(err)
				}
			}
			now = now.Add(time.Second)
		}
		if _, err := l.Attempt(t.Context(), "acme", ada, throttle.DefaultLimits, now); err != nil {
			t.Fatalf("the tenth failure: %v", err)
		}
		_, err := l.Attempt(t.Context(), "acme", ada, throttle.DefaultLimits, now)
		wantLimited(t, err, "account")
		if err := l.Refund(t.Context(), throttle.Ticket{Tenant: "acme"}); err != nil {
			t.Error(err)
		}
	})
}

func TestNoLimitNoTransition(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		db := open(t)
		l, before := throttle.New(db), db.Stats().Writes
		for range 20 {
			ticket, err := l.Attempt(t.Context(), "acme", ada, throttle.Limits{Window: time.Minute}, start)
			if err != nil || len(ticket.Keys) != 0 {
				t.Fatal(ticket, err)
			}
		}
		if n := db.Stats().Writes - before; n != 0 {
			t.Errorf("%d transitions", n)
		}
	})
}

func TestRL8_Budgets(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		l := throttle.New(open(t))
		sent := 0
		for range 1000 {
			_, err := l.Take(t.Context(), "acme", start, throttle.MessagesSent.Of("+14155552671"), throttle.MessagesByNetwork.Of("n"))
			if err == nil {
				sent++
			}
		}
		if sent != throttle.MessagesSent.Limit {
			t.Errorf("%d sent", sent)
		}
	})
}

func TestSweepThrottle(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		db := open(t)
		l := throttle.New(db)
		for i := range 5 {
			at := start.Add(time.Duration(i) * time.Minute)
			if _, err := l.Take(t.Context(), "acme", at, throttle.CodeGuesses.Of(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		sweep := func(at time.Duration, limit, want int) {
			t.Helper()
			if n, err := db.SweepThrottle(t.Context(), start.Add(at), limit); n != want || err != nil {
				t.Errorf("swept %d, %v; want %d", n, err, want)
			}
		}
		sweep(15*time.Minute-1, 100, 0)
		sweep(17*time.Minute, 2, 2)
		sweep(17*time.Minute, 100, 1)
		sweep(time.Hour, 100, 2)
	})
}

func BenchmarkAttempt(b *testing.B) {
	db := storetest.Open(b, storetest.MigratedSQLite(b), sqlstore.Options{})
	l, now := throttle.New(db), start
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++
		a := throttle.Attempt{Account: fmt.Sprint(i), Sub: fmt.Sprint("u", i), Network: fmt.Sprint("n", i%1000)}
		ticket, err := l.Attempt(b.Context(), "acme", a, throttle.DefaultLimits, now)
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Refund(b.Context(), ticket); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRefusal is what a flood on one account costs for each attempt.
func BenchmarkRefusal(b *testing.B) {
	db := storetest.Open(b, storetest.MigratedSQLite(b), sqlstore.Options{})
	l := throttle.New(db)
	for range 11 {
		_, _ = l.Attempt(b.Context(), "acme", ada, throttle.DefaultLimits, start)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Attempt(b.Context(), "acme", ada, throttle.DefaultLimits, start); err == nil {
			b.Fatal("let in")
		}
	}
}
