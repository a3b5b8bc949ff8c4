package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// limit is a target of the performance specification, stage "foundation".
type limit struct {
	op      operation
	ratio   float64       // to the floor; 0: no target
	cpu     time.Duration // a operation
	p99     time.Duration
	commits float64 // a operation waits for
	counts  bool    // statements and commits are of interest
}

var (
	sqliteLimits = []limit{
		{op: discovery, ratio: 2, counts: true},
		{op: jwks, ratio: 2, counts: true},
		{op: machineJWT, ratio: 2, counts: true},
		{op: machineOpaque, counts: true},
		{op: codeFlow, ratio: 2.2, p99: 10 * time.Millisecond, commits: 2, counts: true},
		{op: refreshing, ratio: 2.2, commits: 1, counts: true},
		{op: introspection, ratio: 2, counts: true},
		{op: userinfo, ratio: 2, counts: true},
	}
	screenLimits = []limit{
		{op: signingIn, cpu: 900 * time.Microsecond, counts: true},
		{op: ending, commits: 1, counts: true},
	}
	postgresLimits = []limit{
		{op: machineOpaque, ratio: 2.5},
		{op: codeFlow, ratio: 2.5},
		{op: refreshing, ratio: 2.5},
		{op: introspection, ratio: 2.5},
		{op: userinfo, ratio: 2.5},
	}
)

// measureAll is the default run.
func (b *bench) measureAll() error {
	for _, part := range []struct {
		row     string
		measure func() error
	}{
		{"binary", b.measureBinary}, {"start", b.measureStart}, {"SQLite", b.measureSQLite}, {"sign-in end session", b.measureScreens},
		{"end session back-channel", b.measureEnding}, {"delivery", b.measureDelivery},
		{"64 concurrent", b.measureConcurrency}, {"memory", b.measureMemory}, {"PostgreSQL", b.measurePostgres},
	} {
		before := len(b.stops)
		if err := part.measure(); err != nil {
			return fmt.Errorf("%s: %w", part.row, err)
		}
		for len(b.stops) > before { // what the part started
			last := len(b.stops) - 1
			b.stops[last]()
			b.stops = b.stops[:last]
		}
	}
	return nil
}

func (b *bench) measureBinary() error {
	const name = "binary, stripped"
	if !b.wants(name) {
		return nil
	}
	info, err := os.Stat(b.foyer)
	if err != nil {
		return err
	}
	size := float64(info.Size()) / 1e6
	b.report.add(&row{Name: name, Foyer: fmt.Sprintf("%.1f MB", size)}).judge(size < 40, "< 40 MB")
	return nil
}

func (b *bench) measureSQLite() error {
	return b.measureLimits("", sqliteLimits, func() (foyer, floor *server, err error) {
		if foyer, err = b.startFoyer(b.foyer, options{}); err == nil {
			floor, err = b.startFloor("-store", "sqlite", "-file", filepath.Join(b.dir, "floor.db"), "-codes-in-db")
		}
		return foyer, floor, err
	})
}

// measureScreens measures what contains a password's hash without it.
func (b *bench) measureScreens() error {
	err := b.measureLimits("", screenLimits, func() (foyer, floor *server, err error) {
		if err = b.buildQuick(); err != nil {
			return nil, nil, err
		}
		if foyer, err = b.startFoyer(b.quick, options{}); err == nil {
			floor, err = b.startFloor("-store", "sqlite", "-file", filepath.Join(b.dir, "floor.db"), "-codes-in-db")
		}
		if err != nil || !b.wants("sign-in, commits") {
			return foyer, floor, err
		}
		c, err := perOperation(foyer, signingInToCode)
		x := b.report.add(&row{Name: "sign-in, commits a person waits for", Foyer: fmt.Sprintf("%.0f", c.commits)})
		x.counted(c).judge(math.Round(c.commits) <= 1, "1 commit")
		return foyer, floor, err
	})
	if b.quick != "" {
		b.report.note("sign-in and end session are of a build whose password hash is one SHA-256, as the floor's: all requests of the journey but the 20 ms of the hash")
	}
	return err
}

// measureLimits measures those of the list that are wanted.
func (b *bench) measureLimits(suffix string, list []limit, start func() (foyer, floor *server, err error)) error {
	var foyer, floor *server
	for _, l := range list {
		if !b.wants(l.op.name + suffix) {
			continue
		}
		if foyer == nil {
			var err error
			if foyer, floor, err = start(); err != nil {
				return err
			}
		}
		if err := b.measureLimit(l, suffix, foyer, floor); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) measureLimit(l limit, suffix string, foyer, floor *server) error {
	f, err := b.compare(b.workers, side{floor, l.op}, side{foyer, l.op})
	if err != nil {
		return err
	}
	x := b.report.add(compared(l.op.name+suffix, f[1], f[0]))
	if l.ratio > 0 {
		x.judge(x.Ratio <= l.ratio, "≤ %.1f×", l.ratio)
	}
	if l.cpu > 0 {
		x.judge(f[1].Server <= l.cpu, "≤ %s", micros(l.cpu))
	}
	if l.p99 > 0 {
		x.judge(f[1].P99 <= l.p99, "p99 ≤ %s", l.p99)
	}
	if !l.counts {
		return nil
	}
	c, err := perOperation(foyer, l.op)
	if err != nil {
		return err
	}
	x.counted(c)
	if l.commits > 0 {
		x.judge(math.Round(c.commits) <= l.commits, "%.0f commits", l.commits)
	}
	return nil
}

func (b *bench) measureConcurrency() error {
	const name, flows = "64 concurrent flows, SQLite", 64
	if !b.wants(name) {
		return nil
	}
	foyer, err := b.startFoyer(b.foyer, options{})
	if err != nil {
		return err
	}
	f, err := b.compare(flows, side{foyer, codeFlow})
	if err != nil {
		return err
	}
	b.report.add(&row{
		Name: name, Foyer: f[0].String(), P50: millis(f[0].P50), P99: millis(f[0].P99), Rate: fmt.Sprintf("%.0f", f[0].Rate), FoyerFigure: &f[0],
	}).judge(f[0].Failed == 0, "0 errors").judge(f[0].P99 < 100*time.Millisecond, "p99 < 100 ms")
	return nil
}

func (b *bench) measurePostgres() error {
	return b.measureLimits(", PostgreSQL", postgresLimits, func() (foyer, floor *server, err error) {
		pg, err := b.startPostgres()
		if err != nil {
			return nil, nil, err
		}
		if foyer, err = b.startFoyer(b.foyer, options{database: pg.url("foyer")}); err == nil {
			floor, err = b.startFloor("-store", "pg", "-pg", pg.url("floor"), "-codes-in-db")
		}
		if err != nil {
			return nil, nil, err
		}
		foyer.pg, floor.pg = pg, pg
		return foyer, floor, nil
	})
}
