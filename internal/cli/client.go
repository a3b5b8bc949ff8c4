package cli

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/tenant"
)

type clientCmd struct {
	List         clientList       `cmd:"" help:"All clients."`
	Show         clientShow       `cmd:"" help:"One client."`
	Add          clientAdd        `cmd:"" help:"Register an application."`
	Set          clientSet        `cmd:"" aliases:"update" help:"Change members of a client."`
	RotateSecret clientRotate     `cmd:"" help:"Make a new secret, shown once."`
	Disable      clientDisable    `cmd:"" help:"Refuse everything the client asks."`
	Enable       clientEnable     `cmd:"" help:"Undo disable."`
	TestLogout   clientTestLogout `cmd:"" help:"Send a test token to the client's backchannel_logout_uri: does it listen?"`
	Delete       clientDelete     `cmd:"" help:"Remove a client and what it holds."`
}

type clientList struct{ inTenant }

func (c *clientList) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		views := []adminapi.Client{}
		var rows [][]string
		err := pages(func(cursor string, limit int) (string, int, error) {
			list, err := core.Clients.List(r.ctx, t.ID, cursor, limit)
			for _, cl := range list {
				views = append(views, adminapi.ClientOf(cl, r.now()))
				kind := cl.Method()
				if cl.Public() {
					kind = "public"
				}
				rows = append(rows, []string{cl.ClientID, cl.Name(), kind, strings.Join(cl.GrantTypes, " "), string(cl.Origin), yesNo(cl.IsEnabled())})
				cursor = cl.ClientID
			}
			return cursor, len(list), err
		})
		if err != nil {
			return err
		}
		return r.print(views, func(w io.Writer) {
			table(w, "No clients.", []string{"CLIENT ID", "NAME", "AUTHENTICATION", "GRANTS", "ORIGIN", "ENABLED"}, rows)
		})
	})
}

// pages calls page with the cursor it returned until one is short.
func pages(page func(cursor string, limit int) (next string, n int, err error)) error {
	const limit = 500
	for cursor := ""; ; {
		next, n, err := page(cursor, limit)
		if err != nil || n < limit {
			return err
		}
		cursor = next
	}
}

// oneClient is the argument of commands about one client.
type oneClient struct {
	inTenant
	ID string `arg:"" name:"client" help:"client_id."`
}

func (c oneClient) with(r *run, do func(*app.Core, *tenant.Tenant, *client.Client) error) error {
	return c.inTenant.with(r, func(core *app.Core, t *tenant.Tenant) error {
		cl, err := core.Clients.Find(r.ctx, t.ID, c.ID)
		if err != nil {
			return notFound(err, "client", c.ID, t.ID)
		}
		return do(core, t, cl)
	})
}

type clientShow struct{ oneClient }

func (c *clientShow) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, cl *client.Client) error {
		view := adminapi.ClientOf(cl, r.now())
		return r.print(view, func(w io.Writer) {
			members, _ := app.Members(cl.Spec)
			fields(w, append(members, "secrets", strconv.Itoa(view.Secrets), "origin", view.Origin, "created_at", view.CreatedAt, "version", strconv.FormatInt(view.Version, 10))...)
		})
	})
}

type clientRotate struct {
	oneClient
	Overlap time.Duration `help:"How long the old secret stays good." default:"24h"`
}

func (c *clientRotate) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, cl *client.Client) error {
		if c.Overlap < 0 {
			return errUsage("--overlap may not be negative")
		}
		res, err := core.Clients.RotateSecret(r.ctx, t.ID, cl.ClientID, c.Overlap)
		if err != nil {
			return err
		}
		return r.printSecret(cl.ClientID, res.Secret)
	})
}

func (r *run) printSecret(id, secret string) error {
	v := map[string]string{"client_id": id}
	if secret != "" {
		v["client_secret"] = secret
	}
	return r.print(v, func(w io.Writer) {
		fmt.Fprintf(w, "client_id: %s\n", id)
		if secret != "" {
			fmt.Fprintf(w, "client_secret, shown this once: %s\n", secret)
		}
	})
}

type clientDisable struct{ oneClient }

func (c *clientDisable) Run(r *run) error { return c.enable(r, false) }

type clientEnable struct{ oneClient }

func (c *clientEnable) Run(r *run) error { return c.enable(r, true) }

func (c oneClient) enable(r *run, enabled bool) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, cl *client.Client) error {
		spec := cl.Spec
		spec.Enabled = &enabled
		return saveClient(r, core, t, spec, cl.Version)
	})
}

type clientDelete struct {
	oneClient
	Yes bool `help:"Do not ask."`
}

func (c *clientDelete) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, cl *client.Client) error {
		if err := r.confirm(c.Yes, fmt.Sprintf("Delete client %s (%s) and everything it holds?", cl.ClientID, clean(cl.Name()))); err != nil {
			return err
		}
		if err := core.Clients.Delete(r.ctx, t.ID, cl.ClientID); err != nil {
			return notFound(err, "client", cl.ClientID, t.ID)
		}
		return r.print(map[string]string{"deleted": cl.ClientID}, func(w io.Writer) { fmt.Fprintf(w, "Client %s is deleted.\n", cl.ClientID) })
	})
}
