package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
)

const jobColumns = `tenant, id, kind, lane, session, sid, sub, payload, created_at, since, attempts, due_at, holder, state, answer, settled_at`

func scanJob(rows *Rows) (outbox.Job, error) {
	var j outbox.Job
	var holder string
	err := rows.Scan(&j.Tenant, &j.ID, &j.Kind, &j.Lane, &j.Session, &j.SID, &j.Sub, &j.Payload, &j.CreatedAt, &j.Since,
		&j.Attempts, &j.DueAt, &holder, &j.State, &j.Answer, &j.SettledAt)
	j.Held = holder != ""
	return j, err
}

var newJobs = bulk{table: "outbox",
	columns: "kind, lane, session, sid, sub, payload, created_at, since, attempts, due_at, holder, state, answer, settled_at"}

// addJob writes jobs that are due at once, in the transition that they tell of;
// once that has committed, the worker of this node is woken.
func addJob(tx *Tx, tenant string, now time.Time, jobs ...outbox.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	tx.queued = true
	at := micro(now)
	rows := make([][]any, len(jobs))
	for i, j := range jobs {
		rows[i] = []any{string(j.Kind), string(j.Lane), j.Session, j.SID, j.Sub, j.Payload, at, at, 0, at, "", string(outbox.Pending), "", 0}
	}
	return newJobs.insert(tx, tenant, now, rows)
}

// waitingLanes goes from one lane to the next by the index, however many jobs
// each of them has.
const waitingLanes = `WITH RECURSIVE l (lane) AS (
		SELECT (SELECT x.lane FROM outbox AS x WHERE x.state = 'pending' AND x.lane > '' ORDER BY x.lane LIMIT 1)
		UNION ALL
		SELECT (SELECT x.lane FROM outbox AS x WHERE x.state = 'pending' AND x.lane > l.lane ORDER BY x.lane LIMIT 1)
			FROM l WHERE l.lane IS NOT NULL)
	SELECT l.lane, (SELECT x.due_at FROM outbox AS x WHERE x.state = 'pending' AND x.lane = l.lane ORDER BY x.due_at LIMIT 1)
		FROM l WHERE l.lane IS NOT NULL`

// Waiting implements outbox.Store.
func (s *Store) Waiting(ctx context.Context) ([]outbox.Waiting, error) {
	rows, err := s.db.Query(ctx, waitingLanes)
	return collect(rows, err, func(rows *Rows) (q outbox.Waiting, err error) {
		var due *int64 // NULL: its last job was settled between the two reads
		if err = rows.Scan(&q.Lane, &due); due != nil {
			q.DueAt = *due
		}
		return q, err
	})
}

// leaseJobs repeats its condition outside the sub-select: without that
// PostgreSQL gives a job to two workers that ask at once.
const leaseJobs = `UPDATE outbox SET holder = $2, due_at = $4, attempts = attempts + 1
	WHERE (tenant, id) IN (SELECT x.tenant, x.id FROM outbox AS x
		WHERE x.lane = $1 AND x.state = 'pending' AND x.due_at <= $3 ORDER BY x.due_at LIMIT $5)
	AND state = 'pending' AND due_at <= $3
	RETURNING ` + jobColumns

// Lease implements outbox.Store.
func (s *Store) Lease(ctx context.Context, lane outbox.Lane, holder string, limit int, now, until time.Time) ([]outbox.Job, error) {
	return WriteValue(ctx, s.db, func(tx *Tx) ([]outbox.Job, error) {
		rows, err := tx.Query(leaseJobs, string(lane), holder, micro(now), micro(until), limit)
		return collect(rows, err, scanJob)
	})
}

