package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	_ "modernc.org/sqlite" // patches the library where a platform needs it
	lite "modernc.org/sqlite/lib"
)

// liteError is an error of SQLite.
type liteError struct {
	code int // extended result code
	text string
}

// Error implements error.
func (e *liteError) Error() string { return e.text }

// liteLib is one connection of the SQLite library, used by one goroutine at a
// time; so it is opened without SQLite's own mutex. The library is called
// directly: the driver above it reads each column's name and type anew for each
// query, which costs more than a point read does.
type liteLib struct {
	tls *libc.TLS
	db  uintptr
}

// openLib opens a file, which must not be a URI's.
func openLib(path string) (*liteLib, error) {
	l := &liteLib{tls: libc.NewTLS()}
	name, err := libc.CString(path)
	if err != nil {
		l.tls.Close()
		return nil, err
	}
	defer libc.Xfree(l.tls, name)
	place := libc.Xcalloc(l.tls, 1, types.Size_t(unsafe.Sizeof(l.db)))
	defer libc.Xfree(l.tls, place)
	rc := lite.Xsqlite3_open_v2(l.tls, name, place, lite.SQLITE_OPEN_READWRITE|lite.SQLITE_OPEN_CREATE|lite.SQLITE_OPEN_NOMUTEX, 0)
	l.db = *(*uintptr)(pointer(place))
	if rc != lite.SQLITE_OK {
		err := l.fault(rc)
		l.close()
		return nil, err
	}
	lite.Xsqlite3_extended_result_codes(l.tls, l.db, 1)
	// A misspelt column in double quotes is an error, not a text.
	for _, option := range []int32{lite.SQLITE_DBCONFIG_DQS_DDL, lite.SQLITE_DBCONFIG_DQS_DML} {
		args := libc.NewVaList(int32(0), uintptr(0))
		lite.Xsqlite3_db_config(l.tls, l.db, option, args)
		libc.Xfree(l.tls, args)
	}
	return l, nil
}

// pointer is the address of the library's own memory, which Go's collector
// neither moves nor frees.
func pointer(address uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&address)) }

// close ends the connection; its statements have been closed before.
func (l *liteLib) close() error {
	rc := lite.Xsqlite3_close_v2(l.tls, l.db)
	l.db = 0
	l.tls.Close()
	if rc != lite.SQLITE_OK {
		return &liteError{int(rc), fmt.Sprintf("close database (%d)", rc)}
	}
	return nil
}

// fault is the error that the last call ended with.
func (l *liteLib) fault(rc int32) error {
	text := libc.GoString(lite.Xsqlite3_errstr(l.tls, rc))
	if l.db != 0 {
		if more := libc.GoString(lite.Xsqlite3_errmsg(l.tls, l.db)); more != text {
			text += ": " + more
		}
	}
	return &liteError{int(rc), fmt.Sprintf("%s (%d)", text, rc)}
}

// libStmt is a prepared statement with the memory that holds its arguments.
type libStmt struct {
	*liteLib
	handle  uintptr
	columns int32
	params  []int // of each parameter in SQLite's order, the argument: "$3" is the third
	args    []driver.Value
	texts   []byte // the library's memory
}

func (l *liteLib) prepare(query string) (*libStmt, error) {
	text, err := libc.CString(query)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(l.tls, text)
	places := libc.Xcalloc(l.tls, 2, types.Size_t(unsafe.Sizeof(text)))
	defer libc.Xfree(l.tls, places)
	tail := places + unsafe.Sizeof(text)
	if rc := lite.Xsqlite3_prepare_v2(l.tls, l.db, text, int32(len(query)+1), places, tail); rc != lite.SQLITE_OK {
		return nil, l.fault(rc)
	}
	s := &libStmt{liteLib: l, handle: *(*uintptr)(pointer(places))}
	rest := query[*(*uintptr)(pointer(tail))-text:]
	if s.handle == 0 || strings.TrimSpace(rest) != "" {
		s.finalize()
		return nil, &liteError{lite.SQLITE_MISUSE, "sqlstore: not exactly one statement"}
	}
	s.columns = lite.Xsqlite3_column_count(l.tls, s.handle)
	if err := s.parameters(); err != nil {
		s.finalize()
		return nil, err
	}
	return s, nil
}

