package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// maxStatements bounds the prepared statements of one connection; texts beyond
// it are prepared for each use.
const maxStatements = 512

// liteConn is one SQLite connection with its prepared statements, used by one
// goroutine at a time. It speaks to the driver beneath database/sql: a point
// read costs half, and no statement carries a context, because the driver
// starts a goroutine for each context that can end and an interrupted write
// takes the whole transaction with it.
type liteConn struct {
	dc    driver.Conn
	stmts map[string]*liteStmt
	args  []driver.NamedValue
	count *counters
}

type liteStmt struct {
	driver.Stmt
	busy bool // its rows are open
	kept bool // in the map
}

// openLite opens one connection; pragmas are "name(value)".
func openLite(ctx context.Context, path string, pragmas []string, count *counters) (*liteConn, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(abs)}).EscapedPath() +
		"?_dqs=0&_pragma=" + strings.Join(pragmas, "&_pragma=")
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	dc, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &liteConn{dc: dc, stmts: make(map[string]*liteStmt), count: count}, nil
}

func (c *liteConn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	c.stmts = nil
	return c.dc.Close()
}

func (c *liteConn) prepare(query string) (*liteStmt, error) {
	if s := c.stmts[query]; s != nil && !s.busy {
		return s, nil
	}
	raw, err := c.dc.(driver.ConnPrepareContext).PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	s := &liteStmt{Stmt: raw}
	if len(c.stmts) < maxStatements && c.stmts[query] == nil {
		s.kept = true
		c.stmts[query] = s
	}
	return s, nil
}

func (s *liteStmt) release() {
	s.busy = false
	if !s.kept {
		s.Close()
	}
}

func (c *liteConn) bind(args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	for i, arg := range args {
		v, err := value(arg)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.args, nil
}

// control runs BEGIN, COMMIT, SAVEPOINT and the like.
func (c *liteConn) control(query string) error {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	defer s.release()
	_, err = s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), nil)
	return err
}

func (c *liteConn) exec(query string, args []any) (int64, error) {
	c.count.statements.Add(1)
	bound, err := c.bind(args)
	if err != nil {
		return 0, err
	}
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	defer s.release()
	res, err := s.Stmt.(driver.StmtExecContext).ExecContext(context.Background(), bound)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *liteConn) start(query string, args []any) (*liteRows, error) {
	c.count.statements.Add(1)
	bound, err := c.bind(args)
	if err != nil {
		return nil, err
	}
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(context.Background(), bound)
	if err != nil {
		s.release()
		return nil, err
	}
	s.busy = true
	return &liteRows{stmt: s, rows: rows, row: make([]driver.Value, len(rows.Columns()))}, nil
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
		if rows.failed == nil {
			return &Row{err: ErrNoRows}
		}
		return &Row{err: rows.failed}
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
		if rows.failed == nil {
			return &Row{err: ErrNoRows}
		}
		return &Row{err: rows.failed}
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
	rows   driver.Rows
	row    []driver.Value
	failed error
	closed bool
}

func (r *liteRows) next() bool {
	if r.closed {
		return false
	}
	err := r.rows.Next(r.row)
	if err == nil {
		return true
	}
	if !errors.Is(err, io.EOF) {
		r.failed = err
	}
	r.close()
	return false
}

func (r *liteRows) scan(dest []any) error { return scan(r.row, dest) }
func (r *liteRows) err() error            { return r.failed }

func (r *liteRows) close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	// Resetting repeats the error of the last step, which is known already.
	err := r.rows.Close()
	r.stmt.release()
	if r.failed != nil {
		return nil
	}
	return err
}
