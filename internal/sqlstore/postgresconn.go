package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgConn is a connection inside a transaction, which begins with the first
// statement: BEGIN travels with it, one round trip less.
type pgConn struct {
	ctx   context.Context
	conn  *sql.Conn
	count *counters
	begun bool
}

// beginWith sends BEGIN and a statement together. read takes the statement's
// result; nil is for one without rows, whose count of rows is returned.
func (c *pgConn) beginWith(query string, bound []any, read func(pgx.Rows) error) (n int64, err error) {
	c.begun = true
	err = c.conn.Raw(func(dc any) error {
		batch := new(pgx.Batch)
		batch.Queue("begin isolation level read committed")
		batch.Queue(query, bound...)
		results := dc.(*stdlib.Conn).Conn().SendBatch(c.ctx, batch)
		if _, err := results.Exec(); err != nil {
			return errors.Join(err, results.Close())
		}
		if read == nil {
			tag, err := results.Exec()
			n = tag.RowsAffected()
			return errors.Join(err, results.Close())
		}
		rows, err := results.Query()
		if err == nil {
			err = read(rows)
			rows.Close()
		}
		return errors.Join(err, rows.Err(), results.Close())
	})
	return n, err
}

func (c *pgConn) exec(query string, args []any) (int64, error) {
	bound, err := values(args)
	if err != nil {
		return 0, err
	}
	c.count.statements.Add(1)
	if !c.begun {
		return c.beginWith(query, bound, nil)
	}
	res, err := c.conn.ExecContext(c.ctx, query, bound...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *pgConn) query(query string, args []any) (cursor, error) {
	bound, err := values(args)
	if err != nil {
		return nil, err
	}
	if err := c.begin(); err != nil {
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
	if c.begun {
		return pgRow(c.conn.QueryContext(c.ctx, query, bound...))
	}
	var row []any
	_, err = c.beginWith(query, bound, func(rows pgx.Rows) (err error) {
		if rows.Next() {
			row, err = rows.Values()
		}
		return err
	})
	switch {
	case err != nil:
		return &Row{err: err}
	case row == nil:
		return &Row{err: ErrNoRows}
	}
	return &Row{read: func(dest []any) error { return scan(row, dest) }}
}

// begin is for a statement of many rows, which are read one by one.
func (c *pgConn) begin() error {
	if c.begun {
		return nil
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
