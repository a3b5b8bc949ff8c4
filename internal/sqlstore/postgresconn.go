package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgConn is a connection inside a transaction, which begins with the first
// statement: BEGIN travels with it, and so do statements that can wait for the
// next one, or for COMMIT. Each round trip less is worth more than the statement.
type pgConn struct {
	ctx     context.Context
	conn    *sql.Conn
	count   *counters
	begun   bool
	waiting []pgStatement
}

type pgStatement struct {
	query string
	bound []any
}

// asked reports whether the transition has had anything to do.
func (c *pgConn) asked() bool { return c.begun || len(c.waiting) > 0 }

// send sends BEGIN where it is due, what waits, and then last, whose result
// read takes when it is not nil. failed is the statement that the error came
// from, counted from 0; it is -1 when nobody can tell.
func (c *pgConn) send(last pgStatement, read func(pgx.BatchResults) error) (failed int, err error) {
	batch := new(pgx.Batch)
	if !c.begun {
		batch.Queue("begin isolation level read committed")
	}
	for _, s := range c.waiting {
		batch.Queue(s.query, s.bound...)
	}
	ahead := batch.Len()
	batch.Queue(last.query, last.bound...)
	c.begun, c.waiting = true, nil
	failed = -1
	err = c.conn.Raw(func(dc any) error {
		results := dc.(*stdlib.Conn).Conn().SendBatch(c.ctx, batch)
		for i := range ahead {
			if _, err := results.Exec(); err != nil {
				failed = i
				return errors.Join(err, results.Close())
			}
		}
		failed = ahead
		err := read(results)
		return errors.Join(err, results.Close())
	})
	return failed, err
}

// sendExec is send for a statement without rows.
func (c *pgConn) sendExec(last pgStatement) (n int64, err error) {
	_, err = c.send(last, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (c *pgConn) direct() bool { return c.begun && len(c.waiting) == 0 }

func (c *pgConn) exec(query string, args []any) (int64, error) {
	bound, err := values(args)
	if err != nil {
		return 0, err
	}
	c.count.statements.Add(1)
	if !c.direct() {
		return c.sendExec(pgStatement{query, bound})
	}
	res, err := c.conn.ExecContext(c.ctx, query, bound...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *pgConn) later(query string, args []any) error {
	bound, err := values(args)
	if err != nil {
		return err
	}
	c.count.statements.Add(1)
	c.waiting = append(c.waiting, pgStatement{query, bound})
	return nil
}

// commit sends what waits and COMMIT. certain is an error after which nothing
// was committed: that of a statement before it.
func (c *pgConn) commit() (certain, err error) {
	if c.direct() {
		_, err = c.conn.ExecContext(c.ctx, "commit")
		return nil, err
	}
	before := len(c.waiting)
	if !c.begun {
		before++
	}
	failed, err := c.send(pgStatement{query: "commit"}, func(r pgx.BatchResults) error {
		_, err := r.Exec()
		return err
	})
	// A server that goes away, or a pooler before it, may say so in the place of
	// an answer that it does not know: that is not certain.
	if err != nil && failed >= 0 && failed < before && pgCode(err) != "" && !pgOutage(err) {
		return err, nil
	}
	return nil, err
}

func (c *pgConn) query(query string, args []any) (cursor, error) {
	bound, err := values(args)
	if err != nil {
		return nil, err
	}
	if err := c.catchUp(); err != nil {
		return nil, err
	}
	c.count.statements.Add(1)
	rows, err := c.conn.QueryContext(c.ctx, query, bound...)
	if err != nil {
		return nil, err
	}
	return &pgRows{rows: rows}, nil
}

func (c *pgConn) queryRow(query string, args []any) *Row {
	bound, err := values(args)
	if err != nil {
		return &Row{err: err}
	}
	c.count.statements.Add(1)
	if c.direct() {
		return pgRow(c.conn.QueryContext(c.ctx, query, bound...))
	}
	var row []any
	_, err = c.send(pgStatement{query, bound}, func(r pgx.BatchResults) error {
		rows, err := r.Query()
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			row, err = rows.Values()
		}
		rows.Close()
		return errors.Join(err, rows.Err())
	})
	switch {
	case err != nil:
		return &Row{err: err}
	case row == nil:
		return &Row{err: ErrNoRows}
	}
	return &Row{read: func(dest []any) error { return scan(row, dest) }}
}

// catchUp is for a statement of many rows, which are read one by one.
func (c *pgConn) catchUp() error {
	if c.direct() {
		return nil
	}
	if n := len(c.waiting); n > 0 {
		last := c.waiting[n-1]
		c.waiting = c.waiting[:n-1]
		_, err := c.sendExec(last)
		return err
	}
	c.begun = true
	_, err := c.conn.ExecContext(c.ctx, "begin isolation level read committed")
	return err
}

// pgRow takes the first row and ends the statement, whose own error may come
// only after its rows.
func pgRow(rows *sql.Rows, err error) *Row {
	if err != nil {
		return &Row{err: err}
	}
	c := &pgRows{rows: rows}
	found := c.next()
	row := c.row
	if err := c.close(); err != nil {
		return &Row{err: err}
	}
	if c.failed != nil {
		return &Row{err: c.failed}
	}
	if !found {
		return &Row{err: ErrNoRows}
	}
	return &Row{read: func(dest []any) error { return scan(row, dest) }}
}

// pgRows is the cursor of a PostgreSQL statement.
type pgRows struct {
	rows   *sql.Rows
	row    []any
	into   []any // pointers to row's elements
	failed error
	back   func() // gives the permit back, nil in a transaction
}

func (r *pgRows) next() bool {
	if r.failed != nil || !r.rows.Next() {
		r.close()
		return false
	}
	if r.row == nil {
		if r.failed = r.allocate(); r.failed != nil {
			r.close()
			return false
		}
	}
	if r.failed = r.rows.Scan(r.into...); r.failed != nil {
		r.close()
		return false
	}
	return true
}

func (r *pgRows) allocate() error {
	columns, err := r.rows.Columns()
	if err != nil {
		return err
	}
	r.row, r.into = make([]any, len(columns)), make([]any, len(columns))
	for i := range r.row {
		r.into[i] = &r.row[i]
	}
	return nil
}

func (r *pgRows) scan(dest []any) error { return scan(r.row, dest) }
func (r *pgRows) err() error            { return r.failed }

func (r *pgRows) close() error {
	err := r.rows.Close()
	if r.failed == nil {
		r.failed = r.rows.Err()
	}
	if r.back != nil {
		r.back()
		r.back = nil
	}
	return err
}
