package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/tenant"
)

// signsFor is how long a key signs before its successor is due
// (spec/tokens.md §7), and some days for a server that was off.
const signsFor = 97 * 24 * time.Hour

// core looks at what needs the master key: tenants, keys, clients.
func (d *Diagnosis) core(ctx context.Context, cfg *config.Server, env Env, db *sqlstore.DB) {
	store := sqlstore.NewStore(db)
	kept, err := store.MasterKeyCheck(ctx)
	if err == nil && kept == "" {
		d.add("master key", Notice, "is made at the first start", "")
		return
	}
	c, err := build(ctx, cfg, env, db)
	if err != nil {
		d.add("master key", Wrong, strings.TrimPrefix(err.Error(), ErrMasterKey.Error()+": "), "start with the key that the database was set up with")
		return
	}
	d.add("master key", Fine, keySource(cfg)+" is the one of this database", "")
	all, err := c.Store.Tenants(ctx)
	if err != nil {
		d.add("tenants", Wrong, err.Error(), "look at the database's own log")
		return
	}
	if len(all) == 0 {
		d.add("tenants", Notice, "there is none yet", "start foyer serve, or run foyer apply")
	}
	for _, t := range all {
		d.tenant(c.Config, t)
		d.providers(ctx, c, t)
		used := d.clients(ctx, c, t)
		d.keys(ctx, c, t, used)
	}
	d.deliveries(ctx, c)
}

func (d *Diagnosis) tenant(cfg *config.Server, t *tenant.Tenant) {
	name := "tenant " + t.ID
	for _, f := range tenant.Check(t) {
		d.add(name, Wrong, f.String(), "")
	}
	for _, f := range unmailed(cfg, &t.Settings) {
		d.add(name, Wrong, f.String(), "")
	}
	for _, f := range tenant.Unavailable(&t.Settings, t.Settings.Changed) {
		d.add(name, Warn, f.String(), "")
	}
	if t.DisabledAt != 0 {
		d.add(name, Notice, "is disabled", "")
	}
}

// providers are stored and not offered yet.
func (d *Diagnosis) providers(ctx context.Context, c *Core, t *tenant.Tenant) {
	all, err := c.Store.Objects(ctx, t.ID, tenant.KindIdentityProvider)
	if err != nil {
		d.add("tenant "+t.ID, Wrong, err.Error(), "look at the database's own log")
	}
	for _, o := range all {
		d.add("identity provider "+t.ID+"/"+o.Name, Warn, providerLater, "")
	}
}

// clients judges each client's metadata as it is stored and returns the
// algorithms that their ID tokens are signed with.
func (d *Diagnosis) clients(ctx context.Context, c *Core, t *tenant.Tenant) []keys.Alg {
	used := keys.Default()
	all, err := allClients(ctx, c.Store, t.ID)
	if err != nil {
		d.add("tenant "+t.ID, Wrong, err.Error(), "look at the database's own log")
	}
	for _, cl := range all {
		name := "client " + t.ID + "/" + cl.ClientID
		before := len(d.Checks)
		findings, warnings := CheckClient(c.Config, t, &cl.Spec, cl.Origin)
		for _, f := range findings {
			d.add(name, Wrong, member(f)+withCite(f), "foyer client set "+cl.ClientID+" --tenant "+t.ID)
		}
		for _, f := range warnings {
			d.add(name, Warn, member(f)+withCite(f), "")
		}
		d.addresses(name, c.Config, cl)
		if len(d.Checks) == before {
			d.add(name, Fine, fmt.Sprintf("%d redirect and %d logout addresses", len(cl.RedirectURIs), len(cl.PostLogoutRedirectURIs)), "")
		}
		if alg, ok := keys.ParseAlg(cl.IDTokenSignedResponseAlg); ok && !slices.Contains(used, alg) {
			used = append(used, alg)
		}
	}
	return used
}

func member(f client.Finding) string {
	return strings.ReplaceAll(strings.TrimPrefix(f.Pointer, "/"), "/", ".") + " "
}

// addresses looks at what is allowed and still seldom meant in production.
func (d *Diagnosis) addresses(name string, cfg *config.Server, cl *client.Client) {
	if !cl.IsEnabled() {
		d.add(name, Notice, "is disabled", "")
	}
	if cl.AllowsGrant("authorization_code") && len(cl.PostLogoutRedirectURIs) == 0 {
		d.add(name, Notice, "has no post_logout_redirect_uris: after signing out people stay on Foyer's page", "")
	}
	if local(cfg) || cl.Native() {
		return
	}
	for _, u := range slices.Concat(cl.RedirectURIs, cl.PostLogoutRedirectURIs) {
		if strings.HasPrefix(u, "http://") {
			d.add(name, Warn, u+" is plain http on the person's own machine, and this server is public",
				"remove it when development is over")
		}
	}
}

func (d *Diagnosis) keys(ctx context.Context, c *Core, t *tenant.Tenant, used []keys.Alg) {
	name := "keys of " + t.ID
	if _, err := c.Keys.Ring(ctx, t.ID); err != nil {
		change := "look at the database's own log"
		if errors.Is(err, keys.ErrMasterKey) {
			change = "start with the master key that they were made with"
		}
		d.add(name, Wrong, err.Error(), change)
		return
	}
	list, err := c.Keys.List(ctx, t.ID)
	if err != nil {
		d.add(name, Wrong, err.Error(), "look at the database's own log")
		return
	}
	for _, alg := range used {
		i := slices.IndexFunc(list, func(k keys.Status) bool { return k.Alg == alg && k.State == keys.Signing })
		switch {
		case i < 0:
			d.add(name, Notice, "there is none for "+string(alg)+" yet", "foyer serve makes it")
		case list[i].Until == 0 && c.Now().Sub(time.UnixMicro(list[i].SignFrom)) > signsFor:
			d.add(name, Warn, string(alg)+" key "+list[i].KID+" has signed since "+time.UnixMicro(list[i].SignFrom).UTC().Format(time.DateOnly)+" and has no successor",
				"let foyer serve run, or run foyer keys rotate")
		default:
			d.add(name, Fine, string(alg)+" signs with "+list[i].KID, "")
		}
	}
}
