package sqlstore

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

const (
	maxGroup = 64   // transitions in one commit
	maxQueue = 1024 // transitions that wait for the writer

	// A group waits this often for busy_timeout(250) while another process
	// holds the write lock: five seconds.
	busyTries = 20
)

// writer owns the one SQLite connection that writes. Its goroutine takes what
// waits, up to maxGroup, and commits it as one transaction, so that one fsync
// serves many callers. No request's context reaches it.
type writer struct {
	open      func() (*liteConn, error)
	conn      *liteConn // nil after a failure, until a fresh one is opened
	hook      func() error
	committed func()
	log       *slog.Logger
	count     *counters

	jobs    chan *job
	quit    chan struct{} // closed: take no more
	stopped chan struct{} // closed: the goroutine is gone
	closing func()
}

func startWriter(conn *liteConn, open func() (*liteConn, error), o Options, count *counters) *writer {
	w := &writer{
		open: open, conn: conn, hook: o.CommitHook, committed: o.Committed, log: o.Logger, count: count,
		jobs: make(chan *job, maxQueue), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	w.closing = sync.OnceFunc(func() { close(w.quit) })
	go w.loop()
	return w
}

// close commits what was handed in before and ends the writer.
func (w *writer) close() error {
	w.closing()
	<-w.stopped
	if w.conn == nil {
		return nil
	}
	conn := w.conn
	w.conn = nil
	return conn.close()
}

func (w *writer) loop() {
	defer close(w.stopped)
	group := make([]*job, 0, maxGroup)
	for {
		select {
		case j := <-w.jobs:
			group = w.gather(append(group[:0], j))
		case <-w.quit:
			if group = w.gather(group[:0]); len(group) == 0 {
				return
			}
		}
		w.commit(group)
		for i, j := range group {
			j.done <- j.err
			group[i] = nil
		}
	}
}

// gather adds what already waits.
func (w *writer) gather(group []*job) []*job {
	for len(group) < maxGroup {
		select {
		case j := <-w.jobs:
			group = append(group, j)
		default:
			return group
		}
	}
	return group
}

// commit runs a group as one transaction and leaves each job's answer in it.
func (w *writer) commit(group []*job) {
	if err := w.begin(); err != nil {
		for _, j := range group {
			j.err = unavailable(err)
		}
		return
	}
	err := w.transact(group)
	if err == nil {
		return
	}
	// Fail-stop: none of the group is acknowledged, and no later commit uses
	// a connection that has seen its transaction fail (security P2).
	logFault(w.log, "commit failed, connection reopened", err)
	w.discard()
	for _, j := range group {
		j.err = unknown(err)
	}
}

// begin opens the transaction. A second process that is writing is waited for.
func (w *writer) begin() error {
	if w.conn == nil {
		conn, err := w.open()
		if err != nil {
			return err
		}
		w.conn = conn
	}
	var err error
	for range busyTries {
		if err = w.conn.control("BEGIN IMMEDIATE"); !liteBusy(err) {
			break
		}
		w.log.LogAttrs(context.Background(), slog.LevelDebug, "writer waits for another process")
	}
	if err != nil && !liteBusy(err) {
		w.discard()
	}
	return err
}

// transact returns an error when the fate of the whole group is in doubt.
func (w *writer) transact(group []*job) error {
	if len(group) == 1 {
		j := group[0]
		var broken error
		if j.err, broken = w.run(j); broken != nil {
			return broken
		}
		if j.err != nil {
			return w.conn.control("ROLLBACK")
		}
		return w.end()
	}
	for _, j := range group {
		if err := w.runInGroup(j); err != nil {
			return err
		}
	}
	return w.end()
}

func (w *writer) runInGroup(j *job) error {
	var broken error
	if j.atomic {
		j.err, broken = w.run(j)
		return broken
	}
	if err := w.conn.control("SAVEPOINT transition"); err != nil {
		return err
	}
	if j.err, broken = w.run(j); broken != nil {
		return broken
	}
	if j.err != nil {
		// This fails when the transaction is gone, and the group with it.
		if err := w.conn.control("ROLLBACK TO transition"); err != nil {
			return err
		}
	}
	return w.conn.control("RELEASE transition")
}

func (w *writer) end() error {
	if err := w.hook(); err != nil {
		return err
	}
	if err := w.conn.control("COMMIT"); err != nil {
		return err
	}
	w.count.commits.Add(1)
	w.committed()
	return nil
}

// run calls the transition. broken is set when a statement of it may have
// ended the transaction that the group shares.
func (w *writer) run(j *job) (err, broken error) {
	tx := &Tx{s: writeConn{w.conn}, alone: true}
	err = tx.end(call(j.fn, tx, w.log))
	if tx.err != nil && !liteSafe(tx.err) {
		return err, tx.err
	}
	return err, nil
}

func (w *writer) discard() {
	if w.conn == nil {
		return
	}
	if err := w.conn.close(); err != nil {
		logFault(w.log, "close failed connection", err)
	}
	w.conn = nil
}

// call makes a panic of fn the error of its transition alone.
func call(fn func(*Tx) error, tx *Tx, log *slog.Logger) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("sqlstore: transition panicked: %v", r)
			log.LogAttrs(context.Background(), slog.LevelError, "transition panicked",
				slog.Any("panic", r), slog.String("stack", string(debug.Stack())))
		}
	}()
	return fn(tx)
}

// writeConn is the writer's connection as a session.
type writeConn struct{ *liteConn }

func (c writeConn) later(query string, args []any) error {
	_, err := c.exec(query, args)
	return err
}

func (c writeConn) queryRow(query string, args []any) *Row { return c.finishRow(query, args) }
