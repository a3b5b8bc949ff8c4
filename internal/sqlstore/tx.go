package sqlstore

import "errors"

// session is one connection inside a transaction.
type session interface {
	exec(query string, args []any) (int64, error)
	later(query string, args []any) error
	query(query string, args []any) (cursor, error)
	queryRow(query string, args []any) *Row
}

// cursor walks the rows of one statement.
type cursor interface {
	next() bool
	scan(dest []any) error
	err() error
	close() error
}

// Tx is one state transition. It belongs to the function it was handed to and
// to one goroutine. The first statement that fails ends it: later statements
// return the same error and nothing of it is kept, whatever the function
// returns (PostgreSQL works this way, so SQLite does too).
type Tx struct {
	s    session
	err  error  // the first statement that failed
	done bool   // the function has returned
	open cursor // rows not yet closed

	queued bool // a job was put into the outbox
	alone  bool // no other transition runs meanwhile (SQLite)
}

// Exec runs a statement and returns the number of rows it changed.
func (tx *Tx) Exec(query string, args ...any) (int64, error) {
	if err := tx.ready(); err != nil {
		return 0, err
	}
	n, err := tx.s.exec(query, args)
	return n, tx.note(err)
}

// Later runs a statement of whose result only the failure matters: the
// transition ends with that error, whatever the function returns. PostgreSQL
// gets it together with what follows, COMMIT at the latest, in one round trip.
func (tx *Tx) Later(query string, args ...any) {
	err := tx.ready()
	if err == nil {
		err = tx.s.later(query, args)
	}
	tx.note(err)
}

// QueryRow runs a statement of at most one row: a point read, or a change with
// RETURNING. Errors come out of Scan.
func (tx *Tx) QueryRow(query string, args ...any) *Row {
	if err := tx.ready(); err != nil {
		return &Row{err: err}
	}
	row := tx.s.queryRow(query, args)
	if row.err != nil && !errors.Is(row.err, ErrNoRows) {
		tx.note(row.err)
	}
	return row
}

// Query runs a statement of many rows. They must be closed before the next
// statement; what is still open when the function returns is closed for it.
func (tx *Tx) Query(query string, args ...any) (*Rows, error) {
	if err := tx.ready(); err != nil {
		return nil, err
	}
	c, err := tx.s.query(query, args)
	if err != nil {
		return nil, tx.note(err)
	}
	tx.open = c
	return &Rows{c: c, tx: tx}, nil
}

func (tx *Tx) ready() error {
	switch {
	case tx.done:
		return errTxDone
	case tx.err != nil:
		return tx.err
	case tx.open != nil:
		return errRowsOpen
	}
	return nil
}

func (tx *Tx) note(err error) error {
	if err != nil && tx.err == nil {
		tx.err = err
	}
	return err
}

// end closes what the function left open and returns what it failed with.
func (tx *Tx) end(err error) error {
	if tx.open != nil {
		tx.note(tx.open.close())
		tx.open = nil
	}
	tx.done = true
	if err == nil {
		err = tx.err
	}
	return err
}

// Row is the result of a statement of at most one row.
type Row struct {
	read func(dest []any) error
	err  error
}

// Scan copies the columns into dest: pointers to string, int64, int, bool,
// []byte, types of those kinds, pointers to them (nil for NULL), or anything
// that implements sql.Scanner. It returns ErrNoRows when there was no row.
// It must be called once.
func (r *Row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return r.read(dest)
}

// Rows is the result of a statement of many rows.
type Rows struct {
	c  cursor
	tx *Tx
}

// Next goes to the next row; false at the end or after an error (see Err).
func (r *Rows) Next() bool {
	if r.c.next() {
		return true
	}
	r.end(r.c.err())
	return false
}

// Scan copies the columns of the current row, as [Row.Scan] does.
func (r *Rows) Scan(dest ...any) error { return r.c.scan(dest) }

// Err is the error that ended the rows, nil at their natural end.
func (r *Rows) Err() error { return r.c.err() }

// Close gives the statement back; it may be called more than once.
func (r *Rows) Close() error {
	err := r.c.close()
	r.end(err)
	return err
}

func (r *Rows) end(err error) {
	if r.tx == nil {
		return
	}
	r.tx.note(err)
	if r.tx.open == r.c {
		r.tx.open = nil
	}
}
