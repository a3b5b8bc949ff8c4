package main

import (
	"fmt"
	"os"
	"time"
)

// measureGrowth compares the median times of a database of a thousand accounts
// and sessions with those of a large one. Both servers run at once and take
// turns; the password's hash costs nothing, so that it hides nothing.
func (b *bench) measureGrowth(large int) error {
	if err := b.buildQuick(); err != nil {
		return err
	}
	const small = 1000
	type place struct {
		*server
		people *population
	}
	var places []place
	for _, n := range []int{small, large} {
		o := options{}
		var err error
		if o.dir, err = os.MkdirTemp(b.dir, "growth-"); err != nil {
			return err
		}
		s, err := b.startFoyer(b.quick, o)
		if err != nil {
			return err
		}
		if err := b.addModel(s); err != nil {
			return err
		}
		began := time.Now()
		people, err := grow(o.dir, n)
		if err != nil {
			return err
		}
		b.report.note("%d accounts, sessions, grants and access tokens were put in within %s", n, time.Since(began).Round(time.Second))
		places = append(places, place{s, people})
	}
	for _, op := range []func(place) operation{
		func(p place) operation { return p.people.of(codeFlow) },
		func(p place) operation { return p.people.of(signingIn) },
		func(place) operation { return refreshing },
		func(place) operation { return introspection },
		func(place) operation { return userinfo },
		func(place) operation { return machineOpaque },
		func(place) operation { return ending },
	} {
		if !b.wants(op(places[0]).name) {
			continue
		}
		sides := make([]side, len(places))
		for i, p := range places {
			sides[i] = side{p.server, op(p)}
		}
		figures, err := b.compare(b.workers, sides...)
		if err != nil {
			return err
		}
		few, many := figures[0], figures[1]
		ratio := float64(many.P50) / float64(few.P50)
		b.report.add(&row{
			Name: op(places[0]).name + fmt.Sprintf(", %d rows beside %d", large, small), Foyer: many.String(), Floor: few.String(),
			Ratio: ratio, P50: millis(many.P50), P99: millis(many.P99), Rate: fmt.Sprintf("%.0f", many.Rate),
			Missed: many.Failed > 0, FoyerFigure: &many, FloorFigure: &few,
		}).judge(ratio <= 1.5, "p50 ≤ 1.5×")
	}
	b.report.note("column floor is the small database; ratio is of the median times")
	return nil
}
