package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// Options of [Open]. The zero value is usable.
type Options struct {
	// Now is the clock of the migration lease. Default time.Now.
	Now func() time.Time
	// Logger hears of failed commits and reopened connections. Default slog.Default().
	Logger *slog.Logger
	// ReadConns bounds connections for reads. Default 4 on SQLite, 16 on PostgreSQL.
	ReadConns int
	// WriteConns bounds connections for transitions on PostgreSQL. Default 16.
	// SQLite has one writer.
	WriteConns int
	// Wait is how long a caller queues for a connection. Default 800 ms; tests
	// that press many at one row wait longer, for on a busy machine they would
	// be refused as callers of a busy server are.
	Wait time.Duration
	// Migrations replaces the embedded ones, in tests: files NNNN_name.sql.
	Migrations fs.FS
	// CommitHook is called just before each COMMIT, in tests; an error stands
	// for an I/O failure at commit.
	CommitHook func() error
	// Committed is called just after each COMMIT and before anybody is told of
	// it, in tests.
	Committed func()
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine
	dialect    string
	now        func() time.Time
	migrations fs.FS
	count      *counters
	queued     atomic.Pointer[func()]
}

// engine is what the two databases do differently.
type engine interface {
	// write runs one transition to its durable end; long lifts the time limit.
	write(ctx context.Context, long bool, fn func(*Tx) error) error
	// writeOne is a transition of one statement; scan nil counts rows.
	writeOne(ctx context.Context, query string, args []any, scan func(*Row) error) (int64, error)
	queryRow(ctx context.Context, query string, args []any) *Row
	query(ctx context.Context, query string, args []any) (cursor, error)
	ping(ctx context.Context) error
	close() error
}

type counters struct{ statements, writes, commits atomic.Int64 }

// Stats counts since Open what callers asked for.
type Stats struct {
	Statements int64 // statements of callers; BEGIN, SAVEPOINT and COMMIT are not counted
	Writes     int64 // transitions handed in
	Commits    int64 // durable commits; a group on SQLite is one
}

// Open opens "sqlite:PATH" or "postgres://…" and does not migrate. A new
// SQLite file gets mode 0600, a missing directory 0700. PostgreSQL is not
// contacted before first use; see [DB.Ping].
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	o = o.withDefaults()
	d := &DB{now: o.Now, migrations: o.Migrations, count: new(counters)}
	var err error
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		d.dialect = "sqlite"
		d.engine, err = openSQLite(ctx, strings.TrimPrefix(rest, "//"), o, d.count)
	case "postgres", "postgresql":
		d.dialect = "postgres"
		d.engine, err = openPostgres(url, o, d.count)
	default:
		// The URL may hold a password: only its scheme is repeated.
		err = fmt.Errorf("database %q: want sqlite:PATH or postgres://…", scheme+":…")
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return d, nil
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Wait <= 0 {
		o.Wait = maxWait
	}
	if o.Migrations == nil {
		o.Migrations = Migrations()
	}
	if o.CommitHook == nil {
		o.CommitHook = func() error { return nil }
	}
	if o.Committed == nil {
		o.Committed = func() {}
	}
	return o
}

// Close waits for transitions already handed in and closes every connection.
func (d *DB) Close() error { return d.close() }

// Ping asks the database for a sign of life, for at most a second.
func (d *DB) Ping(ctx context.Context) error { return d.ping(ctx) }

// Dialect is "sqlite" or "postgres".
func (d *DB) Dialect() string { return d.dialect }

// Stats returns the counters.
func (d *DB) Stats() Stats {
	return Stats{d.count.statements.Load(), d.count.writes.Load(), d.count.commits.Load()}
}

// Write runs fn as one atomic state transition and returns after it is
// durable. An error of fn undoes it and is returned, also only after the
// commit of the group it was part of. On PostgreSQL fn runs again after a
// conflict, so it must set what it captured anew each time. It uses tx and
// nothing else of the DB: on SQLite it runs on the one writer, which a Write
// inside it would wait for without end.
//
// A ctx that ends does not undo anything: the caller only stops waiting, and
// must then not touch what fn captured ([WriteValue] sees to that).
//
// Errors: what fn returned, ErrUnknown, ErrUnavailable, or the context's.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	d.count.writes.Add(1)
	return d.write(ctx, false, fn)
}

// write runs a transition and, once it has committed with a job for the outbox,
// says so.
func (d *DB) write(ctx context.Context, long bool, fn func(tx *Tx) error) error {
	var queued atomic.Bool // fn may still run when a caller that leaves is gone
	err := d.engine.write(ctx, long, func(tx *Tx) error {
		err := fn(tx)
		queued.Store(tx.queued)
		return err
	})
	if notify := d.queued.Load(); err == nil && notify != nil && queued.Load() {
		(*notify)()
	}
	return err
}

// OnQueued has fn called after each transition of this process that has put a
// job into the outbox. It must not wait.
func (d *DB) OnQueued(fn func()) { d.queued.Store(&fn) }

// WriteValue is [DB.Write] for a transition with a result, which is the zero
// value whenever there is an error.
func WriteValue[T any](ctx context.Context, d *DB, fn func(tx *Tx) (T, error)) (T, error) {
	result := new(T)
	err := d.Write(ctx, func(tx *Tx) (err error) {
		*result, err = fn(tx)
		return err
	})
	if err != nil {
		var zero T
		return zero, err
	}
	return *result, nil
}

// WriteOne is a transition of a single statement, one round trip on
// PostgreSQL; it returns the number of rows changed.
func (d *DB) WriteOne(ctx context.Context, query string, args ...any) (int64, error) {
	d.count.writes.Add(1)
	return d.writeOne(ctx, query, args, nil)
}

// WriteOneRow is [DB.WriteOne] for a statement with RETURNING. scan reads the
// row after the commit, in the caller's goroutine: the change stands whatever
// it returns. Without a row its Scan returns ErrNoRows.
func (d *DB) WriteOneRow(ctx context.Context, query string, args []any, scan func(*Row) error) error {
	d.count.writes.Add(1)
	_, err := d.writeOne(ctx, query, args, scan)
	return err
}

// QueryRow reads one row outside any transaction. Scan must be called.
func (d *DB) QueryRow(ctx context.Context, query string, args ...any) *Row {
	if err := ctx.Err(); err != nil {
		return &Row{err: err}
	}
	return d.queryRow(ctx, query, args)
}

// Query reads many rows outside any transaction; they must be closed.
func (d *DB) Query(ctx context.Context, query string, args ...any) (*Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := d.query(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return &Rows{c: c}, nil
}

// unavailable names the reason why nothing happened. The reason is text only:
// its own type (a context's deadline, say) must not decide what a door answers.
func unavailable(err error) error {
	if errors.Is(err, ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %v", ErrUnavailable, err)
}

// unknown names the reason why the outcome of a commit is not known.
func unknown(err error) error { return fmt.Errorf("%w: %v", ErrUnknown, err) }

// acquire takes one of the permits, waiting no longer than wait.
func acquire(ctx context.Context, permits chan struct{}, wait time.Duration) error {
	select {
	case permits <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case permits <- struct{}{}:
		return nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) { // the caller's bound on us, not its leaving
			return unavailable(errBusyPool)
		}
		return ctx.Err()
	case <-timer.C:
		return unavailable(errBusyPool)
	}
}

func logFault(log *slog.Logger, msg string, err error) {
	log.LogAttrs(context.Background(), slog.LevelError, msg, slog.Any("error", err))
}
