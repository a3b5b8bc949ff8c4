package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/outbox"
)

// LaneHealth is how the jobs of one lane fare. Times are Unix microseconds.
type LaneHealth struct {
	Lane          outbox.Lane
	Refused, Dead int64  // given up since the time that was asked for
	Waiting       int64  // pending
	Since         int64  // when the first of those began to wait, 0: none
	Untried       bool   // none of them has been tried yet
	Answer        string // of the last job that was given up
}

const (
	failedLanes = `SELECT lane, sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END), sum(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), 0, 0, FALSE
		FROM outbox WHERE state <> 'pending' AND settled_at >= $1 AND state IN ('refused', 'dead') GROUP BY lane`
	waitingJobs = `SELECT lane, 0, 0, count(*), min(since), max(attempts) = 0 FROM outbox WHERE state = 'pending' GROUP BY lane`
	lastFailure = `SELECT answer FROM outbox WHERE lane = $1 AND state IN ('refused', 'dead') ORDER BY id DESC LIMIT 1`
)

// LanesHealth tells of every lane that has failed since a time or has something
// waiting, for foyer doctor.
func (s *Store) LanesHealth(ctx context.Context, since time.Time) ([]LaneHealth, error) {
	byLane := map[outbox.Lane]*LaneHealth{}
	var order []outbox.Lane
	for _, q := range []struct {
		text string
		args []any
	}{{failedLanes, []any{micro(since)}}, {waitingJobs, nil}} {
		rows, err := s.db.Query(ctx, q.text+` ORDER BY lane`, q.args...)
		list, err := collect(rows, err, func(rows *Rows) (h LaneHealth, err error) {
			err = rows.Scan(&h.Lane, &h.Refused, &h.Dead, &h.Waiting, &h.Since, &h.Untried)
			return h, err
		})
		if err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		for _, h := range list {
			if known := byLane[h.Lane]; known != nil {
				known.Waiting, known.Since, known.Untried = h.Waiting, h.Since, h.Untried
				continue
			}
			byLane[h.Lane] = &h
			order = append(order, h.Lane)
		}
	}
	out := make([]LaneHealth, len(order))
	for i, lane := range order {
		out[i] = *byLane[lane]
		if out[i].Refused+out[i].Dead == 0 {
			continue
		}
		if err := s.db.QueryRow(ctx, lastFailure, string(lane)).Scan(&out[i].Answer); err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
	}
	return out, nil
}
