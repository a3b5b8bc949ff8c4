package outbox

import (
	"context"
	"time"
)

// lane serves one lane while it has something due. more, running and pace are
// the worker's, under its lock.
type lane struct {
	w       *Worker
	name    Lane
	more    bool // there may be jobs due
	running bool
	pace    pace

	underway int // attempts; of run alone
	results  chan Result
}

// run leases as many jobs as there is room for and records results as they
// come, several at once when several are there.
func (l *lane) run(ctx context.Context) {
	l.results = make(chan Result, maxRoom)
	for l.begin(ctx) {
		l.record(ctx, l.collect())
	}
}

// begin starts attempts and tells whether any are under way. Once nothing is,
// the lane has stopped running.
func (l *lane) begin(ctx context.Context) bool {
	for {
		room := l.room(ctx)
		if room == 0 {
			if l.underway > 0 {
				return true
			}
			if l.stop(ctx) {
				return false
			}
			continue
		}
		now := l.w.Now()
		jobs, err := l.w.Store.Lease(ctx, l.name, l.w.Holder, room, now, now.Add(LeaseTime))
		if err != nil && ctx.Err() == nil {
			l.w.Log.WarnContext(ctx, "outbox not leased", "lane", string(l.name), "err", err)
		}
		for _, j := range jobs {
			l.underway++
			l.w.wg.Go(func() { l.results <- l.attempt(ctx, j) })
		}
		for range room - len(jobs) {
			<-l.w.slots
		}
		if len(jobs) == room {
			l.again()
			return true
		}
	}
}

// room takes slots for as many jobs as may be started now. Where nothing is
// under way it waits for one slot, so that a lane is not left behind by others.
func (l *lane) room(ctx context.Context) int {
	l.w.mu.Lock()
	want := 0
	if l.more && ctx.Err() == nil && l.pace.open(l.w.Now()) {
		want = l.pace.room - l.underway
	}
	if want > 0 {
		l.more = false // what a round finds from now on is news
	}
	l.w.mu.Unlock()
	n := 0
	for n < want {
		select {
		case l.w.slots <- struct{}{}:
			n++
			continue
		default:
		}
		if n > 0 || l.underway > 0 {
			break
		}
		select {
		case l.w.slots <- struct{}{}:
			n++
		case <-ctx.Done():
			return 0
		}
	}
	return n
}

// again notes that there may be more than was leased.
func (l *lane) again() {
	l.w.mu.Lock()
	l.more = true
	l.w.mu.Unlock()
}

// stop ends the run unless a round has found more meanwhile.
func (l *lane) stop(ctx context.Context) bool {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.more && ctx.Err() == nil && l.pace.open(l.w.Now()) {
		return false
	}
	l.running = false
	return true
}

// attempt tries a job. A stop does not interrupt it: what has been sent has
// been sent, and its outcome is worth recording.
func (l *lane) attempt(ctx context.Context, j Job) Result {
	defer func() { <-l.w.slots }()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), AttemptTime)
	defer cancel()
	start := l.w.Now()
	o := l.try(ctx, j)
	l.w.Observe(j, o, l.w.Now().Sub(start))
	return Result{Job: j, Outcome: o}
}

// A job whose handler panicked is tried again after panicRetry, for panicFor at
// the most; the log says why.
const (
	panicRetry = 15 * time.Minute
	panicFor   = 24 * time.Hour
)

// try keeps a panic to its job: the server goes on.
func (l *lane) try(ctx context.Context, j Job) (o Outcome) {
	defer func() {
		if p := recover(); p != nil {
			l.w.Log.ErrorContext(ctx, "outbox handler panicked", "lane", string(l.name), "job", j.ID, "panic", p)
			o = Outcome{State: Pending, Answer: "a fault of this server", Next: l.w.Now().Add(panicRetry).UnixMicro()}
			if time.UnixMicro(o.Next).Sub(time.UnixMicro(j.Since)) > panicFor {
				o.State = Dead
			}
		}
	}()
	return l.w.Handlers[j.Kind](ctx, j)
}

// collect waits for a result and takes the others that are there.
func (l *lane) collect() []Result {
	list := []Result{<-l.results}
	for len(list) < l.underway {
		select {
		case r := <-l.results:
			list = append(list, r)
			continue
		default:
		}
		break
	}
	l.underway -= len(list)
	return list
}

// record settles results. While the database is out of reach it tries again
// until the leases end: then others may try the jobs anyway.
func (l *lane) record(ctx context.Context, list []Result) {
	ctx = context.WithoutCancel(ctx)
	now := l.w.Now()
	l.w.mu.Lock()
	for _, r := range list {
		l.pace.note(r.Failing, now, l.w.Stretch)
	}
	l.w.mu.Unlock()
	for end := now.Add(LeaseTime - AttemptTime); ; {
		err := l.w.Store.Settle(ctx, l.w.Holder, list, l.w.Now())
		if err == nil {
			l.giveUp(ctx, list)
			return
		}
		l.w.Log.WarnContext(ctx, "outbox not settled", "lane", string(l.name), "jobs", len(list), "err", err)
		if !l.w.Now().Before(end) {
			return
		}
		<-time.After(time.Second)
	}
}

// giveUpAtOnce is how many jobs are given up in one transition.
const giveUpAtOnce = 200

// giveUp ends what has waited for a failing receiver until its time was over: a
// lane that pauses tries one job at a time, so that many would outlive theirs,
// and more and more of them where jobs come faster than they are tried.
func (l *lane) giveUp(ctx context.Context, list []Result) {
	var last Outcome
	for _, r := range list {
		if r.Failing && r.Over > last.Over {
			last = r.Outcome
		}
	}
	for last.Over != 0 {
		n, err := l.w.Store.GiveUp(ctx, l.name, last.Over, last.Answer, giveUpAtOnce, l.w.Now())
		if err != nil {
			l.w.Log.WarnContext(ctx, "outbox not given up", "lane", string(l.name), "err", err)
		}
		l.w.GaveUp(l.name.Kind(), n)
		if err != nil || n < giveUpAtOnce {
			return
		}
	}
}
