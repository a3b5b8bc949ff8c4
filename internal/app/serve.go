package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/inbox"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// ServeOptions are what foyer serve has beside its configuration.
type ServeOptions struct {
	Demo           bool
	Stdout, Stderr io.Writer
	Version        string
	Log            *slog.Logger     // default: as the configuration says, to Stderr
	Storage        sqlstore.Options // as Env's
}

// Serve runs the server until ctx ends.
func Serve(ctx context.Context, cfg *config.Server, o ServeOptions) (err error) {
	tuneRuntime()
	if o.Log == nil {
		var flush func() error
		o.Log, flush = newLogger(cfg, o.Stderr)
		defer func() { err = errors.Join(err, flush()) }()
	}
	core, err := Open(ctx, cfg, Env{Now: time.Now, Log: o.Log, Create: true, Storage: o.Storage})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, core.Close()) }()
	report, err := core.Prepare(ctx)
	if err != nil {
		return err
	}
	if report != nil {
		for _, w := range report.Warnings {
			fmt.Fprintln(o.Stderr, "warning:", w)
		}
	}
	var box *inbox.Inbox
	if o.Demo {
		core.own = demoNetworks
		if box, err = core.openInbox(ctx); err != nil {
			return err
		}
	}
	s, err := NewServer(core)
	if err != nil {
		return err
	}
	l, err := s.Listen(ctx)
	if err != nil {
		return err
	}
	var show *demonstration
	if o.Demo {
		if show, err = s.prepareDemo(ctx); err != nil {
			return errors.Join(err, l.Close())
		}
		show.inbox = box
	}
	fmt.Fprintf(o.Stdout, "Foyer %s answers at %s\n  discovery   %s/.well-known/openid-configuration\n", o.Version, cfg.PublicURL(), cfg.PublicURL())
	if show != nil {
		if err := show.serve(ctx, s.issuerOf(ctx, DefaultTenant), o.Stdout, o.Log); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	return s.Run(ctx, l)
}

// issuerOf is a tenant's issuer, "" when there is none of that name.
func (c *Core) issuerOf(ctx context.Context, id string) string {
	if _, err := c.Directory.Refresh(ctx, c.Now()); err != nil {
		return ""
	}
	t, ok := c.Directory.Find(id)
	if !ok {
		return ""
	}
	return t.Issuer
}
