package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/tenant"
)

type clientTestLogout struct{ oneClient }

// Run sends one logout token of a session that nobody has; an application that
// does not take it makes the exit code 1.
func (c *clientTestLogout) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, cl *client.Client) error {
		trial, err := core.TestLogout(r.ctx, t.ID, cl.ClientID)
		if errors.Is(err, logout.ErrNoURI) {
			return fmt.Errorf("client %s has no backchannel_logout_uri; give it one with foyer client set", clean(cl.ClientID))
		}
		if err != nil {
			return err
		}
		v := struct {
			URI          string `json:"uri"`
			Delivered    bool   `json:"delivered"`
			Answer       string `json:"answer"`
			Milliseconds int64  `json:"milliseconds"`
		}{trial.URI, trial.Delivered, trial.Answer, trial.Took.Milliseconds()}
		err = r.print(v, func(w io.Writer) {
			fields(w, "address", v.URI, "delivered", yesNo(v.Delivered), "answer", v.Answer, "milliseconds", fmt.Sprint(v.Milliseconds))
		})
		if err == nil && !v.Delivered {
			return errSilent
		}
		return err
	})
}
