package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

// fromFile is the origin of what an apply made.
const fromFile = "apply"

func (a *applier) resources(ctx context.Context) error {
	stored, err := a.Store.Objects(ctx, a.id, tenant.KindResource)
	if err != nil {
		return err
	}
	for i, r := range each(a.d.Resources) {
		if err := a.resource(ctx, i, r, find(stored, r.Audience)); err != nil {
			return err
		}
	}
	var names []string
	for _, r := range each(a.d.Resources) {
		names = append(names, r.Audience)
	}
	return a.prune(ctx, "resources", a.d.Resources == nil, stored, names)
}

func (a *applier) resource(ctx context.Context, i int, spec ResourceSpec, old *tenant.Object) error {
	ch := Change{Kind: "resource", Name: spec.Audience, Action: "create"}
	var before any
	origin := fromFile
	next := spec.Resource
	if old != nil {
		r, err := tenant.ReadResource(*old)
		if err != nil {
			return err
		}
		before, ch.Action, origin, next.SecretHash = r, "update", old.Origin, r.SecretHash
	}
	var err error
	if ch.Diff, err = diff(before, next); err != nil {
		return err
	}
	given := spec.IntrospectionSecret
	if given != "" && (old == nil || a.fresh(resourceSecret, spec.Audience, given)) {
		next.SecretHash = tenant.HashResourceSecret(given)
		ch.Diff = append(ch.Diff, "+"+resourceSecret+givenSecret)
	}
	if old != nil && len(ch.Diff) == 0 {
		return nil
	}
	o, err := next.Object(origin)
	if err != nil {
		return err
	}
	return a.change(ch, fmt.Sprintf("resources[%d]", i), func() error {
		if err := a.Store.PutObject(ctx, a.id, o, objectEvent(o)); err != nil || given == "" {
			return err
		}
		return a.remember(ctx, resourceSecret, spec.Audience, given)
	})
}

func (a *applier) providers(ctx context.Context) error {
	stored, err := a.Store.Objects(ctx, a.id, tenant.KindIdentityProvider)
	if err != nil {
		return err
	}
	var names []string
	for i, p := range each(a.d.IdentityProviders) {
		names = append(names, p.ID)
		ch := Change{Kind: "identity provider", Name: p.ID, Action: "create"}
		var before any
		origin := fromFile
		if old := find(stored, p.ID); old != nil {
			before, origin, ch.Action = json.RawMessage(old.Spec), old.Origin, "update"
		}
		if ch.Diff, err = diff(before, p); err != nil {
			return err
		}
		if before != nil && len(ch.Diff) == 0 {
			continue
		}
		spec, err := json.Marshal(p)
		if err != nil {
			return err
		}
		o := tenant.Object{Kind: tenant.KindIdentityProvider, Name: p.ID, Origin: origin, Spec: string(spec), Secrets: "{}"}
		err = a.change(ch, fmt.Sprintf("identity_providers[%d]", i), func() error { return a.Store.PutObject(ctx, a.id, o, objectEvent(o)) })
		if err != nil {
			return err
		}
	}
	return a.prune(ctx, "identity_providers", a.d.IdentityProviders == nil, stored, names)
}

// prune removes objects that an earlier apply made and that are not in names.
func (a *applier) prune(ctx context.Context, member string, absent bool, stored []tenant.Object, names []string) error {
	if !a.o.Prune {
		return nil
	}
	if absent {
		a.unpruned(member)
		return nil
	}
	for _, o := range stored {
		if o.Origin != fromFile || slices.Contains(names, o.Name) {
			continue
		}
		kind := map[string]string{tenant.KindResource: "resource", tenant.KindIdentityProvider: "identity provider"}[o.Kind]
		err := a.change(Change{Kind: kind, Name: o.Name, Action: "delete"}, "", func() error {
			if err := a.Store.DeleteObject(ctx, a.id, o.Kind, o.Name, objectEvent(o)); err != nil {
				return err
			}
			return a.remember(ctx, resourceSecret, o.Name, "")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func find(list []tenant.Object, name string) *tenant.Object {
	if i := slices.IndexFunc(list, func(o tenant.Object) bool { return o.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

func objectEvent(o tenant.Object) audit.Event {
	return audit.Event{Kind: audit.ObjectChanged, Data: map[string]string{"kind": o.Kind, "name": o.Name}}
}

// accounts makes those that do not exist; one that does is left alone, whatever
// has become of it.
func (a *applier) accounts(ctx context.Context) error {
	for i := range a.d.Accounts {
		spec := &a.d.Accounts[i]
		ids, _ := spec.identifiers(a.next.Settings.Identifiers) // checked before
		there, err := a.present(ctx, spec.Sub, ids)
		if err != nil {
			return err
		}
		path := fmt.Sprintf("accounts[%d]", i)
		if there != nil {
			if spec.Sub != "" && there.Sub != spec.Sub {
				w := a.d.finding(path, "belongs to account %s already and was left alone", there.Sub).String()
				if !slices.Contains(a.report.Warnings, w) {
					a.report.Warnings = append(a.report.Warnings, w)
				}
			}
			continue
		}
		ch := Change{Kind: "account", Name: spec.account(ids, a.Now()).Identifier(), Action: "create"}
		if err := a.change(ch, path, func() error { return a.putAccount(ctx, spec, ids) }); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) present(ctx context.Context, sub string, ids []account.Identifier) (*account.Account, error) {
	if sub != "" {
		found, err := a.Store.FindAccount(ctx, a.id, sub)
		if err == nil || !errors.Is(err, account.ErrNotFound) {
			return found, err
		}
	}
	for _, id := range ids {
		found, err := a.Store.FindByIdentifier(ctx, a.id, id)
		if err == nil || !errors.Is(err, account.ErrNotFound) {
			return found, err
		}
	}
	return nil, nil
}

func (a *applier) putAccount(ctx context.Context, spec *AccountSpec, ids []account.Identifier) error {
	_, err := a.CreateAccount(ctx, a.id, spec, ids)
	if errors.Is(err, account.ErrTaken) {
		return nil // another node's start was first
	}
	return err
}
