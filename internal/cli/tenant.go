package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

type tenantCmd struct {
	List    tenantList    `cmd:"" help:"All tenants."`
	Show    tenantShow    `cmd:"" help:"One tenant and its settings."`
	Add     tenantAdd     `cmd:"" help:"Make a tenant with default settings; foyer apply changes them."`
	Disable tenantDisable `cmd:"" help:"Answer nothing for a tenant: every sign-in, token and grant of it stops within a second."`
	Enable  tenantEnable  `cmd:"" help:"Undo disable."`
	Delete  tenantDelete  `cmd:"" help:"Remove a tenant with its clients, accounts, sessions and keys."`
}

type tenantView struct {
	Tenant      string           `json:"tenant"`
	DisplayName string           `json:"display_name"`
	Issuer      string           `json:"issuer"`
	Base        string           `json:"base"`
	Hosts       []string         `json:"hosts,omitempty"`
	Dialect     string           `json:"dialect"`
	CreatedAt   string           `json:"created_at"`
	DisabledAt  string           `json:"disabled_at,omitempty"`
	Settings    *tenant.Settings `json:"settings,omitempty"`
}

func viewTenant(core *app.Core, t *tenant.Tenant) tenantView {
	u := core.Config.PublicURL()
	return tenantView{t.ID, t.DisplayName, t.Issuer(u), t.Base(u), t.Hosts, string(t.Dialect), when(t.CreatedAt), when(t.DisabledAt), nil}
}

type tenantList struct{}

func (c *tenantList) Run(r *run) error {
	return r.with(false, func(core *app.Core) error {
		all, err := core.Store.Tenants(r.ctx)
		if err != nil {
			return err
		}
		views := []tenantView{}
		var rows [][]string
		for _, t := range all {
			v := viewTenant(core, t)
			views = append(views, v)
			rows = append(rows, []string{v.Tenant, t.Name(), v.Issuer, v.Dialect, yesNo(t.DisabledAt == 0)})
		}
		return r.print(views, func(w io.Writer) {
			table(w, "No tenants yet; foyer serve makes the first.", []string{"TENANT", "NAME", "ISSUER", "DIALECT", "ENABLED"}, rows)
		})
	})
}

type tenantShow struct {
	ID string `arg:"" name:"tenant" optional:"" default:"default" help:"Tenant."`
}

func (c *tenantShow) Run(r *run) error {
	return inTenant{c.ID}.with(r, func(core *app.Core, t *tenant.Tenant) error {
		v := viewTenant(core, t)
		v.Settings = &t.Settings
		return r.print(v, func(w io.Writer) {
			members, _ := app.Members(t.Settings)
			fields(w, append([]string{"tenant", v.Tenant, "display_name", v.DisplayName, "issuer", v.Issuer, "base", v.Base,
				"hosts", strings.Join(v.Hosts, " "), "dialect", v.Dialect, "created", v.CreatedAt, "disabled", v.DisabledAt}, members...)...)
		})
	})
}

type tenantAdd struct {
	ID      string   `arg:"" name:"tenant" help:"Id: small letters, digits and hyphens."`
	Name    string   `help:"Name to show people."`
	Host    []string `sep:"none" help:"Host whose root is this tenant. May be repeated."`
	Dialect string   `help:"foyer, akamai or identityserver." default:"foyer"`
}

func (c *tenantAdd) Run(r *run) error {
	return r.with(true, func(core *app.Core) error {
		_, err := findTenant(r, core, c.ID)
		if err == nil {
			return fmt.Errorf("there is a tenant %s already; change it with foyer apply", c.ID)
		}
		var none missing
		if !errors.As(err, &none) {
			return err
		}
		dialect := tenant.Dialect(c.Dialect)
		doc := &app.Document{Tenant: c.ID, DisplayName: &c.Name, Hosts: &c.Host, Dialect: &dialect}
		if _, err := app.Apply(r.ctx, core, []*app.Document{doc}, app.ApplyOptions{}); err != nil {
			return errors.New(withoutPlace(err))
		}
		t, err := findTenant(r, core, c.ID)
		if err != nil {
			return err
		}
		v := viewTenant(core, t)
		return r.print(v, func(w io.Writer) { fmt.Fprintf(w, "Tenant %s answers at %s.\n", v.Tenant, v.Issuer) })
	})
}

// oneTenant is the argument of commands about one tenant.
type oneTenant struct {
	ID string `arg:"" name:"tenant" help:"Tenant."`
}

type tenantDisable struct{ oneTenant }

func (c *tenantDisable) Run(r *run) error {
	return c.enable(r, r.now().UnixMicro(), "is disabled; servers stop answering for it within a second")
}

type tenantEnable struct{ oneTenant }

func (c *tenantEnable) Run(r *run) error { return c.enable(r, 0, "is enabled") }

// enable sets since when the tenant is disabled, 0 for not at all. One that is
// so already keeps its time.
func (c oneTenant) enable(r *run, disabledAt int64, what string) error {
	return r.with(false, func(core *app.Core) error {
		t, err := findTenant(r, core, c.ID)
		if err != nil {
			return err
		}
		if (t.DisabledAt == 0) != (disabledAt == 0) {
			t.DisabledAt = disabledAt
			if err := core.Store.PutTenant(r.ctx, t, audit.Event{Kind: audit.TenantUpdated, Data: map[string]string{"enabled": yesNo(disabledAt == 0)}}); err != nil {
				return err
			}
		}
		return r.print(viewTenant(core, t), func(w io.Writer) { fmt.Fprintf(w, "Tenant %s %s.\n", t.ID, what) })
	})
}

type tenantDelete struct {
	ID  string `arg:"" name:"tenant" help:"Tenant."`
	Yes bool   `help:"Do not ask."`
}

func (c *tenantDelete) Run(r *run) error {
	return r.with(false, func(core *app.Core) error {
		t, err := findTenant(r, core, c.ID)
		if err != nil {
			return err
		}
		if err := r.confirm(c.Yes, fmt.Sprintf("Delete tenant %s (%s) with all its clients, accounts, sessions and keys?", t.ID, clean(t.Name()))); err != nil {
			return err
		}
		if err := core.Store.DeleteTenant(r.ctx, t.ID, audit.Event{Kind: audit.TenantDeleted}); err != nil {
			return notFound(err, "tenant", t.ID, "")
		}
		return r.print(map[string]string{"deleted": t.ID}, func(w io.Writer) { fmt.Fprintf(w, "Tenant %s is deleted.\n", t.ID) })
	})
}
