package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// maxStatement bounds a transition and a point read on PostgreSQL, so
	// that a server that hangs holds no caller longer (security B1, B2).
	maxStatement = 5 * time.Second

	// connectTimeout is for one host, when the URL names none.
	connectTimeout = 2 * time.Second

	maxRetries = 3 // security B6
)

// pgDB is the PostgreSQL engine: a bounded pool, one transaction a transition.
//
// Statements run under a deadline of their own and not under the caller's
// context: a request that is cancelled would close a connection, and leave the
// outcome of its commit unknown.
type pgDB struct {
	db     *sql.DB
	reads  chan struct{} // permits, so that the wait for one is ours to bound
	writes chan struct{}
	wait   time.Duration
	hook   func() error
	after  func()
	log    *slog.Logger
	count  *counters
	spread atomic.Uint64
	down   *down
}

func openPostgres(url string, o Options, count *counters) (engine, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err // pgx leaves the password out
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.ValidateConnect == nil && severalHosts(cfg) {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if o.ReadConns <= 0 {
		o.ReadConns = 16
	}
	if o.WriteConns <= 0 {
		o.WriteConns = 16
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(o.ReadConns + o.WriteConns)
	db.SetMaxIdleConns(o.ReadConns + o.WriteConns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &pgDB{
		db: db, hook: o.CommitHook, after: o.Committed, log: o.Logger, count: count,
		reads: make(chan struct{}, o.ReadConns), writes: make(chan struct{}, o.WriteConns), wait: o.Wait,
		down: newDown(db.PingContext, o.Logger),
	}, nil
}

// severalHosts: pgx also lists the same host twice, with and without TLS.
func severalHosts(cfg *pgx.ConnConfig) bool {
	for _, f := range cfg.Fallbacks {
		if f.Host != cfg.Host || f.Port != cfg.Port {
			return true
		}
	}
	return false
}

// limited is a context that ends after maxStatement, or when the caller's
// deadline passes; not when the caller leaves.
func (p *pgDB) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxStatement)
	began := time.Now()
	deadline, ok := ctx.Deadline()
	if !ok {
		return limit, func() { p.down.note(limit, began); cancel() }
	}
	sooner, cancelSooner := context.WithDeadline(limit, deadline)
	return sooner, func() { p.down.note(sooner, began); cancelSooner(); cancel() }
}

func (p *pgDB) write(ctx context.Context, long bool, fn func(*Tx) error) error {
	return p.attempt(ctx, long, func(ctx context.Context) (bool, error) { return p.transact(ctx, fn) })
}

// attempt runs try with a permit, again while it asks for it.
func (p *pgDB) attempt(ctx context.Context, long bool, try func(context.Context) (again bool, err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.down.refuse(); err != nil {
		return err
	}
	if err := acquire(ctx, p.writes, p.wait); err != nil {
		return err
	}
	defer func() { <-p.writes }()
	if !long {
		var cancel context.CancelFunc
		ctx, cancel = p.limited(ctx)
		defer cancel()
	}
	for n := range maxRetries + 1 {
		if n > 0 && !p.pause(ctx, n) {
			break
		}
		again, err := try(ctx)
		if !again {
			return err
		}
		p.log.LogAttrs(ctx, slog.LevelDebug, "transition retried", slog.Any("error", err))
		if n == maxRetries {
			return unavailable(err)
		}
	}
	return unavailable(ctx.Err())
}

// pause waits 0 to 10 ms before the first retry, doubling. The wait differs
// between callers (steps of the golden ratio), which is what parts two that
// keep meeting.
func (p *pgDB) pause(ctx context.Context, n int) bool {
	unit := p.spread.Add(1) * 0x9E3779B97F4A7C15 >> 48 // 0..65535
	timer := time.NewTimer(time.Duration(unit) * (10 * time.Millisecond << (n - 1)) / 65536)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *pgDB) queryRow(ctx context.Context, query string, args []any) *Row {
	bound, err := values(args)
	if err != nil {
		return &Row{err: err}
	}
	if err := p.down.refuse(); err != nil {
		return &Row{err: err}
	}
	if err := acquire(ctx, p.reads, p.wait); err != nil {
		return &Row{err: err}
	}
	defer func() { <-p.reads }()
	ctx, cancel := p.limited(ctx)
	defer cancel()
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer p.down.endsReads(end)()
	p.count.statements.Add(1)
	row := pgRow(p.db.QueryContext(ctx, query, bound...))
	if pgOutage(row.err) {
		row.err = unavailable(row.err)
	}
	return row
}

// query runs under the caller's context: long reads are the caller's to bound.
func (p *pgDB) query(ctx context.Context, query string, args []any) (cursor, error) {
	bound, err := values(args)
	if err != nil {
		return nil, err
	}
	if err := p.down.refuse(); err != nil {
		return nil, err
	}
	if err := acquire(ctx, p.reads, p.wait); err != nil {
		return nil, err
	}
	p.count.statements.Add(1)
	began := time.Now()
	rows, err := p.db.QueryContext(ctx, query, bound...)
	if err != nil {
		<-p.reads
		p.down.note(ctx, began)
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		if pgOutage(err) {
			err = unavailable(err)
		}
		return nil, err
	}
	return readRows{&pgRows{rows: rows, back: func() { <-p.reads }}}, nil
}

func (p *pgDB) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := p.db.PingContext(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

func (p *pgDB) close() error {
	p.down.close()
	if err := p.db.Close(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}
