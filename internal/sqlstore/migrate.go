package sqlstore

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"time"
)

//go:embed migrations
var migrationFiles embed.FS

// Migrations are the files this release brings.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	return sub
}

var (
	// ErrMigrationChanged says that a file was edited after it was applied.
	ErrMigrationChanged = errors.New("sqlstore: applied migration has changed")

	// ErrDatabaseNewer says that a newer release has changed the database in a
	// way that this one cannot work with.
	ErrDatabaseNewer = errors.New("sqlstore: database belongs to a newer release")
)

// migration is one file.
type migration struct {
	name     string // NNNN_name.sql
	text     string
	checksum string // SHA-256 of the file, hex
	breaking bool   // the release before cannot run beside it
}

// record is a row of foyer_migrations.
type record struct {
	checksum string
	breaking bool
}

var migrationName = regexp.MustCompile(`^[0-9]{4}_[a-z0-9_]+\.sql$`)

// loadMigrations reads the files in order of their numbers.
func loadMigrations(files fs.FS) ([]migration, error) {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var list []migration
	for _, e := range entries { // sorted by name
		if !strings.HasSuffix(e.Name(), ".sql") {
			continue
		}
		if !migrationName.MatchString(e.Name()) {
			return nil, fmt.Errorf("migration %q: want NNNN_name.sql", e.Name())
		}
		if n := len(list); n > 0 && list[n-1].name[:4] == e.Name()[:4] {
			return nil, fmt.Errorf("migrations %q and %q have one number", list[n-1].name, e.Name())
		}
		raw, err := fs.ReadFile(files, e.Name())
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		sum := sha256.Sum256(raw)
		list = append(list, migration{
			name: e.Name(), text: string(raw), checksum: hex.EncodeToString(sum[:]),
			breaking: strings.Contains(string(raw), "-- foyer: breaking"),
		})
	}
	return list, nil
}

// Pending lists the migrations that have not been applied. It fails when an
// applied one has changed (ErrMigrationChanged) and when the database has one
// that this release does not know and cannot run beside (ErrDatabaseNewer);
// other unknown ones are tolerated.
func (d *DB) Pending(ctx context.Context) ([]string, error) {
	pending, err := d.pending(ctx)
	names := make([]string, len(pending))
	for i, m := range pending {
		names[i] = m.name
	}
	return names, err
}

func (d *DB) pending(ctx context.Context) ([]migration, error) {
	list, err := loadMigrations(d.migrations)
	if err != nil {
		return nil, err
	}
	applied, err := d.applied(ctx)
	if err != nil {
		return nil, err
	}
	var pending []migration
	for _, m := range list {
		r, ok := applied[m.name]
		switch {
		case !ok:
			pending = append(pending, m)
		case r.checksum != m.checksum:
			return nil, fmt.Errorf("%w: %s", ErrMigrationChanged, m.name)
		}
		delete(applied, m.name)
	}
	for name, r := range applied {
		if r.breaking {
			return nil, fmt.Errorf("%w: %s", ErrDatabaseNewer, name)
		}
	}
	return pending, nil
}

func (d *DB) applied(ctx context.Context) (map[string]record, error) {
	applied := make(map[string]record)
	rows, err := d.Query(ctx, `SELECT name, checksum, breaking FROM foyer_migrations`)
	if isNoTable(err) {
		return applied, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var r record
		if err := rows.Scan(&name, &r.checksum, &r.breaking); err != nil {
			return nil, fmt.Errorf("read applied migrations: %w", err)
		}
		applied[name] = r
	}
	return applied, rows.Err()
}

// Migrate applies what is pending, each file in one transaction, and is safe
// to interrupt at any point and to run on several nodes at once. progress, if
// not nil, is told after each file. now is recorded as the time of applying.
func (d *DB) Migrate(ctx context.Context, now time.Time, progress func(done, total int, name string)) error {
	pending, err := d.pending(ctx)
	if err != nil || len(pending) == 0 {
		return err
	}
	if err := d.createMigrationTables(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	total := len(pending)
	lease := d.newLease()
	for len(pending) > 0 {
		if err := lease.take(ctx); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		// Another node may have gone on while this one waited.
		if pending, err = d.pending(ctx); err != nil || len(pending) == 0 {
			break
		}
		m := pending[0]
		err = d.apply(ctx, m, lease, now)
		if errors.Is(err, errLeaseLost) {
			continue
		}
		if err != nil {
			err = fmt.Errorf("migrate %s: %w", m.name, err)
			break
		}
		pending = pending[1:]
		if progress != nil {
			progress(total-len(pending), total, m.name)
		}
	}
	if e := lease.release(ctx); err == nil {
		err = e
	}
	return err
}

// apply runs one file. The first statement locks the lease's row until the
// commit, so that however long the file takes nobody else takes the lease.
func (d *DB) apply(ctx context.Context, m migration, lease *lease, now time.Time) error {
	text := m.text
	if d.dialect == "sqlite" {
		text = strings.ReplaceAll(text, "/* clustered */", "WITHOUT ROWID")
	}
	return d.write(ctx, true, func(tx *Tx) error {
		if err := lease.renew(tx); err != nil {
			return err
		}
		for _, statement := range splitSQL(text) {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`INSERT INTO foyer_migrations (name, checksum, breaking, applied_at) VALUES ($1, $2, $3, $4)`,
			m.name, m.checksum, m.breaking, now.UnixMicro())
		return err
	})
}

// createMigrationTables may collide with another node doing the same, which
// PostgreSQL reports as an error in spite of IF NOT EXISTS; the second try
// finds the tables there.
func (d *DB) createMigrationTables(ctx context.Context) error {
	var err error
	for range 3 {
		err = d.write(ctx, true, func(tx *Tx) error {
			if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS foyer_migrations (
				name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, breaking BOOLEAN NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
				return err
			}
			_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS foyer_migration_lock (
				id BIGINT NOT NULL PRIMARY KEY, holder TEXT NOT NULL, expires_at BIGINT NOT NULL)`)
			return err
		})
		if err == nil {
			return nil
		}
	}
	return err
}
