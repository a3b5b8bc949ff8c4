package sqlstore_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/tenant"
)

// moved fails unless fn moves the configuration's version by one.
func (w *world) moved(what string, fn func() error) {
	w.Helper()
	before, err := w.ConfigVersion(w.ctx)
	w.must(err)
	w.must(fn())
	if after, err := w.ConfigVersion(w.ctx); err != nil || after != before+1 {
		w.Errorf("%s: version %d after %d, %v", what, after, before, err)
	}
}

func shop() *client.Client {
	yes := true
	return &client.Client{Origin: client.FromOperator, CreatedAt: noon.UnixMicro(), Version: 1,
		Secrets: []client.Secret{{Hash: "h", CreatedAt: 1}},
		Spec:    client.Spec{ClientID: "shop", RedirectURIs: []string{"https://shop.example/cb"}, FirstParty: &yes}}
}

func TestClientsAreKept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		c := shop()
		w.moved("create", func() error { return w.CreateClient(w.ctx, acme, c, event(audit.ClientCreated)) })
		w.is(w.CreateClient(w.ctx, acme, c, event(audit.ClientCreated)), client.ErrVersion)
		got, err := w.FindClient(w.ctx, acme, "shop")
		if diff := cmp.Diff(c, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		errs := compete(32, func(i int) error {
			mine := *c
			mine.ClientName = fmt.Sprint("shop ", i)
			return w.UpdateClient(w.ctx, acme, &mine, event(audit.ClientUpdated))
		})
		winner := w.oneWinner(errs, client.ErrVersion)
		got, err = w.FindClient(w.ctx, acme, "shop")
		if err != nil || got.Version != 2 || got.ClientName != fmt.Sprint("shop ", winner) || got.CreatedAt != noon.UnixMicro() {
			t.Errorf("after the race: %+v, %v", got, err)
		}
		other := shop()
		other.ClientID = "app"
		w.must(w.CreateClient(w.ctx, acme, other, event(audit.ClientCreated)))
		for cursor, want := range map[string]int{"": 2, "app": 1, "shop": 0} {
			if list, err := w.ListClients(w.ctx, acme, cursor, 9); len(list) != want || err != nil {
				t.Errorf("after %q: %v, %v", cursor, list, err)
			}
		}
		w.account(acme, "ada")
		s := w.session(acme, "ada")
		w.code(acme, "ada", s.Session.ID, true)
		w.must(w.GiveConsent(w.ctx, acme, "ada", "shop", []string{"openid"}, noon, event(audit.ConsentGiven)))
		w.moved("delete", func() error { return w.DeleteClient(w.ctx, acme, "shop", noon, event(audit.ClientDeleted)) })
		w.is(w.DeleteClient(w.ctx, acme, "shop", noon, event(audit.ClientDeleted)), client.ErrNotFound)
		_, err = w.FindClient(w.ctx, acme, "shop")
		w.is(err, client.ErrNotFound)
		if scope, err := w.FindConsent(w.ctx, acme, "ada", "shop"); scope != nil || err != nil {
			t.Errorf("consent is left: %v, %v", scope, err)
		}
		if p, err := w.Participants(w.ctx, acme, s.Session.ID); len(p) != 0 || err != nil {
			t.Errorf("participants are left: %v, %v", p, err)
		}
		want := map[audit.Kind]int{audit.ClientCreated: 2, audit.ClientUpdated: 1, audit.ClientDeleted: 1, audit.ConsentGiven: 1, audit.AccountCreated: 1, audit.SignedIn: 1}
		if diff := cmp.Diff(want, w.records(acme)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestI6_SingleUseIDHasOneWinner(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		mark := func(now time.Time) error {
			return w.MarkSeen(w.ctx, acme, "jti", "x", now, now.Add(time.Minute))
		}
		w.oneWinner(compete(32, func(int) error { return mark(noon) }), client.ErrSeen)
		w.is(mark(noon.Add(time.Minute-time.Microsecond)), client.ErrSeen)
		w.must(w.MarkSeen(w.ctx, acme, "other", "x", noon, noon.Add(time.Minute)))
		// Expired, not swept: new, once.
		w.oneWinner(compete(32, func(int) error { return mark(noon.Add(time.Minute)) }), client.ErrSeen)
	})
}

