package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/foyer-id/foyer/bench/load"
)

// measureOverload finds how many sign-ins a second the server can do, offers
// ten times as many, and looks at what becomes of them and of token traffic.
// A sign-in here is the POST of a login form that was opened before.
func (b *bench) measureOverload() error {
	const people, factor, window = 5000, 10, 10 * time.Second
	o := options{throttle: "{account: 10, network: 1000000}"} // all come from one address
	var err error
	if o.dir, err = os.MkdirTemp(b.dir, "overload-"); err != nil {
		return err
	}
	s, err := b.startFoyer(b.foyer, o)
	if err != nil {
		return err
	}
	if err := b.addModel(s); err != nil {
		return err
	}
	crowd, err := grow(o.dir, people)
	if err != nil {
		return err
	}
	quiet, err := tokenTraffic(s, nil, 3*time.Second)
	if err != nil {
		return err
	}

	// At capacity: as many at once as keep the slots busy.
	form, err := openForm(s)
	if err != nil {
		return err
	}
	c, err := newCrew(s, crowd.of(operation{name: "sign-in", step: func(w *worker) error {
		w.session = ""
		_, err := w.do(w.loginForm(form), 303)
		return err
	}}), 4)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.run(time.Second); err != nil {
		return err
	}
	var peak sample
	var peakErr error
	busy, err := tokenTraffic(s, func() { peak, peakErr = c.run(window) }, window)
	if err == nil {
		err = peakErr
	}
	if err != nil {
		return err
	}

	st := &storm{s: s, form: form, people: crowd, rate: factor * peak.rate}
	stormy, err := tokenTraffic(s, func() { st.run(window) }, window)
	if err != nil {
		return err
	}
	b.judgeOverload(st, peak, quiet, busy, stormy)
	return nil
}

func (b *bench) judgeOverload(st *storm, peak sample, quiet, busy, stormy load.Latencies) {
	goodput := float64(len(st.accepted)) / st.took.Seconds()
	hash := peak.cost.server // of a whole sign-in
	b.report.add(&row{Name: "sign-ins, offered at capacity", Foyer: micros(hash), Rate: fmt.Sprintf("%.1f", peak.rate),
		P50: millis(peak.took.At(.5)), P99: millis(peak.took.At(.99)), Missed: peak.failed > 0})
	b.report.add(&row{Name: "sign-ins, offered at ten times that", Foyer: fmt.Sprintf("%.0f/s offered", st.rate), Rate: fmt.Sprintf("%.1f", goodput),
		P50: millis(st.accepted.At(.5)), P99: millis(st.accepted.At(.99)), Missed: st.failed > 0}).
		judge(goodput >= .8*peak.rate, "goodput ≥ 80 %%").judge(st.accepted.At(.99) <= 2*time.Second, "p99 ≤ 2 s")
	if peak.failed > 0 {
		b.report.note("%d sign-ins failed at capacity, the last: %v", peak.failed, peak.failure)
	}
	if st.failed > 0 {
		b.report.note("%d sign-ins neither accepted nor refused, the last: %v", st.failed, st.failure)
	}
	if n := len(st.refused); n > 0 {
		each := (st.cpu - time.Duration(len(st.accepted))*hash) / time.Duration(n)
		b.report.add(&row{Name: fmt.Sprintf("a refusal (%d)", n), Foyer: micros(each), P50: millis(st.refused.At(.5)), P99: millis(st.refused.At(.99))}).
			judge(each < time.Millisecond, "< 1 ms CPU")
	}
	for _, x := range []struct {
		when string
		took load.Latencies
	}{{"no sign-ins", quiet}, {"sign-ins at capacity", busy}, {"ten times that", stormy}} {
		r := b.report.add(&row{Name: "client_credentials, " + x.when, P50: millis(x.took.At(.5)), P99: millis(x.took.At(.99))})
		if x.when == "ten times that" {
			r.judge(x.took.At(.99) <= 2*busy.At(.99), "p99 ≤ 2× at capacity")
		}
	}
}

// openForm opens a login page and returns its sealed request.
func openForm(s *server) (string, error) {
	conn, err := load.Dial(s.addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	w := &worker{s: s, conn: conn}
	a, err := w.do(get(s.addr, "/authorize?"+authorizeQuery("web", webScope), ""), 303)
	if err != nil {
		return "", err
	}
	if a, err = w.do(get(s.addr, string(a.Header("Location")), ""), 200); err != nil {
		return "", err
	}
	return attribute(a.Body, `name="r" value="`), nil
}

// tokenTraffic asks for 100 tokens a second while during runs, or for d.
func tokenTraffic(s *server, during func(), d time.Duration) (load.Latencies, error) {
	c, err := newCrew(s, machineJWT, 2)
	if err != nil {
		return nil, err
	}
	defer c.close()
	end := time.Now().Add(d)
	var side sync.WaitGroup
	if during != nil {
		side.Go(during)
	}
	var mu sync.Mutex
	var all load.Latencies
	err = c.each(func(w *worker) error {
		for due := time.Now(); due.Before(end); due = due.Add(20 * time.Millisecond) {
			time.Sleep(time.Until(due))
			if err := c.op.step(w); err != nil {
				return err
			}
			mu.Lock()
			all = append(all, time.Since(due))
			mu.Unlock()
		}
		return nil
	})
	side.Wait()
	return all, err
}

// storm is sign-ins that arrive at a rate, whatever becomes of them.
type storm struct {
	s      *server
	form   string
	people *population
	rate   float64

	mu                sync.Mutex
	accepted, refused load.Latencies
	failed            int
	failure           error
	cpu, took         time.Duration
}

func (st *storm) run(d time.Duration) {
	began, before := time.Now(), st.s.cpu()
	gap := time.Duration(float64(time.Second) / st.rate)
	idle := make(chan *worker, 4096)
	var all sync.WaitGroup
	for due := began; due.Sub(began) < d; due = due.Add(gap) {
		time.Sleep(time.Until(due))
		all.Go(func() { st.arrive(due, idle) })
	}
	all.Wait()
	st.took, st.cpu = time.Since(began), st.s.cpu()-before
	for range len(idle) {
		(<-idle).conn.Close()
	}
}

// arrive signs in over a connection that is free, or a new one.
func (st *storm) arrive(due time.Time, idle chan *worker) {
	var w *worker
	select {
	case w = <-idle:
	default:
		conn, err := load.Dial(st.s.addr)
		if err != nil {
			st.count(due, 0, err)
			return
		}
		w = &worker{s: st.s, conn: conn}
	}
	st.people.someone(w)
	w.session = ""
	a, err := w.conn.Do(w.loginForm(st.form))
	if err == nil && a.Status != 303 && (a.Status != 503 || a.Header("Retry-After") == nil) {
		err = fmt.Errorf("%s", a)
	}
	st.count(due, a.Status, err)
	idle <- w
}

func (st *storm) count(due time.Time, status int, err error) {
	took := time.Since(due)
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case err != nil:
		st.failed, st.failure = st.failed+1, err
	case status == 303:
		st.accepted = append(st.accepted, took)
	default:
		st.refused = append(st.refused, took)
	}
}
