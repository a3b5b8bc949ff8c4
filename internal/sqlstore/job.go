package sqlstore

import (
	"context"
	"time"
)

// job is one transition on its way through the writer.
type job struct {
	fn     func(*Tx) error
	atomic bool // one statement: undoes itself, needs no savepoint
	err    error
	done   chan error
}

// write hands a transition in and waits for its answer.
func (w *writer) write(ctx context.Context, _ bool, fn func(*Tx) error) error {
	return w.submit(ctx, &job{fn: fn, done: make(chan error, 1)})
}

// writeOne leaves the row to be scanned by the caller's own goroutine, after
// the commit.
func (w *writer) writeOne(ctx context.Context, query string, args []any, scan func(*Row) error) (int64, error) {
	var n int64
	var row *Row
	j := &job{atomic: true, done: make(chan error, 1)}
	if scan == nil {
		j.fn = func(tx *Tx) (err error) {
			n, err = tx.Exec(query, args...)
			return err
		}
	} else {
		j.fn = func(tx *Tx) error {
			row = tx.QueryRow(query, args...)
			return tx.err
		}
	}
	if err := w.submit(ctx, j); err != nil {
		return 0, err
	}
	if scan == nil {
		return n, nil
	}
	return 0, scan(row)
}

func (w *writer) submit(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.enqueue(ctx, j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
	}
	// The writer has ended: either just after the answer or without this job.
	select {
	case err := <-j.done:
		return err
	default:
		return unavailable(errClosed)
	}
}

func (w *writer) enqueue(ctx context.Context, j *job) error {
	select {
	case <-w.quit:
		return unavailable(errClosed)
	case w.jobs <- j:
		return nil
	default:
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-w.quit:
		return unavailable(errClosed)
	case w.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return unavailable(errQueue)
	}
}
