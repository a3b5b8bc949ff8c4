package tenant

import (
	"context"
	"errors"

	"github.com/foyer-id/foyer/internal/audit"
)

// Errors of the store.
var (
	ErrNotFound = errors.New("tenant not found")
	ErrVersion  = errors.New("tenant was changed by somebody else")
)

// Object is a resource or an identity provider as it is stored: Spec and
// Secrets are JSON of its kind.
type Object struct {
	Kind, Name, Origin string
	Spec, Secrets      string
}

// Kinds of objects.
const (
	KindResource         = "resource"
	KindIdentityProvider = "identity_provider"
)

// Store is what tenant needs kept. Every method is one atomic transition; those
// that change something also move the configuration's version.
type Store interface {
	// ConfigVersion returns a number that moves with every change of a tenant,
	// client, object or key.
	ConfigVersion(ctx context.Context) (int64, error)
	// Tenants returns every tenant.
	Tenants(ctx context.Context) ([]*Tenant, error)
	// PutTenant creates (t.Version 0) or replaces (t.Version the stored one).
	PutTenant(ctx context.Context, t *Tenant, e audit.Event) error
	// DeleteTenant removes a tenant and everything of it.
	DeleteTenant(ctx context.Context, id string, e audit.Event) error
	// Objects returns the tenant's objects of a kind, by name.
	Objects(ctx context.Context, id, kind string) ([]Object, error)
	// PutObject creates or replaces an object.
	PutObject(ctx context.Context, id string, o Object, e audit.Event) error
	// DeleteObject removes an object.
	DeleteObject(ctx context.Context, id, kind, name string, e audit.Event) error
	// Applied returns the hashes of what an earlier apply set, by kind and name.
	Applied(ctx context.Context, id string) (map[[2]string]string, error)
	// SetApplied records (hash) or forgets (hash "") what an apply set.
	SetApplied(ctx context.Context, id, kind, name, hash string) error
}