func TestTenantsAreKept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		a := tenant.New(acme)
		a.DisplayName, a.CreatedAt, a.DisabledAt = "Acme", 5, 6
		w.moved("create", func() error { return w.PutTenant(w.ctx, a, event(audit.TenantCreated)) })
		w.is(w.PutTenant(w.ctx, a, event(audit.TenantCreated)), tenant.ErrVersion)
		a.Version, a.DisabledAt = 1, 0
		w.oneWinner(compete(32, func(int) error { return w.PutTenant(w.ctx, a, event(audit.TenantUpdated)) }), tenant.ErrVersion)
		a.Version = 2
		list, err := w.Tenants(w.ctx)
		if diff := cmp.Diff([]*tenant.Tenant{a}, list); diff != "" || err != nil {
			t.Error(diff, err)
		}
		o := tenant.Object{Kind: tenant.KindResource, Name: "api", Origin: "apply", Spec: "{}", Secrets: "[]"}
		w.moved("put object", func() error { return w.PutObject(w.ctx, acme, o, event(audit.ObjectChanged)) })
		o.Spec = `{"a":1}`
		w.must(w.PutObject(w.ctx, acme, o, event(audit.ObjectChanged)))
		objects, err := w.Objects(w.ctx, acme, tenant.KindResource)
		if diff := cmp.Diff([]tenant.Object{o}, objects); diff != "" || err != nil {
			t.Error(diff, err)
		}
		w.moved("delete object", func() error {
			return w.DeleteObject(w.ctx, acme, tenant.KindResource, "api", event(audit.ObjectChanged))
		})
		w.is(w.DeleteObject(w.ctx, acme, tenant.KindResource, "api", event(audit.ObjectChanged)), tenant.ErrNotFound)
		for _, hash := range []string{"h1", "h2"} {
			w.must(w.SetApplied(w.ctx, acme, "client", "shop", hash))
		}
		w.must(w.SetApplied(w.ctx, acme, "client", "app", "h"))
		w.must(w.SetApplied(w.ctx, acme, "client", "app", ""))
		applied, err := w.Applied(w.ctx, acme)
		if diff := cmp.Diff(map[[2]string]string{{"client", "shop"}: "h2"}, applied); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// fill puts a row of tenant into every table.
func (w *world) fill(id string) (session.Begin, family) {
	w.Helper()
	w.must(w.PutTenant(w.ctx, tenant.New(id), event(audit.TenantCreated)))
	w.must(w.CreateClient(w.ctx, id, shop(), event(audit.ClientCreated)))
	w.must(w.PutObject(w.ctx, id, tenant.Object{Kind: "resource", Name: "api"}, event(audit.ObjectChanged)))
	w.must(w.SetApplied(w.ctx, id, "client", "shop", "h"))
	w.account(id, "ada")
	s := w.session(id, "ada")
	f := w.family(id, "ada", s.Session.ID, true)
	w.must(w.RevokeJTI(w.ctx, id, "j", 1, event(audit.TokenRevoked)))
	w.must(w.MarkSeen(w.ctx, id, "jti", "x", noon, noon))
	w.must(w.GiveConsent(w.ctx, id, "ada", "shop", []string{"openid"}, noon, event(audit.ConsentGiven)))
	w.must(w.PutProgress(w.ctx, id, "browser", "i", progressOf("ada"), noon, noon.Add(time.Hour)))
	w.exec(`INSERT INTO keys (tenant, kid, alg, created_at, sign_from, revoked_at, public_jwk, sealed) VALUES ($1, 'k', '', 0, 0, 0, '', '')`, id)
	w.exec(`INSERT INTO departures (tenant, client_id, spec, at) VALUES ($1, 'gone', '{}', 1)`, id)
	w.exec(`INSERT INTO outbox (tenant, id, kind, lane, session, sid, sub, payload, created_at, since, attempts, due_at, holder, state, answer, settled_at)
		VALUES ($1, 1, 'logout', 'l', 1, '', '', '{}', 0, 0, 0, 0, '', 'pending', '', 0)`, id)
	w.exec(`INSERT INTO challenges (tenant, id, purpose, sub, address, browser, locale, link_hash, code_hash, tries, sent_at, code_until,
		link_until, proved_at, used_at, expires_at, request, payload) VALUES ($1, 1, 'reset', '', '', '', '', '', '', 0, 0, 0, 0, 0, 0, 0, '', '')`, id)
	w.exec(`INSERT INTO alerts (tenant, id, hash, sub, session, address, email, at, user_agent, place, expires_at, used_at)
		VALUES ($1, 1, '', '', 0, '', '', 0, '', '', 0, 0)`, id)
	w.exec(`INSERT INTO throttle (tenant, key, state, expires_at) VALUES ($1, 'k', '', 0)`, id)
	return s, f
}

func TestDeleteTenantLeavesNothing(t *testing.T) {
	t.Parallel()
	var tables []string
	files, err := fs.Glob(sqlstore.Migrations(), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(sqlstore.Migrations(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`CREATE TABLE (\w+) \(\n  tenant `).FindAllStringSubmatch(string(text), -1) {
			tables = append(tables, m[1])
		}
	}
	stores(t, func(t *testing.T, w *world) {
		w.fill(acme)
		w.fill("other")
		of := func(table, id string) (n int) {
			w.must(w.db.QueryRow(w.ctx, `SELECT count(*) FROM `+table+` WHERE tenant = $1`, id).Scan(&n))
			return n
		}
		before := make(map[string]int)
		for _, table := range tables {
			if before[table] = of(table, acme); before[table] == 0 || before[table] != of(table, "other") {
				t.Errorf("fill leaves %s out", table)
			}
		}
		w.moved("delete", func() error { return w.DeleteTenant(w.ctx, acme, event(audit.TenantDeleted)) })
		w.is(w.DeleteTenant(w.ctx, acme, event(audit.TenantDeleted)), tenant.ErrNotFound)
		for _, table := range tables {
			left := 0
			if table == "audit" {
				left = 1 // of the deletion
			}
			if of(table, acme) != left || of(table, "other") != before[table] {
				t.Errorf("%s has %d rows of the tenant, %d of another", table, of(table, acme), of(table, "other"))
			}
		}
		if len(tables) < 18 {
			t.Errorf("tables: %v", tables)
		}
	})
}
