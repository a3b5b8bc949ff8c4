package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5/stdlib"
)

// transact is one attempt at a transition. again asks for another one: nothing
// of this one is kept.
func (p *pgDB) transact(ctx context.Context, fn func(*Tx) error) (again bool, err error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return false, unavailable(err)
	}
	defer conn.Close()
	c := &pgConn{ctx: ctx, conn: conn, count: p.count}
	tx := &Tx{s: c}
	err = tx.end(call(fn, tx, p.log))
	switch {
	case err != nil && c.begun:
		return p.undo(ctx, conn, tx.err, err)
	case err != nil || !c.asked(): // the database was asked nothing
		return false, err
	}
	if err = p.hook(); err != nil {
		discard(conn)
		logFault(p.log, "commit failed", err)
		return false, unknown(err)
	}
	certain, err := c.commit()
	switch {
	case certain != nil:
		return p.undo(ctx, conn, certain, certain)
	case err == nil:
		p.committed()
		return false, nil
	case pgConflict(err):
		return true, err
	case pgCode(err) != "" && pgCode(err)[:2] == "23": // a deferred constraint: refused for certain
		return false, err
	}
	discard(conn)
	logFault(p.log, "commit failed", err)
	return false, unknown(err)
}

// undo ends a transition that failed before its commit; failed is the
// statement's error, if it was one, and err what the transition returned.
func (p *pgDB) undo(ctx context.Context, conn *sql.Conn, failed, err error) (again bool, _ error) {
	if failed != nil && (pgOutage(failed) || gone(conn)) {
		discard(conn)
		return ctx.Err() == nil, unavailable(failed)
	}
	if _, e := conn.ExecContext(ctx, "rollback"); e != nil {
		discard(conn)
	}
	return pgConflict(failed), err
}

// gone reports whether the driver has given the connection up.
func gone(conn *sql.Conn) bool {
	var closed bool
	err := conn.Raw(func(dc any) error {
		closed = dc.(*stdlib.Conn).Conn().IsClosed()
		return nil
	})
	return err != nil || closed
}

// discard keeps the connection out of the pool.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// writeOne needs no transaction: the statement commits itself.
func (p *pgDB) writeOne(ctx context.Context, query string, args []any, scan func(*Row) error) (n int64, err error) {
	bound, err := values(args)
	if err != nil {
		return 0, err
	}
	var row *Row
	err = p.attempt(ctx, false, func(ctx context.Context) (again bool, err error) {
		if err := p.hook(); err != nil {
			return false, unknown(err)
		}
		n, row, err = p.statement(ctx, query, bound, scan != nil)
		if pgCode(err) == pgReadOnly {
			p.dropReadOnly(ctx)
			return true, unavailable(err)
		}
		return pgConflict(err), p.settle(err)
	})
	if err == nil && scan != nil {
		err = scan(row)
	}
	return n, err
}

// statement runs one statement for its row or for the number of rows changed.
func (p *pgDB) statement(ctx context.Context, query string, bound []any, wantRow bool) (n int64, row *Row, err error) {
	p.count.statements.Add(1)
	if !wantRow {
		res, err := p.db.ExecContext(ctx, query, bound...)
		if err != nil {
			return 0, nil, err
		}
		n, err = res.RowsAffected()
		return n, nil, err
	}
	row = pgRow(p.db.QueryContext(ctx, query, bound...))
	if errors.Is(row.err, ErrNoRows) { // an answer, for scan to give
		return 0, row, nil
	}
	return 0, row, row.err
}

func (p *pgDB) committed() {
	p.count.commits.Add(1)
	p.after()
}

// settle says what the error of a statement that commits itself means.
func (p *pgDB) settle(err error) error {
	switch {
	case err == nil:
		p.committed()
		return nil
	case neverSent(err):
		return unavailable(err)
	case pgOutage(err):
		return unknown(err)
	}
	return err
}

// dropReadOnly closes idle connections after a failover left them on a standby.
func (p *pgDB) dropReadOnly(ctx context.Context) {
	for range p.db.Stats().Idle {
		conn, err := p.db.Conn(ctx)
		if err != nil {
			return
		}
		discard(conn)
		conn.Close()
	}
}
