package sqlstore

import (
	"context"
	"fmt"
	"time"
)

// Facts are what foyer doctor asks a database about itself.
type Facts struct {
	Version string    // "SQLite 3.53.0", "PostgreSQL 15.14"
	Now     time.Time // the server's clock; zero on SQLite, which has none
	Lasting bool      // a commit that was answered outlives a power cut
	Weak    string    // the setting that makes it not so, "" when Lasting
}

// Facts reads them.
func (d *DB) Facts(ctx context.Context) (Facts, error) {
	var f Facts
	var err error
	if d.dialect == "sqlite" {
		err = d.liteFacts(ctx, &f)
	} else {
		err = d.postgresFacts(ctx, &f)
	}
	f.Lasting = f.Weak == ""
	if err != nil {
		return Facts{}, fmt.Errorf("read facts of the database: %w", err)
	}
	return f, nil
}

func (d *DB) liteFacts(ctx context.Context, f *Facts) error {
	var synchronous int64
	if err := d.QueryRow(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&f.Version); err != nil {
		return err
	}
	if err := d.QueryRow(ctx, `SELECT synchronous FROM pragma_synchronous`).Scan(&synchronous); err != nil {
		return err
	}
	if synchronous < 2 {
		f.Weak = "synchronous is below FULL"
	}
	return nil
}

func (d *DB) postgresFacts(ctx context.Context, f *Facts) error {
	var now int64
	err := d.QueryRow(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version'),
		CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)`).Scan(&f.Version, &now)
	if err != nil {
		return err
	}
	f.Now = time.UnixMicro(now)
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var value string
		// A database that only speaks PostgreSQL's protocol may lack a setting.
		if err := d.QueryRow(ctx, `SELECT COALESCE(current_setting($1, true), '')`, name).Scan(&value); err != nil {
			return err
		}
		if value == "off" {
			f.Weak = name + " is off"
		}
	}
	return nil
}
