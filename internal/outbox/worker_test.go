package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// office is a real outbox with jobs, and a clock that the test moves.
type office struct {
	testing.TB
	db    *sqlstore.DB
	store *sqlstore.Store
	ctx   context.Context
	now   atomic.Int64 // Unix microseconds
	id    int64

	settled chan struct{} // a token for each group of outcomes that work has recorded
}

func newOffice(tb testing.TB, db *sqlstore.DB) *office {
	o := &office{TB: tb, db: db, store: sqlstore.NewStore(db), ctx: context.Background(), settled: make(chan struct{}, 10000)}
	o.now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
	return o
}

func (o *office) clock() time.Time { return time.UnixMicro(o.now.Load()) }

// add puts n jobs into a lane.
func (o *office) add(lane outbox.Lane, n int) {
	o.Helper()
	err := o.db.Write(o.ctx, func(tx *sqlstore.Tx) error {
		for range n {
			o.id++
			if _, err := tx.Exec(`INSERT INTO outbox (tenant, id, kind, lane, session, sid, sub, payload, created_at, since, attempts, due_at, holder, state, answer, settled_at)
				VALUES ('acme', $1, $2, $3, 0, '', '', '', $4, $4, 0, $4, '', 'pending', '', 0)`, o.id, string(lane.Kind()), string(lane), o.now.Load()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.Fatal(err)
	}
}

func (o *office) count(lane outbox.Lane, state outbox.State) (n int) {
	o.Helper()
	if err := o.db.QueryRow(o.ctx, `SELECT count(*) FROM outbox WHERE lane = $1 AND state = $2`, string(lane), string(state)).Scan(&n); err != nil {
		o.Fatal(err)
	}
	return n
}

// work runs a worker until the returned function is called. What the worker
// knows of a lane follows the attempt: who waits for that looks at o.settled.
func (o *office) work(handle outbox.Handler) (w *outbox.Worker, stop func()) {
	w = outbox.NewWorker(outbox.Options{
		Store: signalling{o.store, o.settled}, Handlers: map[outbox.Kind]outbox.Handler{"k": handle}, Now: o.clock, Holder: fmt.Sprintf("w%p", handle),
		Log: slog.New(slog.DiscardHandler), Stretch: func(d time.Duration) time.Duration { return d },
	})
	ctx, cancel := context.WithCancel(o.ctx)
	var wg sync.WaitGroup
	wg.Go(func() { w.Run(ctx) })
	return w, func() { cancel(); wg.Wait() }
}

// until waits for something that other goroutines bring about, looking each
// time that one of them signals.
func (o *office) until(signal <-chan struct{}, what string, ok func() bool) {
	o.Helper()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-signal:
		case <-deadline:
			o.Fatalf("not so in time: %s", what)
		}
	}
}

func delivered(context.Context, outbox.Job) outbox.Outcome {
	return outbox.Outcome{State: outbox.Delivered}
}

// signalling tells of each settled group, by asking the store after it.
type signalling struct {
	outbox.Store
	settled chan struct{}
}

func (s signalling) Settle(ctx context.Context, holder string, r []outbox.Result, now time.Time) error {
	err := s.Store.Settle(ctx, holder, r, now)
	s.signal()
	return err
}

func (s signalling) GiveUp(ctx context.Context, lane outbox.Lane, since int64, answer string, limit int, now time.Time) (int, error) {
	n, err := s.Store.GiveUp(ctx, lane, since, answer, limit, now)
	s.signal()
	return n, err
}

func (s signalling) signal() {
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

func both(t *testing.T, fn func(t *testing.T, o *office)) {
	t.Helper()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) { fn(t, newOffice(t, open(t))) })
}

