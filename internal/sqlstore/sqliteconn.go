package sqlstore

import (
	"context"
	"database/sql/driver"
	"path/filepath"

	lite "modernc.org/sqlite/lib"
)

// maxStatements bounds the prepared statements of one connection; texts beyond
// it are prepared for each use.
const maxStatements = 512

// liteConn is one SQLite connection with its prepared statements, used by one
// goroutine at a time. No statement carries a context: an interrupted write
// takes the whole transaction with it.
type liteConn struct {
	lib   *liteLib
	stmts map[string]*liteStmt
	count *counters
}

type liteStmt struct {
	*libStmt
	busy bool // its rows are open
	kept bool // in the map
}

// openLite opens one connection; pragmas are "name(value)".
func openLite(ctx context.Context, path string, pragmas []string, count *counters) (*liteConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	lib, err := openLib(abs)
	if err != nil {
		return nil, err
	}
	c := &liteConn{lib: lib, stmts: make(map[string]*liteStmt), count: count}
	for _, p := range pragmas {
		if err := c.control("PRAGMA " + p); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *liteConn) close() error {
	for _, s := range c.stmts {
		s.finalize()
	}
	c.stmts = nil
	return c.lib.close()
}

func (c *liteConn) prepare(query string) (*liteStmt, error) {
	if s := c.stmts[query]; s != nil && !s.busy {
		return s, nil
	}
	raw, err := c.lib.prepare(query)
	if err != nil {
		return nil, err
	}
	s := &liteStmt{libStmt: raw}
	if len(c.stmts) < maxStatements && c.stmts[query] == nil {
		s.kept = true
		c.stmts[query] = s
	}
	return s, nil
}

func (s *liteStmt) release() {
	s.busy = false
	if s.kept {
		s.reset()
	} else {
		s.finalize()
	}
}

// run steps a statement to its end, past any rows.
func (c *liteConn) run(query string, args []any) error {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	defer s.release()
	if err := s.bind(args); err != nil {
		return err
	}
	for row := true; row; {
		if row, err = s.step(); err != nil {
			return err
		}
	}
	return nil
}

// control runs BEGIN, COMMIT, SAVEPOINT and the like.
func (c *liteConn) control(query string) error { return c.run(query, nil) }

func (c *liteConn) exec(query string, args []any) (int64, error) {
	c.count.statements.Add(1)
	if err := c.run(query, args); err != nil {
		return 0, err
	}
	return int64(lite.Xsqlite3_changes(c.lib.tls, c.lib.db)), nil
}

func (c *liteConn) start(query string, args []any) (*liteRows, error) {
	c.count.statements.Add(1)
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	if err := s.bind(args); err != nil {
		s.release()
		return nil, err
	}
	s.busy = true
	return &liteRows{stmt: s, row: make([]driver.Value, s.columns)}, nil
}

func (c *liteConn) query(query string, args []any) (cursor, error) {
	rows, err := c.start(query, args)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// queryRow takes the row at once, so that the connection is free before Scan.
func (c *liteConn) queryRow(query string, args []any) *Row {
	rows, err := c.start(query, args)
	if err != nil {
		return &Row{err: err}
	}
	defer rows.close()
	if !rows.next() {
		return rows.none()
	}
	row := rows.row
	return &Row{read: func(dest []any) error { return scan(row, dest) }}
}

// finishRow is queryRow for a change with RETURNING: the statement is stepped
// to its end, where SQLite reports what it still has to check.
func (c *liteConn) finishRow(query string, args []any) *Row {
	rows, err := c.start(query, args)
	if err != nil {
		return &Row{err: err}
	}
	defer rows.close()
	if !rows.next() {
		return rows.none()
	}
	row := rows.row
	rows.row = make([]driver.Value, len(row))
	rows.next()
	if rows.failed != nil {
		return &Row{err: rows.failed}
	}
	return &Row{read: func(dest []any) error { return scan(row, dest) }}
}

// liteRows is the cursor of a SQLite statement.
type liteRows struct {
	stmt   *liteStmt
	row    []driver.Value
	failed error
	closed bool
}

func (r *liteRows) next() bool {
	if r.closed {
		return false
	}
	row, err := r.stmt.step()
	if !row {
		r.failed = err
		r.close()
		return false
	}
	for i := range r.row {
		r.row[i] = r.stmt.column(i)
	}
	return true
}

// none is what a statement without a row answers.
func (r *liteRows) none() *Row {
	if r.failed == nil {
		return &Row{err: ErrNoRows}
	}
	return &Row{err: r.failed}
}

func (r *liteRows) scan(dest []any) error { return scan(r.row, dest) }
func (r *liteRows) err() error            { return r.failed }

func (r *liteRows) close() error {
	if !r.closed {
		r.closed = true
		r.stmt.release()
	}
	return nil
}
