package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// measureStart measures from the start of the process to its first answer, on
// no database and on the one that it made.
func (b *bench) measureStart() error {
	const name, tries = "start to first answer", 5
	if !b.wants(name) {
		return nil
	}
	var fresh, again []time.Duration
	for range tries {
		dir, err := os.MkdirTemp(b.dir, "start-")
		if err != nil {
			return err
		}
		for _, list := range []*[]time.Duration{&fresh, &again} {
			began := time.Now()
			s, err := b.spawnFoyer(b.foyer, &options{dir: dir, bare: true})
			if err != nil {
				return err
			}
			took, err := s.awaitAnswer(began)
			if err != nil {
				return err
			}
			*list = append(*list, took)
			s.stop()
			b.stops = b.stops[:len(b.stops)-1]
		}
	}
	slices.Sort(fresh)
	slices.Sort(again)
	for _, x := range []struct {
		database string
		took     []time.Duration
		target   time.Duration
	}{{"existing", again, 100 * time.Millisecond}, {"new", fresh, 250 * time.Millisecond}} {
		median := x.took[tries/2]
		b.report.add(&row{Name: name + ", " + x.database + " database", Foyer: millis(median)}).judge(median < x.target, "< %s", x.target)
	}
	return nil
}

// measureMemory measures what the process holds when nothing happens, and
// after traffic over 100,000 live sessions.
func (b *bench) measureMemory() error {
	const idle, full, sessions = "memory, idle", "memory, 100,000 live sessions", 100_000
	if !b.wants(idle) && !b.wants(full) {
		return nil
	}
	o := options{}
	var err error
	if o.dir, err = os.MkdirTemp(b.dir, "memory-"); err != nil {
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
	if s, err = b.startFoyer(b.foyer, o); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	if err := b.judgeMemory(s, idle, 40); err != nil || !b.wants(full) {
		return err
	}
	people, err := grow(o.dir, sessions)
	if err != nil {
		return err
	}
	c, err := newCrew(s, people.of(codeFlow), b.workers)
	if err != nil {
		return err
	}
	defer c.close()
	r, err := c.run(4 * time.Second)
	if err != nil {
		return err
	}
	if r.failed > 0 {
		return fmt.Errorf("a flow with a session that was put into the database: %w", r.failure)
	}
	b.report.note("the 100,000 sessions are rows put into the database; memory is read after %d code flows over them", len(r.took))
	return b.judgeMemory(s, full, 120)
}

func (b *bench) judgeMemory(s *server, name string, target int64) error {
	bytes, err := s.resident()
	if err != nil {
		return err
	}
	b.report.add(&row{Name: name, Foyer: fmt.Sprintf("%d MiB", bytes>>20)}).judge(bytes < target<<20, "< %d MiB", target)
	return nil
}

// addModel makes one account sign in, so that grow has rows to copy.
func (b *bench) addModel(s *server) error {
	c, err := newCrew(s, codeFlow, 1)
	if err != nil {
		return err
	}
	defer c.close()
	return c.op.step(c.workers[0])
}
