package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	lite "modernc.org/sqlite/lib"
)

var (
	// ErrNoRows is what [Row.Scan] returns when the query selected nothing.
	ErrNoRows = sql.ErrNoRows

	// ErrUnknown says that the transition may or may not have happened: the
	// database failed while it was being made durable. A door answers 503 and
	// nothing may be told to the caller as done.
	ErrUnknown error = &passing{"sqlstore: outcome of the commit is unknown"}

	// ErrUnavailable says that nothing happened: the database cannot be
	// reached, stays locked, or more callers wait than it can serve. A door
	// answers 503 with Retry-After.
	ErrUnavailable error = &passing{"sqlstore: database is unavailable"}

	// ErrNotSQLite says that the file is something else than a database.
	ErrNotSQLite = errors.New("is not a SQLite database")
)

// passing is a fault that goes away by itself.
type passing struct{ text string }

// Error implements error.
func (p *passing) Error() string { return p.text }

// RetryAfter is when a caller may try again; it makes the fault a 503.
func (p *passing) RetryAfter() time.Duration { return time.Second }

var (
	errClosed   = errors.New("database is closed")
	errBusyPool = errors.New("no connection came free in time")
	errQueue    = errors.New("the writer's queue stays full")
	errTxDone   = errors.New("sqlstore: transaction used after its end")
	errRowsOpen = errors.New("sqlstore: statement while the rows of an earlier one are open")
)

// SQLSTATE values that decide what happens next (PostgreSQL, appendix A).
const (
	pgUnique         = "23505"
	pgSerialization  = "40001"
	pgDeadlock       = "40P01"
	pgReadOnly       = "25006"
	pgCanceled       = "57014" // by statement_timeout, when an operator set one
	pgUndefinedTable = "42P01"
)

// IsUnique reports whether err is the violation of a primary key or a unique
// constraint, on either database.
func IsUnique(err error) bool {
	if code := liteCode(err); code != 0 {
		return code == lite.SQLITE_CONSTRAINT_UNIQUE || code == lite.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return pgCode(err) == pgUnique
}

func isNoTable(err error) bool {
	if code := liteCode(err); code != 0 {
		return strings.Contains(err.Error(), "no such table")
	}
	return pgCode(err) == pgUndefinedTable
}

func pgCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// pgConflict reports the errors after which the whole transaction is run again.
func pgConflict(err error) bool {
	code := pgCode(err)
	return code == pgSerialization || code == pgDeadlock
}

// pgOutage reports whether the server or the way to it, not the statement, is
// at fault: it is gone, shut down, out of resources, or has become a standby.
func pgOutage(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		if e.Code == pgReadOnly {
			return true
		}
		switch e.Code[:min(2, len(e.Code))] {
		case "08", "53", "57", "58": // connection, resources, operator, system
			return e.Code != pgCanceled
		}
		return false
	}
	if _, ok := errors.AsType[net.Error](err); ok { // a context's deadline is one
		return true
	}
	return neverSent(err) || pgconn.Timeout(err) || errors.Is(err, context.Canceled) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// neverSent reports errors from before the statement left: no connection.
func neverSent(err error) bool {
	_, connect := errors.AsType[*pgconn.ConnectError](err)
	return connect || pgconn.SafeToRetry(err) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn)
}

// liteCode is the extended SQLite result code in err, 0 when there is none.
func liteCode(err error) int {
	if e, ok := errors.AsType[*liteError](err); ok {
		return e.code
	}
	return 0
}

// openError is what [Open] says of a file that SQLite cannot work with.
func openError(path string, err error) error {
	switch liteCode(err) & 0xff {
	case lite.SQLITE_NOTADB:
		return fmt.Errorf("%s %w", path, ErrNotSQLite)
	case lite.SQLITE_READONLY, lite.SQLITE_PERM, lite.SQLITE_CANTOPEN: // the file opened before: it is the directory
		return fmt.Errorf("%s: %w: %w", path, fs.ErrPermission, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

func liteBusy(err error) bool { return liteCode(err)&0xff == lite.SQLITE_BUSY }

// liteSafe reports the errors that end a statement and leave its transaction
// as it was. SQLite may roll the whole transaction back after any other
// (https://www.sqlite.org/lang_transaction.html §3), so those are not trusted.
func liteSafe(err error) bool {
	switch liteCode(err) & 0xff {
	case 0: // not from SQLite: a bad argument, found before the statement ran
		return true
	case lite.SQLITE_CONSTRAINT:
		return liteCode(err) != lite.SQLITE_CONSTRAINT_COMMITHOOK
	case lite.SQLITE_ERROR, lite.SQLITE_MISMATCH, lite.SQLITE_RANGE, lite.SQLITE_TOOBIG, lite.SQLITE_SCHEMA:
		return true
	}
	return false
}
