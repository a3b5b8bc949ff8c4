package sqlstore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	lite "modernc.org/sqlite/lib"
)

// maxWait is how long a caller queues for a connection or for the writer
// before it is told that the database is unavailable (security B7: at most
// one second, refusals in less).
const maxWait = 800 * time.Millisecond

// Pragmas of every connection, of the writer, of readers. The write-ahead log
// is folded back every 1000 pages (4 MiB) and cut to 16 MiB when it has grown.
var (
	litePragmas   = []string{"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "temp_store(MEMORY)"}
	writerPragmas = append([]string{"busy_timeout(250)", "cache_size(-4096)", "wal_autocheckpoint(1000)", "journal_size_limit(16777216)"}, litePragmas...)
	readerPragmas = append([]string{"busy_timeout(800)", "cache_size(-2048)", "query_only(ON)"}, litePragmas[1:]...)
)

// liteDB is the SQLite engine: one writer and a few readers on one file.
type liteDB struct {
	*writer
	readers *liteReaders
}

func openSQLite(ctx context.Context, path string, o Options, count *counters) (engine, error) {
	if path == "" || path == ":memory:" {
		return nil, fmt.Errorf("sqlite: %q is not a file", path)
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	openWriter := func() (*liteConn, error) {
		return openLite(context.Background(), path, writerPragmas, count)
	}
	// The writer opens first: it is the connection that switches to WAL.
	conn, err := openWriter()
	if err != nil {
		return nil, openError(path, err)
	}
	if o.ReadConns <= 0 {
		o.ReadConns = 4
	}
	return &liteDB{
		writer:  startWriter(conn, openWriter, o, count),
		readers: &liteReaders{path: path, count: count, permits: make(chan struct{}, o.ReadConns), wait: o.Wait},
	}, nil
}

// createFile makes sure that only the owner can read a new database; SQLite
// gives its side files the same mode.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (d *liteDB) queryRow(ctx context.Context, query string, args []any) *Row {
	c, err := d.readers.take(ctx)
	if err != nil {
		return &Row{err: err}
	}
	row := c.queryRow(query, args)
	d.readers.give(c, row.err)
	row.err = readError(row.err)
	return row
}

func (d *liteDB) query(ctx context.Context, query string, args []any) (cursor, error) {
	c, err := d.readers.take(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.start(query, args)
	if err != nil {
		d.readers.give(c, err)
		return nil, readError(err)
	}
	return &readerRows{liteRows: rows, ctx: ctx, back: func(err error) { d.readers.give(c, err) }}, nil
}

func (d *liteDB) ping(ctx context.Context) error {
	var one int
	return d.queryRow(ctx, "SELECT 1", nil).Scan(&one)
}

func (d *liteDB) close() error {
	err := d.readers.close()
	if e := d.writer.close(); e != nil {
		err = e
	}
	return err
}

func readError(err error) error {
	if liteBusy(err) {
		return unavailable(err)
	}
	return err
}

// readerRows gives the connection back when its rows end, and stops between
// rows when the caller's context has ended.
type readerRows struct {
	*liteRows
	ctx  context.Context
	back func(error)
}

func (r *readerRows) next() bool {
	if err := r.ctx.Err(); err != nil && !r.closed {
		r.failed = err
		r.close()
		return false
	}
	if r.liteRows.next() {
		return true
	}
	r.close()
	return false
}

func (r *readerRows) close() error {
	err := r.liteRows.close()
	if r.back != nil {
		r.back(r.failed)
		r.back = nil
	}
	return err
}

// liteReaders is a bounded stack of read connections, opened when first
// needed: the last one used has the warmest cache.
type liteReaders struct {
	path    string
	count   *counters
	permits chan struct{}
	wait    time.Duration

	mu     sync.Mutex
	idle   []*liteConn
	closed bool
}

func (p *liteReaders) take(ctx context.Context) (*liteConn, error) {
	if err := acquire(ctx, p.permits, p.wait); err != nil {
		return nil, err
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.permits
		return nil, unavailable(errClosed)
	}
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := openLite(context.Background(), p.path, readerPragmas, p.count)
	if err != nil {
		<-p.permits
		return nil, unavailable(err)
	}
	return c, nil
}

// give returns a connection; one that met an I/O error or damage is closed.
func (p *liteReaders) give(c *liteConn, err error) {
	defer func() { <-p.permits }()
	switch liteCode(err) & 0xff {
	case lite.SQLITE_IOERR, lite.SQLITE_CORRUPT, lite.SQLITE_NOTADB, lite.SQLITE_NOMEM, lite.SQLITE_CANTOPEN:
		c.close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
		return
	}
	p.idle = append(p.idle, c)
}

func (p *liteReaders) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var err error
	for _, c := range p.idle {
		if e := c.close(); e != nil {
			err = e
		}
	}
	p.idle = nil
	return err
}