// parameters reads the names: SQLite numbers "$3" and "$1" as they occur.
func (s *libStmt) parameters() error {
	s.params = make([]int, lite.Xsqlite3_bind_parameter_count(s.tls, s.handle))
	for i := range s.params {
		s.params[i] = i
		name := libc.GoString(lite.Xsqlite3_bind_parameter_name(s.tls, s.handle, int32(i+1)))
		if name == "" {
			continue // "?"
		}
		n, err := strconv.Atoi(name[1:])
		if err != nil || n < 1 {
			return &liteError{lite.SQLITE_MISUSE, "sqlstore: parameter " + name + " is not a number"}
		}
		s.params[i] = n - 1
	}
	return nil
}

func (s *libStmt) finalize() {
	lite.Xsqlite3_finalize(s.tls, s.handle)
	s.forget()
}

// reset makes the statement ready for other arguments. It repeats the error of
// the last step, which is known already.
func (s *libStmt) reset() {
	lite.Xsqlite3_reset(s.tls, s.handle)
	lite.Xsqlite3_clear_bindings(s.tls, s.handle)
}

// step goes to the next row; false at the end.
func (s *libStmt) step() (row bool, err error) {
	switch rc := lite.Xsqlite3_step(s.tls, s.handle); rc {
	case lite.SQLITE_ROW:
		return true, nil
	case lite.SQLITE_DONE:
		return false, nil
	default:
		return false, s.fault(rc)
	}
}

// bind hands over the arguments. Texts are copied to memory of the statement's
// own, where they stay until it is bound again.
func (s *libStmt) bind(args []any) error {
	s.args = s.args[:0]
	size := 1
	for _, arg := range args {
		v, err := value(arg)
		if err != nil {
			return err
		}
		s.args = append(s.args, v)
		switch v := v.(type) {
		case string:
			size += len(v)
		case []byte:
			size += len(v)
		}
	}
	if err := s.reserve(size); err != nil {
		return err
	}
	free := s.texts
	for i, n := range s.params {
		if n >= len(s.args) {
			return &liteError{lite.SQLITE_RANGE, fmt.Sprintf("sqlstore: no argument $%d", n+1)}
		}
		var rc int32
		if rc, free = s.bindOne(int32(i+1), s.args[n], free); rc != lite.SQLITE_OK {
			return s.fault(rc)
		}
	}
	return nil
}

func (s *libStmt) bindOne(i int32, v driver.Value, free []byte) (rc int32, rest []byte) {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(free)))
	switch v := v.(type) {
	case int64:
		rc = lite.Xsqlite3_bind_int64(s.tls, s.handle, i, v)
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		rc = lite.Xsqlite3_bind_int64(s.tls, s.handle, i, n)
	case string:
		free = free[copy(free, v):]
		rc = lite.Xsqlite3_bind_text(s.tls, s.handle, i, at, int32(len(v)), 0)
	case []byte:
		free = free[copy(free, v):]
		rc = lite.Xsqlite3_bind_blob(s.tls, s.handle, i, at, int32(len(v)), 0)
	default:
		rc = lite.Xsqlite3_bind_null(s.tls, s.handle, i)
	}
	return rc, free
}

// reserve makes room for texts. One byte is always left, so that what is bound
// last has an address too.
func (s *libStmt) reserve(size int) error {
	if size <= len(s.texts) {
		return nil
	}
	s.forget()
	at := libc.Xmalloc(s.tls, types.Size_t(size))
	if at == 0 {
		return &liteError{lite.SQLITE_NOMEM, "out of memory"}
	}
	s.texts = unsafe.Slice((*byte)(pointer(at)), size)
	return nil
}

func (s *libStmt) forget() {
	if s.texts != nil {
		libc.Xfree(s.tls, uintptr(unsafe.Pointer(unsafe.SliceData(s.texts))))
		s.texts = nil
	}
}

// column reads a column of the present row: int64, float64, string, []byte or nil.
func (s *libStmt) column(i int) driver.Value {
	n := int32(i)
	switch lite.Xsqlite3_column_type(s.tls, s.handle, n) {
	case lite.SQLITE_INTEGER:
		return lite.Xsqlite3_column_int64(s.tls, s.handle, n)
	case lite.SQLITE_FLOAT:
		return lite.Xsqlite3_column_double(s.tls, s.handle, n)
	case lite.SQLITE_TEXT:
		at := lite.Xsqlite3_column_text(s.tls, s.handle, n)
		return string(s.bytes(at, n))
	case lite.SQLITE_BLOB:
		at := lite.Xsqlite3_column_blob(s.tls, s.handle, n)
		return append([]byte{}, s.bytes(at, n)...)
	}
	return nil
}

// bytes are the library's until the next step.
func (s *libStmt) bytes(at uintptr, n int32) []byte {
	size := lite.Xsqlite3_column_bytes(s.tls, s.handle, n)
	if at == 0 || size == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(at)), int(size))
}
