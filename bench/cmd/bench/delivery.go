package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"time"
)

// receiver is an application that takes logout tokens at once.
type receiver struct {
	url  string
	got  atomic.Int64
	last atomic.Int64 // Unix ns
}

func (b *bench) startReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/backchannel-logout"}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.FormValue("logout_token") == "" {
			http.Error(w, "no logout_token", http.StatusBadRequest)
			return
		}
		r.last.Store(time.Now().UnixNano())
		r.got.Add(1)
	})}
	go srv.Serve(l)
	b.stops = append(b.stops, func() { srv.Close() })
	return r, nil
}

// measureEnding measures the end of a session whose three applications are to
// be told: the request alone (the applications are away, so their lanes pause
// and the rows wait), and with the three deliveries.
func (b *bench) measureEnding() error {
	const rows, told = "end session, 3 participants with back-channel rows", "end session, 3 participants, and 3 deliveries"
	closed, err := freeAddr()
	if err != nil {
		return err
	}
	for _, x := range []struct {
		name string
		away bool
	}{{rows, true}, {told, false}} {
		if !b.wants(x.name) {
			continue
		}
		o := options{backchannel: "http://" + closed + "/"}
		if !x.away {
			r, err := b.startReceiver()
			if err != nil {
				return err
			}
			o.backchannel = r.url
		}
		if err := b.buildQuick(); err != nil {
			return err
		}
		s, err := b.startFoyer(b.quick, o)
		if err != nil {
			return err
		}
		f, err := b.compare(b.workers, side{s, ending})
		if err != nil {
			return err
		}
		line := b.report.add(&row{Name: x.name, Foyer: f[0].String(), P50: millis(f[0].P50), P99: millis(f[0].P99), Rate: fmt.Sprintf("%.0f", f[0].Rate), FoyerFigure: &f[0]})
		if x.away {
			line.judge(f[0].Server <= 600*time.Microsecond, "≤ 600 µs")
		}
		c, err := perOperation(s, ending)
		if err != nil {
			return err
		}
		if line.counted(c); x.away {
			line.judge(c.commits < 1.5, "1 commit")
		}
	}
	return nil
}

// measureDelivery ends many sessions by a command while the server is off, and
// measures how fast it tells their application once it is on.
func (b *bench) measureDelivery() error {
	const name, sessions = "back-channel delivery, one fast receiver", 20_000
	if !b.wants(name) {
		return nil
	}
	r, err := b.startReceiver()
	if err != nil {
		return err
	}
	o := options{backchannel: r.url}
	if o.dir, err = os.MkdirTemp(b.dir, "delivery-"); err != nil {
		return err
	}
	s, err := b.startFoyer(b.foyer, o)
	if err != nil {
		return err
	}
	if err := b.addModel(s); err != nil {
		return err
	}
	s.stop()
	b.stops = b.stops[:len(b.stops)-1]
	if _, err := grow(o.dir, sessions); err != nil {
		return err
	}
	end := exec.Command(b.foyer, "session", "end", "--all", "--yes")
	end.Dir = o.dir
	began := time.Now()
	if out, err := end.CombinedOutput(); err != nil {
		return fmt.Errorf("end sessions: %w\n%s", err, out)
	}
	b.report.note("%d sessions with an application to tell were ended by one command in %s", sessions, time.Since(began).Round(10*time.Millisecond))
	r.got.Store(0)
	began = time.Now()
	if s, err = b.startFoyer(b.foyer, o); err != nil {
		return err
	}
	for r.got.Load() < sessions {
		if time.Since(began) > 2*time.Minute {
			return fmt.Errorf("only %d of %d were told:\n%s", r.got.Load(), sessions, s.said())
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Unix(0, r.last.Load()).Sub(began)
	rate := float64(sessions) / took.Seconds()
	cpu := s.cpu() / sessions
	b.report.add(&row{Name: name, Foyer: micros(cpu), Rate: fmt.Sprintf("%.0f", rate)}).judge(rate >= 1000, "≥ 1,000/s on one core")
	return nil
}
