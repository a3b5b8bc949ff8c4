package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/foyer-id/foyer/bench/load"
)

// crew are the workers of one operation at one server.
type crew struct {
	s       *server
	op      operation
	workers []*worker
}

func newCrew(s *server, op operation, n int) (*crew, error) {
	c := &crew{s: s, op: op}
	for i := range n {
		conn, err := load.Dial(s.addr)
		if err != nil {
			return nil, err
		}
		c.workers = append(c.workers, &worker{s: s, n: i, conn: conn})
	}
	if op.prepare == nil {
		return c, nil
	}
	// A few at a time: a sign-in needs a slot for its password's hash.
	slots := make(chan struct{}, 2)
	return c, c.each(func(w *worker) error {
		slots <- struct{}{}
		defer func() { <-slots }()
		return op.prepare(w)
	})
}

func (c *crew) close() {
	for _, w := range c.workers {
		w.conn.Close()
	}
}

func (c *crew) each(do func(*worker) error) error {
	errs := make([]error, len(c.workers))
	var wg sync.WaitGroup
	for i, w := range c.workers {
		wg.Go(func() { errs[i] = do(w) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("%s: %w", c.op.name, err) // the first says enough
		}
	}
	return nil
}

// sample is one run.
type sample struct {
	cost    cost // of one operation
	rate    float64
	took    load.Latencies
	failed  int
	failure error
}

// run works for a while, or until the stock is used up. A failed step is
// counted and the worker goes on.
func (c *crew) run(d time.Duration) (sample, error) {
	const stock = 40 // for each worker
	if c.op.stock != nil {
		if err := c.each(func(w *worker) error { return c.op.stock(w, stock-len(w.stock)) }); err != nil {
			return sample{}, err
		}
	}
	var mu sync.Mutex
	var out sample
	began, before := time.Now(), c.s.cost()
	c.each(func(w *worker) error {
		took, failed, failure := make(load.Latencies, 0, 1<<14), 0, error(nil)
		for t := time.Now(); t.Sub(began) < d; {
			if c.op.stock != nil && len(w.stock) == 0 {
				break
			}
			if err := c.op.step(w); err != nil {
				failed, failure = failed+1, err
			}
			now := time.Now()
			took = append(took, now.Sub(t))
			t = now
		}
		mu.Lock()
		defer mu.Unlock()
		out.took = append(out.took, took...)
		out.failed += failed
		if failure != nil {
			out.failure = failure
		}
		return nil
	})
	after, n := c.s.cost(), time.Duration(len(out.took))
	if n == 0 {
		return out, fmt.Errorf("%s: nothing was done", c.op.name)
	}
	out.cost = cost{(after.server - before.server) / n, (after.database - before.database) / n}
	out.rate = float64(n) / time.Since(began).Seconds()
	return out, nil
}

// figure is what the runs of an operation at a server say.
type figure struct {
	Server   time.Duration `json:"server_ns"`   // CPU a operation, median
	Database time.Duration `json:"database_ns"` // of the same run
	Rate     float64       `json:"per_second"`
	P50      time.Duration `json:"p50_ns"`
	P99      time.Duration `json:"p99_ns"`
	Failed   int           `json:"failed"`
}

func (f figure) total() time.Duration { return f.Server + f.Database }

// side is one part of a comparison.
type side struct {
	s  *server
	op operation
}

// compare lets the sides take turns and returns a figure for each.
func (b *bench) compare(workers int, sides ...side) ([]figure, error) {
	crews := make([]*crew, len(sides))
	for i, x := range sides {
		c, err := newCrew(x.s, x.op, workers)
		if err != nil {
			return nil, err
		}
		defer c.close()
		if _, err := c.run(b.warmUp); err != nil {
			return nil, err
		}
		crews[i] = c
	}
	samples := make([][]sample, len(sides))
	for range b.runs {
		for i, c := range crews {
			s, err := c.run(b.window)
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], s)
		}
	}
	figures := make([]figure, len(sides))
	for i := range samples {
		figures[i] = summary(samples[i])
		for _, s := range samples[i] {
			if s.failure != nil {
				b.report.note("%s at %s: %d failed, the last: %v", sides[i].op.name, sides[i].s.label(), s.failed, s.failure)
			}
		}
	}
	return figures, nil
}

func (s *server) label() string {
	if s.isOur {
		return "Foyer"
	}
	return "the floor"
}

func summary(samples []sample) (f figure) {
	slices.SortFunc(samples, func(a, b sample) int {
		return int(a.cost.server + a.cost.database - b.cost.server - b.cost.database)
	})
	median := samples[len(samples)/2]
	f.Server, f.Database, f.Rate = median.cost.server, median.cost.database, median.rate
	var p50, p99 load.Latencies
	for i := range samples {
		p50, p99 = append(p50, samples[i].took.At(.5)), append(p99, samples[i].took.At(.99))
		f.Failed += samples[i].failed
	}
	f.P50, f.P99 = p50.At(.5), p99.At(.5)
	return f
}

// perOperation counts what one worker's operations make Foyer do.
func perOperation(s *server, op operation) (counters, error) {
	const n = 100
	c, err := newCrew(s, op, 1)
	if err != nil {
		return counters{}, err
	}
	defer c.close()
	if op.stock != nil {
		if err := op.stock(c.workers[0], n); err != nil {
			return counters{}, err
		}
	}
	before, err := s.counters()
	if err != nil {
		return before, err
	}
	for range n {
		if err := op.step(c.workers[0]); err != nil {
			return before, err
		}
	}
	after, err := s.counters()
	return counters{
		(after.statements - before.statements) / n, (after.transitions - before.transitions) / n,
		(after.commits - before.commits) / n, (after.signatures - before.signatures) / n,
	}, err
}
