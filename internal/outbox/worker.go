package outbox

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// LeaseTime is how long a job belongs to the worker that took it.
	LeaseTime = 30 * time.Second
	// AttemptTime bounds an attempt, so that it ends well before its lease.
	AttemptTime = 20 * time.Second
	// poll is how soon a node sees jobs that others have made.
	poll = time.Second
	// maxAttempts bounds attempts under way on a node, of all lanes.
	maxAttempts = 256
)

// Handler tries a job once and says what came of it. Its context ends after
// AttemptTime.
type Handler func(ctx context.Context, j Job) Outcome

// Options of NewWorker. All but Observe and GaveUp are needed.
type Options struct {
	Store    Store
	Handlers map[Kind]Handler
	Now      func() time.Time
	Holder   string // names this worker among all: random
	Log      *slog.Logger
	// Stretch varies a time by chance, so that nodes do not move in step.
	Stretch func(time.Duration) time.Duration
	// Observe is told of every attempt.
	Observe func(j Job, o Outcome, took time.Duration)
	// GaveUp is told of jobs that had no time left for another attempt.
	GaveUp func(kind Kind, jobs int)
}

// Worker tries what is due. One runs on each node.
type Worker struct {
	Options
	wake  chan struct{}
	slots chan struct{}

	mu    sync.Mutex
	lanes map[Lane]*lane
	wg    sync.WaitGroup
}

// NewWorker returns a worker that does nothing before Run.
func NewWorker(o Options) *Worker {
	if o.Observe == nil {
		o.Observe = func(Job, Outcome, time.Duration) {}
	}
	if o.GaveUp == nil {
		o.GaveUp = func(Kind, int) {}
	}
	return &Worker{Options: o, wake: make(chan struct{}, 1), slots: make(chan struct{}, maxAttempts), lanes: map[Lane]*lane{}}
}

// Wake says that there may be something to do. It never waits.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then lets attempts under way finish and records
// what came of them.
func (w *Worker) Run(ctx context.Context) {
	defer w.wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		timer.Reset(w.round(ctx))
	}
}

// round starts what is due and returns when to look again.
func (w *Worker) round(ctx context.Context) time.Duration {
	waiting, err := w.Store.Waiting(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.WarnContext(ctx, "outbox not read", "err", err)
		}
		return poll
	}
	now := w.Now()
	next := poll
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := make(map[Lane]bool, len(waiting))
	for _, q := range waiting {
		seen[q.Lane] = true
		if w.Handlers[q.Lane.Kind()] == nil {
			continue // of a release that knows more kinds than this one
		}
		due := time.UnixMicro(q.DueAt)
		l := w.lanes[q.Lane]
		if l == nil {
			l = &lane{w: w, name: q.Lane, pace: newPace()}
			w.lanes[q.Lane] = l
		}
		if l.pace.until.After(due) {
			due = l.pace.until
		}
		if wait := due.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		l.more = true
		if !l.running {
			l.running = true
			w.wg.Go(func() { l.run(ctx) })
		}
	}
	for name, l := range w.lanes {
		if !seen[name] && !l.running {
			delete(w.lanes, name)
		}
	}
	return next
}

// Paused is how many lanes wait for a receiver that has failed.
func (w *Worker) Paused() int {
	now := w.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, l := range w.lanes {
		if !l.pace.open(now) {
			n++
		}
	}
	return n
}
