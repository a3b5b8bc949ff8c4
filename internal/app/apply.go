package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/tenant"
)

// ApplyOptions say how documents are applied.
type ApplyOptions struct {
	DryRun  bool // only say what would change
	Prune   bool // remove what an earlier apply made and the documents no longer list
	AtStart bool // apply: of the configuration; never prunes
}

// Report is what an apply did, or would do.
type Report struct {
	Changes  []Change     `json:"changes"`
	Warnings []string     `json:"warnings"`
	Secrets  []MadeSecret `json:"secrets"`
}

// Change is one thing that an apply made different.
type Change struct {
	Tenant string   `json:"tenant"`
	Kind   string   `json:"kind"` // tenant, client, resource, account or identity provider
	Name   string   `json:"name"`
	Action string   `json:"action"`         // create, update or delete
	Diff   []string `json:"diff,omitempty"` // "-member: old", "+member: new"; no secrets
	Source string   `json:"source,omitempty"`
}

// MadeSecret is a client secret that had to be made. It is shown once.
type MadeSecret struct {
	Tenant   string `json:"tenant"`
	ClientID string `json:"client_id"`
	Secret   string `json:"client_secret"`
}

// String is redacted, so that a log line never carries the secret (LG1).
func (s MadeSecret) String() string { return s.Tenant + "/" + s.ClientID + ": [redacted]" }

// maxTries bounds how often an apply begins anew because somebody else, another
// node at its start, say, changed the same thing first.
const maxTries = 5

// Apply makes the database say what the documents say (spec/operating.md §3).
// All documents are checked before anything is written; the error then is
// *config.Errors with every finding. Each change is a transition of its own,
// and a second apply of the same documents changes nothing, so one that was
// interrupted is simply run again.
func Apply(ctx context.Context, c *Core, docs []*Document, o ApplyOptions) (*Report, error) {
	if o.AtStart {
		o.Prune = false
	}
	if audit.ActorOf(ctx).Name == "system" {
		ctx = audit.WithActor(ctx, audit.Actor{Name: "apply"})
	}
	stored, err := c.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	findings, warnings := check(c.Config, docs, stored)
	if len(findings) > 0 {
		return nil, &config.Errors{Findings: findings}
	}
	report := &Report{Changes: []Change{}, Warnings: []string{}, Secrets: []MadeSecret{}}
	for _, w := range warnings {
		report.Warnings = append(report.Warnings, w.String())
	}
	for try := 1; ; try++ {
		err = applyOnce(ctx, c, docs, o, report)
		overtaken := errors.Is(err, tenant.ErrVersion) || errors.Is(err, client.ErrVersion)
		if !overtaken || try == maxTries {
			break
		}
	}
	if len(report.Changes) > 0 {
		c.Directory.Invalidate()
	}
	return report, err
}

func applyOnce(ctx context.Context, c *Core, docs []*Document, o ApplyOptions, report *Report) error {
	stored, err := c.Store.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, d := range docs {
		a := &applier{Core: c, o: o, report: report, d: d, id: d.Tenant}
		if err := a.document(ctx, stored); err != nil {
			return fmt.Errorf("%s:%d: tenant %s: %w", d.name, d.line, d.Tenant, err)
		}
	}
	return nil
}

// applier applies one document.
type applier struct {
	*Core
	o       ApplyOptions
	report  *Report
	d       *Document
	id      string // of the tenant
	next    *tenant.Tenant
	applied map[[2]string]string // hashes of secrets that an earlier apply set
}

func (a *applier) document(ctx context.Context, stored []*tenant.Tenant) error {
	var err error
	if a.applied, err = a.Store.Applied(ctx, a.id); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return a.tenant(ctx, stored) },
		a.resources, a.providers, a.clients, a.accounts,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// change does one thing and reports it; a dry run reports it alone.
func (a *applier) change(ch Change, path string, do func() error) error {
	ch.Tenant = a.id
	if path != "" || ch.Kind == "tenant" {
		f := a.d.finding(path, "")
		ch.Source = fmt.Sprintf("%s:%d", f.Source, f.Line)
	}
	if !a.o.DryRun {
		if err := do(); err != nil {
			return fmt.Errorf("%s %s: %w", ch.Kind, ch.Name, err)
		}
	}
	a.report.Changes = append(a.report.Changes, ch)
	return nil
}

func (a *applier) tenant(ctx context.Context, stored []*tenant.Tenant) error {
	var old *tenant.Tenant
	var before any
	for _, t := range stored {
		if t.ID == a.id {
			old, before = t, tenantSpec(t)
		}
	}
	a.next = a.d.tenant(old)
	lines, err := diff(before, tenantSpec(a.next))
	if err != nil || old != nil && len(lines) == 0 {
		return err
	}
	ch, e := Change{Kind: "tenant", Name: a.id, Action: "update", Diff: lines}, audit.Event{Kind: audit.TenantUpdated}
	if old == nil {
		ch.Action, e.Kind = "create", audit.TenantCreated
		a.next.CreatedAt = a.Now().UnixMicro()
	}
	return a.change(ch, "", func() error { return a.Store.PutTenant(ctx, a.next, e) })
}

func tenantSpec(t *tenant.Tenant) tenant.Spec {
	return tenant.Spec{DisplayName: t.DisplayName, Hosts: t.Hosts, Issuer: t.IssuerExact, Dialect: t.Dialect, Settings: t.Settings}
}

// secretHash is what is kept of a secret that was applied, to recognise it. It
// is keyed, because the value is an operator's and may be short.
func (c *Core) secretHash(tenant, kind, name, value string) string {
	key := c.derive("applied")
	mac := hmac.New(sha256.New, key[:])
	for _, part := range []string{tenant, kind, name, value} {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// fresh tells whether a secret of the file differs from the one last applied.
func (a *applier) fresh(kind, name, value string) bool {
	return value != "" && a.applied[[2]string{kind, name}] != a.secretHash(a.id, kind, name, value)
}

// remember records that a secret was applied; "" forgets it.
func (a *applier) remember(ctx context.Context, kind, name, value string) error {
	hash := ""
	if value != "" {
		hash = a.secretHash(a.id, kind, name, value)
	}
	if a.applied[[2]string{kind, name}] == hash {
		return nil
	}
	return a.Store.SetApplied(ctx, a.id, kind, name, hash)
}
