package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// OpenDry is Open for a command that says what it would change. It makes
// neither database nor master key: where nothing is set up yet, the core has an
// empty database of its own that is gone when it is closed.
func OpenDry(ctx context.Context, cfg *config.Server, env Env) (*Core, error) {
	env = env.withDefaults()
	env.Create = false
	db, err := OpenDatabase(ctx, cfg, env)
	if errors.Is(err, ErrNoDatabase) {
		return openScratch(ctx, cfg, env)
	}
	if err != nil {
		return nil, err
	}
	blank, err := isBlank(ctx, db)
	if blank || err != nil {
		if err = errors.Join(err, db.Close()); err != nil {
			return nil, err
		}
		return openScratch(ctx, cfg, env)
	}
	c, err := build(ctx, cfg, env, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return c, nil
}

// isBlank tells whether nothing was ever stored: there is no schema, or no
// master key was used with it.
func isBlank(ctx context.Context, db *sqlstore.DB) (bool, error) {
	pending, err := db.Pending(ctx)
	if err != nil {
		return false, err
	}
	if len(pending) > 0 {
		all, err := fs.Glob(sqlstore.Migrations(), "*.sql")
		return len(pending) == len(all), err
	}
	kept, err := sqlstore.NewStore(db).MasterKeyCheck(ctx)
	return kept == "", err
}

func openScratch(ctx context.Context, cfg *config.Server, env Env) (*Core, error) {
	dir, err := os.MkdirTemp("", "foyer-dry-run-")
	if err != nil {
		return nil, fmt.Errorf("dry run: %w", err)
	}
	scratch := *cfg
	scratch.Database = config.DSN("sqlite:" + filepath.Join(dir, "foyer.db"))
	scratch.MasterKey, scratch.MasterKeyFile = "", filepath.Join(dir, "master.key")
	env.Create = true
	c, err := Open(ctx, &scratch, env)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c.scratch = dir
	return c, nil
}
