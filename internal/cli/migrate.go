package cli

import (
	"fmt"
	"io"

	"github.com/foyer-id/foyer/internal/app"
)

type migrateCmd struct {
	Status bool `help:"Only say what is missing."`
}

// Run applies what is missing; it can be interrupted and run again.
func (c *migrateCmd) Run(r *run) (err error) {
	cfg, err := r.load()
	if err != nil {
		return err
	}
	db, err := app.OpenDatabase(r.ctx, cfg, r.environment(!c.Status))
	if err != nil {
		return err
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	pending, err := db.Pending(r.ctx)
	if err != nil {
		return err
	}
	if pending == nil {
		pending = []string{}
	}
	if c.Status {
		return r.print(map[string]any{"missing": pending}, func(w io.Writer) {
			for _, name := range pending {
				fmt.Fprintln(w, "missing "+name)
			}
			if len(pending) == 0 {
				fmt.Fprintln(w, "The database is up to date.")
			}
		})
	}
	progress := func(done, total int, name string) {
		if !r.json {
			fmt.Fprintf(r.io.Out, "%d of %d: %s\n", done, total, name)
		}
	}
	if err := db.Migrate(r.ctx, r.now(), progress); err != nil {
		return err
	}
	return r.print(map[string]any{"applied": pending}, func(w io.Writer) { fmt.Fprintln(w, "The database is up to date.") })
}