func TestADeadReceiverDelaysNobody(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o *office) {
		hangs, works := outbox.LaneOf("k", "acme", "hangs"), outbox.LaneOf("k", "acme", "works")
		o.add(hangs, 50)
		o.add(works, 200)
		release := make(chan struct{})
		var hanging, most atomic.Int64
		attempted := make(chan struct{}, 1000)
		_, stop := o.work(func(ctx context.Context, j outbox.Job) outbox.Outcome {
			defer func() { attempted <- struct{}{} }()
			if j.Lane == hangs {
				n := hanging.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				<-release
				hanging.Add(-1)
			}
			return delivered(ctx, j)
		})
		n := 0
		o.until(attempted, "all jobs of the other lane are tried", func() bool { n++; return n > 200 })
		if got := hanging.Load(); got < 1 || got > 2 {
			t.Errorf("%d attempts hang, want the two with which a lane starts", got)
		}
		close(release)
		for n < 251 {
			<-attempted
			n++
		}
		stop() // waits for what is under way to be recorded
		if a, b := o.count(hangs, outbox.Delivered), o.count(works, outbox.Delivered); a != 50 || b != 200 {
			t.Errorf("delivered %d and %d", a, b)
		}
		if most.Load() > 16 {
			t.Errorf("%d at once in one lane (L4)", most.Load())
		}
	})
}

func TestAFailingReceiverIsProbedAndThenGetsAll(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o *office) {
		lane := outbox.LaneOf("k", "acme", "shop")
		o.add(lane, 100)
		var down atomic.Bool
		down.Store(true)
		var attempts, failed atomic.Int64
		w, stop := o.work(func(ctx context.Context, j outbox.Job) outbox.Outcome {
			attempts.Add(1)
			if down.Load() {
				failed.Add(1)
				return outbox.Outcome{State: outbox.Pending, Answer: "HTTP 500", Failing: true, Next: o.clock().Add(5 * time.Second).UnixMicro()}
			}
			return delivered(ctx, j)
		})
		o.until(o.settled, "the lane pauses", func() bool { return w.Paused() == 1 })
		if n := failed.Load(); n > 4 {
			t.Errorf("%d attempts before the pause, of 100 that wait", n)
		}
		before := failed.Load()
		o.now.Add(int64(6 * time.Second / time.Microsecond))
		w.Wake()
		o.until(o.settled, "one probe", func() bool { return failed.Load() == before+1 && w.Paused() == 1 })
		down.Store(false)
		o.now.Add(int64(time.Minute / time.Microsecond))
		w.Wake()
		o.until(o.settled, "all are tried once the receiver is back", func() bool { return attempts.Load()-failed.Load() == 100 })
		stop()
		if n := o.count(lane, outbox.Delivered); n != 100 {
			t.Errorf("%d delivered", n)
		}
	})
}

// While a receiver fails its lane tries one job at a time; those whose time is
// over meanwhile do not wait for their turn, or a dead receiver's lane would grow
// without end.
func TestWhatHasNoTimeLeftIsGivenUpTogether(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o *office) {
		lane := outbox.LaneOf("k", "acme", "shop")
		o.add(lane, 450)
		var attempts atomic.Int64
		w, stop := o.work(func(ctx context.Context, j outbox.Job) outbox.Outcome {
			attempts.Add(1)
			return outbox.Outcome{State: outbox.Pending, Answer: "HTTP 503", Failing: true,
				Next: o.clock().Add(5 * time.Second).UnixMicro(), Over: o.clock().Add(-time.Hour).UnixMicro()}
		})
		o.until(o.settled, "the lane pauses", func() bool { return w.Paused() == 1 })
		if n := o.count(lane, outbox.Dead); n != 0 {
			t.Errorf("%d given up while there is time", n)
		}
		o.now.Add(int64(30 * time.Minute / time.Microsecond))
		o.add(lane, 50)
		o.now.Add(int64(30 * time.Minute / time.Microsecond))
		w.Wake()
		o.until(o.settled, "all whose hour is over", func() bool { return o.count(lane, outbox.Dead) >= 449 })
		stop()
		if dead, left := o.count(lane, outbox.Dead), o.count(lane, outbox.Pending); dead > 450 || left < 50 || attempts.Load() > 8 {
			t.Errorf("%d dead, %d wait, after %d attempts", dead, left, attempts.Load())
		}
	})
}

func TestTwoWorkersTryEachJobOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o *office) {
		lanes := make([]outbox.Lane, 10)
		for i := range lanes {
			lanes[i] = outbox.LaneOf("k", "acme", fmt.Sprint(i))
			o.add(lanes[i], 40)
		}
		var mu sync.Mutex
		tried := map[int64]int{}
		over := make(chan struct{}, 1000)
		handle := func(ctx context.Context, j outbox.Job) outbox.Outcome {
			mu.Lock()
			tried[j.ID]++
			mu.Unlock()
			over <- struct{}{}
			return delivered(ctx, j)
		}
		_, stopA := o.work(handle)
		_, stopB := o.work(func(ctx context.Context, j outbox.Job) outbox.Outcome { return handle(ctx, j) })
		n := 0
		o.until(over, "all are tried", func() bool { n++; return n > 400 })
		stopA()
		stopB()
		for id, n := range tried {
			if n != 1 {
				t.Errorf("job %d was tried %d times", id, n)
			}
		}
		for _, l := range lanes {
			if n := o.count(l, outbox.Delivered); n != 40 {
				t.Errorf("%s: %d delivered", l, n)
			}
		}
	})
}

func TestAPanicStaysInItsJob(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o *office) {
		lane := outbox.LaneOf("k", "acme", "x")
		o.add(lane, 3)
		over := make(chan struct{}, 3)
		_, stop := o.work(func(ctx context.Context, j outbox.Job) outbox.Outcome {
			defer func() { over <- struct{}{} }()
			if j.ID == 2 {
				panic("injected")
			}
			return delivered(ctx, j)
		})
		for range 3 {
			<-over
		}
		stop()
		if o.count(lane, outbox.Delivered) != 2 || o.count(lane, outbox.Pending) != 1 {
			t.Error("want two delivered and one to be tried again")
		}
	})
}

// A kind that this release does not know is left alone, for the release that does.
func TestJobsOfUnknownKindsWait(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o *office) {
		other, known := outbox.LaneOf("a", "acme", "x"), outbox.LaneOf("k", "acme", "x")
		o.add(other, 1)
		o.add(known, 1)
		over := make(chan struct{}, 1)
		_, stop := o.work(func(ctx context.Context, j outbox.Job) outbox.Outcome {
			over <- struct{}{}
			return delivered(ctx, j)
		})
		<-over
		stop()
		if o.count(other, outbox.Pending) != 1 || o.count(known, outbox.Delivered) != 1 {
			t.Error("the unknown kind did not wait")
		}
	})
}

// What could not be recorded is tried again by whoever has the lease next.
func TestAnOutcomeIsRecordedOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	var fail atomic.Bool
	hook := func() error {
		if fail.Load() {
			return fmt.Errorf("injected: input/output error")
		}
		return nil
	}
	db := storetest.Open(t, storetest.MigratedSQLite(t), sqlstore.Options{CommitHook: hook, Logger: slog.New(slog.DiscardHandler)})
	o := newOffice(t, db)
	lane := outbox.LaneOf("k", "acme", "x")
	o.add(lane, 1)
	settled := make(chan struct{}, 100)
	var attempts atomic.Int64
	w := outbox.NewWorker(outbox.Options{
		Store: signalling{o.store, settled}, Now: o.clock, Holder: "w", Log: slog.New(slog.DiscardHandler),
		Stretch: func(d time.Duration) time.Duration { return d },
		Handlers: map[outbox.Kind]outbox.Handler{"k": func(ctx context.Context, j outbox.Job) outbox.Outcome {
			attempts.Add(1)
			fail.Store(true)
			return delivered(ctx, j)
		}},
	})
	ctx, cancel := context.WithCancel(o.ctx)
	var wg sync.WaitGroup
	wg.Go(func() { w.Run(ctx) })
	<-settled // and failed
	fail.Store(false)
	o.until(settled, "recorded", func() bool { return o.count(lane, outbox.Delivered) == 1 })
	cancel()
	wg.Wait()
	if attempts.Load() != 1 {
		t.Errorf("%d attempts", attempts.Load())
	}
}
