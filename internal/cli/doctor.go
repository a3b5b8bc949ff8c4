package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/foyer-id/foyer/internal/app"
)

type doctorCmd struct {
	MailTo string `placeholder:"ADDRESS" help:"Send a mail there too."`
}

// Run prints the diagnosis; what is wrong makes the exit code 1.
func (c *doctorCmd) Run(r *run) error {
	cfg, err := r.load()
	if err != nil {
		return err
	}
	d := app.Doctor(r.ctx, cfg, r.environment(false), c.MailTo)
	err = r.print(struct {
		Healthy bool        `json:"healthy"`
		Checks  []app.Check `json:"checks"`
	}{d.Healthy(), d.Checks}, func(w io.Writer) {
		for _, ch := range d.Checks {
			fmt.Fprintf(w, "%-8s %s: %s\n", ch.Grade, ch.Name, indent(ch.Found))
			if ch.Change != "" {
				fmt.Fprintf(w, "         → %s\n", ch.Change)
			}
		}
	})
	if err == nil && !d.Healthy() {
		return errSilent
	}
	return err
}

// indent puts the further lines of a text below its first.
func indent(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = clean(strings.TrimSpace(lines[i]))
	}
	return strings.Join(lines, "\n           ")
}
