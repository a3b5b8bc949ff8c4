package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// longStatement is how long a statement that ran into a deadline must have
	// taken to raise the question whether the server hangs.
	longStatement = 500 * time.Millisecond
	// firstPing is how long a server under that suspicion may take to answer.
	firstPing = 300 * time.Millisecond
	// pingEvery is the pause between two questions whether it answers again.
	pingEvery = 250 * time.Millisecond
)

var errHangs = errors.New("the server hangs")

// down remembers that the server has let a statement run into its deadline and
// does not answer a ping either. From then on callers are refused at once,
// instead of a permit's worth of them waiting out the limit one after the
// other, until a ping is answered (security B1). A slow statement on a server
// that is well costs one ping and refuses nobody.
type down struct {
	is      atomic.Bool
	probing atomic.Bool
	reads   atomic.Pointer[generation]
	end     chan struct{} // closed with the database
	once    sync.Once
	ping    func(context.Context) error
	log     *slog.Logger
}

// generation is one time between two outages; reads under way end with it.
// Transitions do not: what became of their commit would be unknown.
type generation struct {
	ctx    context.Context
	cancel context.CancelFunc
}

func newDown(ping func(context.Context) error, log *slog.Logger) *down {
	d := &down{end: make(chan struct{}), ping: ping, log: log}
	d.next()
	return d
}

func (d *down) next() {
	ctx, cancel := context.WithCancel(context.Background())
	d.reads.Store(&generation{ctx, cancel})
}

// endsReads makes cancel run when a hanging server is found.
func (d *down) endsReads(cancel func()) (stop func() bool) {
	return context.AfterFunc(d.reads.Load().ctx, cancel)
}

// refuse returns why nobody should ask now, or nil.
func (d *down) refuse() error {
	if d.is.Load() {
		return unavailable(errHangs)
	}
	return nil
}

// note looks at the context that a statement ran under since began.
func (d *down) note(ctx context.Context, began time.Time) {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && time.Since(began) >= longStatement && d.probing.CompareAndSwap(false, true) {
		go d.probe()
	}
}

func (d *down) probe() {
	defer d.probing.Store(false)
	if d.answers(firstPing) {
		return
	}
	began := time.Now()
	d.is.Store(true)
	d.reads.Load().cancel()
	d.log.Error("database hangs, callers are refused until it answers")
	for !d.answers(time.Second) {
		select {
		case <-d.end:
			return
		case <-time.After(pingEvery):
		}
	}
	d.next()
	d.is.Store(false)
	d.log.Warn("database answers again", "after", time.Since(began))
}

func (d *down) answers(limit time.Duration) (answered bool) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return d.ping(ctx) == nil
}

func (d *down) close() {
	d.once.Do(func() {
		close(d.end)
		d.reads.Load().cancel()
	})
}

// readRows are rows outside a transaction: when they break off, nothing can have
// happened.
type readRows struct{ *pgRows }

func (r readRows) err() error {
	if pgOutage(r.failed) {
		return unavailable(r.failed)
	}
	return r.failed
}
