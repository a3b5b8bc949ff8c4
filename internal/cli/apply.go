package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/foyer-id/foyer/internal/app"
)

type applyCmd struct {
	Files  []string `name:"file" short:"f" required:"" sep:"none" placeholder:"FILE" help:"Tenant file; - is standard input. May be repeated."`
	More   []string `arg:"" optional:"" name:"more" help:"Further tenant files."`
	DryRun bool     `help:"Print the difference and change nothing."`
	Prune  bool     `help:"Remove clients, resources and identity providers that an earlier apply made and that the files no longer list."`
}

// Run applies the files.
func (c *applyCmd) Run(r *run) error {
	docs, err := app.ReadDocuments(append(c.Files, c.More...), func(name string) ([]byte, error) {
		if name == "-" {
			return io.ReadAll(r.io.In)
		}
		return os.ReadFile(name)
	})
	if err != nil {
		return err
	}
	work := func(core *app.Core) error {
		report, err := app.Apply(r.ctx, core, docs, app.ApplyOptions{DryRun: c.DryRun, Prune: c.Prune})
		if report != nil {
			// What was done is told even when the rest failed.
			if e := c.print(r, report); err == nil {
				err = e
			}
		}
		return err
	}
	if c.DryRun {
		return r.dry(work)
	}
	return r.with(true, work)
}

func (c *applyCmd) print(r *run, report *app.Report) error {
	if !r.json {
		for _, w := range report.Warnings {
			fmt.Fprintln(r.io.Err, "warning: "+w)
		}
	}
	return r.print(report, func(w io.Writer) {
		for _, ch := range report.Changes {
			if c.DryRun {
				difference(w, ch)
				continue
			}
			fmt.Fprintf(w, "%s %s\n", subject(ch), map[string]string{"create": "created", "update": "updated", "delete": "deleted"}[ch.Action])
		}
		if len(report.Changes) == 0 {
			fmt.Fprintln(w, "Nothing to change.")
		}
		for _, s := range report.Secrets {
			fmt.Fprintf(w, "client_secret of %s in tenant %s, shown this once: %s\n", s.ClientID, s.Tenant, s.Secret)
		}
	})
}

func subject(ch app.Change) string {
	if ch.Kind == "tenant" {
		return "tenant " + ch.Name
	}
	return ch.Tenant + ": " + ch.Kind + " " + ch.Name
}

// difference is one change as a unified diff, member by member.
func difference(w io.Writer, ch app.Change) {
	before, after := subject(ch)+" (stored)", subject(ch)+" ("+ch.Source+")"
	switch ch.Action {
	case "create":
		before = "(nothing)"
	case "delete":
		after = "(nothing)"
	}
	fmt.Fprintf(w, "--- %s\n+++ %s\n", before, after)
	for _, line := range ch.Diff {
		fmt.Fprintln(w, line)
	}
}

type exportCmd struct {
	Tenant string `help:"This tenant alone." placeholder:"ID"`
}

// Help is the small print.
func (exportCmd) Help() string {
	return "The file can be applied again. With --json it is a list of one object for each tenant."
}

// Run writes the file to standard output.
func (c *exportCmd) Run(r *run) error {
	write := app.Export
	if r.json {
		write = app.ExportJSON
	}
	return r.with(false, func(core *app.Core) error {
		return notFound(write(r.ctx, core, c.Tenant, r.io.Out), "tenant", c.Tenant, "")
	})
}
