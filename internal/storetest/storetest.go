package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql driver "pgx"

	"github.com/foyer-id/foyer/internal/sqlstore"
)

// Both runs fn as sub-tests "sqlite" and "postgres". Each call of open returns
// a fresh migrated database, closed and removed when its test ends.
func Both(t *testing.T, fn func(t *testing.T, open func(tb testing.TB) *sqlstore.DB)) {
	t.Helper()
	BothURLs(t, func(t *testing.T, url func(tb testing.TB) string) {
		fn(t, func(tb testing.TB) *sqlstore.DB {
			tb.Helper()
			return Open(tb, url(tb), sqlstore.Options{})
		})
	})
}

// BothURLs is Both for tests that open one database several times, or with
// options: url returns the address of a fresh migrated database.
func BothURLs(t *testing.T, fn func(t *testing.T, url func(tb testing.TB) string)) {
	t.Helper()
	for _, kind := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", MigratedSQLite}, {"postgres", MigratedPostgres}} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			fn(t, kind.url)
		})
	}
}

// Patience is how long callers of a test's database queue for a connection: a
// test that presses many at one row asks what comes of it, not how fast.
const Patience = time.Minute

// Open opens a database for one test and closes it with the test. Its callers
// have Patience unless o says otherwise.
func Open(tb testing.TB, url string, o sqlstore.Options) *sqlstore.DB {
	tb.Helper()
	if o.Wait == 0 {
		o.Wait = Patience
	}
	d, err := sqlstore.Open(context.Background(), url, o)
	if err != nil {
		tb.Fatalf("open %s: %v", url, err)
	}
	tb.Cleanup(func() {
		if err := d.Close(); err != nil {
			tb.Errorf("close %s: %v", url, err)
		}
	})
	return d
}

// SQLite returns the URL of a database file that does not exist yet.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "foyer.db")
}

// Postgres returns the URL of a fresh, empty database on a server without
// fsync, for tests of what is stored and not of whether it lasts.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return fresh(tb, quick.start(tb), "")
}

// DurablePostgres is [Postgres] on a server that flushes each commit.
func DurablePostgres(tb testing.TB) string {
	tb.Helper()
	return fresh(tb, durable.start(tb), "")
}

var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "foyer-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "foyer.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing has folded the write-ahead log into it
})

// MigratedSQLite returns the URL of a fresh migrated file.
func MigratedSQLite(tb testing.TB) string {
	tb.Helper()
	raw, err := sqliteTemplate()
	if err != nil {
		tb.Fatalf("SQLite template: %v", err)
	}
	path := filepath.Join(tb.TempDir(), "foyer.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		tb.Fatal(err)
	}
	return "sqlite:" + path
}

var postgresTemplate struct {
	once sync.Once
	name string
	err  error
}

// MigratedPostgres returns the URL of a fresh migrated database.
func MigratedPostgres(tb testing.TB) string {
	tb.Helper()
	admin := quick.start(tb)
	t := &postgresTemplate
	t.once.Do(func() { t.name, t.err = makeTemplate(admin) })
	if t.err != nil {
		tb.Fatalf("PostgreSQL template: %v", t.err)
	}
	return fresh(tb, admin, t.name)
}

// makeTemplate migrates a database and names it after the migrations, so that
// many test binaries on one server share it.
func makeTemplate(admin string) (string, error) {
	db, err := sql.Open("pgx", admin)
	if err != nil {
		return "", err
	}
	defer db.Close()
	name, err := templateName()
	if err != nil {
		return "", err
	}
	var there bool
	if err := db.QueryRow(`SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there {
		return name, err
	}
	draft := unique()
	if _, err := db.Exec(`CREATE DATABASE ` + draft); err != nil {
		return "", err
	}
	if err := migrate(withDatabase(admin, draft)); err != nil {
		return "", err
	}
	if _, err := db.Exec(`ALTER DATABASE ` + draft + ` RENAME TO ` + name); err != nil {
		// Another binary was first: its template serves as well.
		_, err = db.Exec(`DROP DATABASE ` + draft + ` WITH (FORCE)`)
		return name, err
	}
	return name, nil
}

// templateName is a hash over the migrations' texts.
func templateName() (string, error) {
	h := sha256.New()
	files := sqlstore.Migrations()
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(raw), raw)
	}
	return "foyer_template_" + hex.EncodeToString(h.Sum(nil)[:8]), nil
}

func migrate(url string) error {
	ctx := context.Background()
	d, err := sqlstore.Open(ctx, url, sqlstore.Options{})
	if err != nil {
		return err
	}
	err = d.Migrate(ctx, time.Unix(1767225600, 0), nil)
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// fresh creates a database, from a template or empty, and drops it with the
// test.
func fresh(tb testing.TB, admin, template string) string {
	tb.Helper()
	name := unique()
	create := `CREATE DATABASE ` + name
	if template != "" {
		create += ` TEMPLATE ` + template
	}
	run(tb, admin, create)
	tb.Cleanup(func() { run(tb, admin, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) })
	return withDatabase(admin, name)
}

func run(tb testing.TB, admin, statement string) {
	tb.Helper()
	db, err := sql.Open("pgx", admin)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		tb.Errorf("%s: %v", statement, err)
	}
}

var serial atomic.Int64

// unique is a database name that no other test binary uses.
func unique() string {
	return fmt.Sprintf("foyer_test_%d_%d_%d", os.Getpid(), time.Now().UnixMicro(), serial.Add(1))
}

func withDatabase(admin, name string) string {
	u, err := url.Parse(admin)
	if err != nil {
		panic(err) // it has been connected to
	}
	u.Path = "/" + name
	return u.String()
}
