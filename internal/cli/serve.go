package cli

import (
	"github.com/foyer-id/foyer/internal/app"
)

type serveCmd struct {
	Demo bool `help:"Add a demo application and an account: the first thing to run."`
}

// Help lists the configuration.
func (serveCmd) Help() string { return configHelp() }

// Run serves until it is told to stop.
func (c *serveCmd) Run(r *run) error {
	cfg, err := r.load()
	if err != nil {
		return err
	}
	if !cfg.IsSet("log.format") && isTerminal(r.io.Err) {
		cfg.Log.Format = "text" // for people
	}
	return app.Serve(r.ctx, cfg, app.ServeOptions{Demo: c.Demo, Stdout: r.io.Out, Stderr: r.io.Err, Version: Release()})
}