// Settle implements outbox.Store.
func (s *Store) Settle(ctx context.Context, holder string, results []outbox.Result, now time.Time) error {
	err := s.db.Write(ctx, func(tx *Tx) error {
		for _, r := range results {
			if err := settle(ctx, tx, holder, r, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle jobs: %w", err)
	}
	return nil
}

func settle(ctx context.Context, tx *Tx, holder string, r outbox.Result, now time.Time) error {
	j := r.Job
	due, settled := r.Next, int64(0)
	if r.State != outbox.Pending {
		due, settled = 0, micro(now)
	}
	payload := j.Payload
	if r.Payload != nil {
		payload = *r.Payload
	}
	// attempts tells this holder's lease from a later one of its own.
	n, err := tx.Exec(`UPDATE outbox SET state = $4, due_at = $5, settled_at = $6, answer = $7, payload = $8, holder = ''
		WHERE tenant = $1 AND id = $2 AND holder = $3 AND state = 'pending' AND attempts = $9`,
		j.Tenant, j.ID, holder, string(r.State), due, settled, r.Answer, payload, j.Attempts)
	if err != nil || n == 0 || r.State == outbox.Pending {
		return err
	}
	return writeAudit(ctx, tx, j.Tenant, now, jobEvent(j, r.State, r.Answer))
}

const giveUpJobs = `UPDATE outbox SET state = 'dead', due_at = 0, settled_at = $3, answer = $4, holder = ''
	WHERE (tenant, id) IN (SELECT x.tenant, x.id FROM outbox AS x
		WHERE x.lane = $1 AND x.state = 'pending' AND x.due_at <= $3 AND x.since <= $2 ORDER BY x.due_at LIMIT $5)
	AND state = 'pending' AND due_at <= $3 AND since <= $2
	RETURNING ` + jobColumns

// GiveUp implements outbox.Store.
func (s *Store) GiveUp(ctx context.Context, lane outbox.Lane, since int64, answer string, limit int, now time.Time) (int, error) {
	return WriteValue(ctx, s.db, func(tx *Tx) (int, error) {
		rows, err := tx.Query(giveUpJobs, string(lane), since, micro(now), answer, limit)
		jobs, err := collect(rows, err, scanJob)
		if err != nil || len(jobs) == 0 {
			return 0, err
		}
		events := make([]audit.Event, len(jobs))
		for i, j := range jobs {
			events[i] = jobEvent(j, outbox.Dead, answer)
		}
		return len(jobs), writeAudits(ctx, tx, lane.Tenant(), now, events)
	})
}

// jobEvent is the record of a job's end: logout.delivered, mail.dead ….
func jobEvent(j outbox.Job, state outbox.State, answer string) audit.Event {
	e := audit.Event{Kind: audit.Kind(string(j.Kind) + "." + string(state)), Sub: j.Sub, SID: j.SID, Data: map[string]string{"answer": answer}}
	if j.Kind == logout.Backchannel {
		e.ClientID = j.Lane.Name()
	}
	return e
}

const expiredJobs = `DELETE FROM outbox WHERE (tenant, id) IN (SELECT tenant, id FROM outbox
	WHERE state <> 'pending' AND settled_at <= $1 ORDER BY settled_at LIMIT $2)`

// SweepOutbox removes jobs that were settled before the cut, at most limit; it
// returns how many.
func (s *Store) SweepOutbox(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.sweep(ctx, expiredJobs, micro(before), limit)
}

// Backlog counts pending jobs by kind, and says when the oldest was made.
func (s *Store) Backlog(ctx context.Context) (map[outbox.Kind]Backlog, error) {
	rows, err := s.db.Query(ctx, `SELECT kind, count(*), min(created_at) FROM outbox WHERE state = 'pending' GROUP BY kind`)
	out := map[outbox.Kind]Backlog{}
	_, err = collect(rows, err, func(rows *Rows) (b Backlog, err error) {
		var kind outbox.Kind
		err = rows.Scan(&kind, &b.Jobs, &b.Oldest)
		out[kind] = b
		return b, err
	})
	return out, err
}

// Backlog is what waits. Oldest is Unix microseconds.
type Backlog struct{ Jobs, Oldest int64 }
