package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/foyer-id/foyer/internal/client"
)

// Kinds of remembered secrets.
const (
	clientSecret   = "client_secret"
	resourceSecret = "introspection_secret"
)

// Lines of a difference that stand for a secret.
const (
	givenSecret = ": (the one of the file)"
	madeSecret  = ": (one that is made)"
)

func (a *applier) clients(ctx context.Context) error {
	for i, spec := range each(a.d.Clients) {
		if err := a.client(ctx, i, spec); err != nil {
			return err
		}
	}
	if a.o.Prune {
		return a.pruneClients(ctx)
	}
	return nil
}

func (a *applier) client(ctx context.Context, i int, spec client.Spec) error {
	old, err := a.Store.FindClient(ctx, a.id, spec.ClientID)
	if err != nil && !errors.Is(err, client.ErrNotFound) {
		return err
	}
	var before any
	ch := Change{Kind: "client", Name: spec.ClientID, Action: "create"}
	given := spec.ClientSecret
	if old != nil {
		before, ch.Action = old.Spec, "update"
		if spec.Enabled == nil {
			// Somebody may have disabled it for a reason; only a file that says
			// enabled: true enables it again.
			spec.Enabled = old.Enabled
		}
		if !a.fresh(clientSecret, spec.ClientID, given) {
			spec.ClientSecret = ""
		}
	}
	if ch.Diff, err = diff(before, spec); err != nil {
		return err
	}
	ch.Diff = append(ch.Diff, secretLine(old, &spec)...)
	if old != nil && len(ch.Diff) == 0 {
		return nil
	}
	return a.change(ch, clientPath(i, ""), func() error { return a.putClient(ctx, old, spec, given) })
}

// secretLine is the part of the difference that is a secret.
func secretLine(old *client.Client, spec *client.Spec) []string {
	method := (&client.Client{Spec: *spec}).Method()
	needs := method == client.MethodBasic || method == client.MethodPost
	switch {
	case spec.ClientSecret != "" && needs:
		return []string{"+" + clientSecret + givenSecret}
	case needs && (old == nil || len(old.Secrets) == 0):
		return []string{"+" + clientSecret + madeSecret}
	case !needs && old != nil && len(old.Secrets) > 0:
		return []string{"-" + clientSecret}
	}
	return nil
}

func (a *applier) putClient(ctx context.Context, old *client.Client, spec client.Spec, given string) error {
	cc := a.checkContext(client.FromFile)
	var res client.Result
	var err error
	if old == nil {
		res, err = a.Clients.Create(ctx, a.id, spec, cc)
	} else {
		res, err = a.Clients.Update(ctx, a.id, spec, old.Version, cc)
	}
	if err != nil {
		return err
	}
	if res.Secret != "" {
		a.made(spec.ClientID, res.Secret)
	}
	if len(res.Client.Secrets) == 0 {
		given = "" // one that comes back later is applied again
	} else if given == "" {
		return nil
	}
	return a.remember(ctx, clientSecret, spec.ClientID, given)
}

// made reports a secret, except at a start: its output is a log (LG1).
func (a *applier) made(clientID, secret string) {
	if a.o.AtStart {
		a.report.Warnings = append(a.report.Warnings,
			fmt.Sprintf("client %s of tenant %s has no client_secret in the file, so one was made; see a new one with foyer client rotate-secret --tenant %s %s", clientID, a.id, a.id, clientID))
		return
	}
	a.report.Secrets = append(a.report.Secrets, MadeSecret{a.id, clientID, secret})
}

func (a *applier) checkContext(origin client.Origin) client.CheckContext {
	return client.CheckContext{Origin: origin, Dialect: string(a.next.Dialect), PlainHTTP: len(a.Config.Egress.Networks) > 0}
}

// pruneClients removes clients that an earlier apply made. A document without
// the member says nothing about clients; clients: [] says that there are none.
func (a *applier) pruneClients(ctx context.Context) error {
	if a.d.Clients == nil {
		a.unpruned("clients")
		return nil
	}
	all, err := allClients(ctx, a.Store, a.id)
	if err != nil {
		return err
	}
	for _, c := range all {
		listed := slices.ContainsFunc(*a.d.Clients, func(s client.Spec) bool { return s.ClientID == c.ClientID })
		if listed || c.Origin != client.FromFile {
			continue
		}
		ch := Change{Kind: "client", Name: c.ClientID, Action: "delete"}
		err := a.change(ch, "", func() error {
			if err := a.Clients.Delete(ctx, a.id, c.ClientID); err != nil {
				return err
			}
			return a.remember(ctx, clientSecret, c.ClientID, "")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) unpruned(member string) {
	w := a.d.finding(member, "is not in this document, so nothing of it was pruned; write %s: [] to remove all", member).String()
	if !slices.Contains(a.report.Warnings, w) {
		a.report.Warnings = append(a.report.Warnings, w)
	}
}

// allClients reads every client of a tenant, in order.
func allClients(ctx context.Context, store client.Store, tenant string) ([]*client.Client, error) {
	const page = 500
	var all []*client.Client
	for cursor := ""; ; {
		list, err := store.ListClients(ctx, tenant, cursor, page)
		if err != nil {
			return nil, fmt.Errorf("list clients: %w", err)
		}
		all = append(all, list...)
		if len(list) < page {
			return all, nil
		}
		cursor = list[len(list)-1].ClientID
	}
}
