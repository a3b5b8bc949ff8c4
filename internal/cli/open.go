package cli

import (
	"context"
	"log/slog"
	"os"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/tenant"
)

// load reads the configuration.
func (r *run) load() (*config.Server, error) {
	return config.Load(config.Options{File: r.file, ReadFile: os.ReadFile, Env: r.env, Flags: r.flags})
}

// environment is what app gets: the clock, and a log for faults only.
func (r *run) environment(create bool) app.Env {
	log := slog.New(slog.NewTextHandler(r.io.Err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return app.Env{Now: r.now, Log: log, Create: create}
}

// with opens the core for one command; create allows a new database.
func (r *run) with(create bool, do func(*app.Core) error) error {
	return r.within(app.Open, create, do)
}

// dry is with for a command that only says what it would change.
func (r *run) dry(do func(*app.Core) error) error { return r.within(app.OpenDry, false, do) }

func (r *run) within(open func(context.Context, *config.Server, app.Env) (*app.Core, error), create bool, do func(*app.Core) error) (err error) {
	cfg, err := r.load()
	if err != nil {
		return err
	}
	core, err := open(r.ctx, cfg, r.environment(create))
	if err != nil {
		return err
	}
	defer func() {
		if e := core.Close(); err == nil {
			err = e
		}
	}()
	return do(core)
}

// inTenant is the flag of commands that work in one tenant.
type inTenant struct {
	Tenant string `help:"Tenant." default:"default" placeholder:"ID"`
}

// with opens the core and finds the tenant.
func (f inTenant) with(r *run, do func(*app.Core, *tenant.Tenant) error) error {
	return r.with(false, func(c *app.Core) error {
		if f.Tenant == app.DefaultTenant {
			// The first tenant exists from the first start on; a command may come
			// before that.
			if err := c.EnsureTenant(r.ctx); err != nil {
				return err
			}
		}
		t, err := findTenant(r, c, f.Tenant)
		if err != nil {
			return err
		}
		return do(c, t)
	})
}

func findTenant(r *run, c *app.Core, id string) (*tenant.Tenant, error) {
	all, err := c.Store.Tenants(r.ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return nil, missing{"tenant", id, ""}
}
