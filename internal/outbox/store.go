package outbox

import (
	"context"
	"time"
)

// Waiting is a lane with pending jobs.
type Waiting struct {
	Lane  Lane
	DueAt int64 // of its first job, Unix microseconds
}

// Store is what the outbox needs kept. Jobs are made by the transitions that
// they tell of, not here.
type Store interface {
	// Waiting lists the lanes with pending jobs, in order of their names.
	Waiting(ctx context.Context) ([]Waiting, error)
	// Lease takes jobs of a lane that are due, the longest due first, at most
	// limit: nobody else is given them before until. Each counts as an attempt.
	Lease(ctx context.Context, lane Lane, holder string, limit int, now, until time.Time) ([]Job, error)
	// Settle records results of jobs that holder still holds; those whose lease
	// went to another are left to that one. A settled job leaves one audit record.
	Settle(ctx context.Context, holder string, results []Result, now time.Time) error
	// GiveUp makes jobs of a lane Dead that nobody holds, that are due, and whose
	// time began at since or before, at most limit; it returns how many. Each
	// leaves one audit record.
	GiveUp(ctx context.Context, lane Lane, since int64, answer string, limit int, now time.Time) (int, error)
}
