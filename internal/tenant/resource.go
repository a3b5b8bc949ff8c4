package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

// Resource is an API that access tokens are for (RFC 8707). Its audience is its
// name, and its id when it introspects.
type Resource struct {
	Audience          string   `yaml:"audience" json:"audience"`
	Scopes            []string `yaml:"scopes" json:"scopes,omitempty"`
	AccessTokenFormat string   `yaml:"access_token_format" json:"access_token_format,omitempty"` // jwt | opaque; "": the client's
	SecretHash        string   `yaml:"-" json:"-"`                                               // of introspection_secret, "" none
}

type resourceSecrets struct {
	IntrospectionHash string `json:"introspection,omitempty"`
}

// HashResourceSecret is what is stored of an introspection secret.
func HashResourceSecret(s string) string { return secret.Hash("resource", s) }

// Admits tells whether s is the resource's introspection secret.
func (r *Resource) Admits(s string) bool {
	return r.SecretHash != "" && s != "" && secret.Equal(r.SecretHash, HashResourceSecret(s))
}

// Object returns what is stored of r.
func (r *Resource) Object(origin string) (Object, error) {
	spec, err := json.Marshal(r)
	if err != nil {
		return Object{}, err
	}
	secrets, err := json.Marshal(resourceSecrets{r.SecretHash})
	return Object{Kind: KindResource, Name: r.Audience, Origin: origin, Spec: string(spec), Secrets: string(secrets)}, err
}

// ReadResource reads what Object wrote.
func ReadResource(o Object) (Resource, error) {
	var r Resource
	var s resourceSecrets
	if err := json.Unmarshal([]byte(o.Spec), &r); err != nil {
		return Resource{}, fmt.Errorf("resource %q: %w", o.Name, err)
	}
	if o.Secrets != "" {
		if err := json.Unmarshal([]byte(o.Secrets), &s); err != nil {
			return Resource{}, fmt.Errorf("secrets of resource %q: %w", o.Name, err)
		}
	}
	r.Audience, r.SecretHash = o.Name, s.IntrospectionHash
	return r, nil
}

// Resources is a snapshot of the resources of each tenant, at most Stale old.
type Resources struct {
	store Store
	all   sync.Map // tenant → *resourceList
}

type resourceList struct {
	mu      sync.Mutex
	version int64
	checked time.Time
	list    []Resource
	err     error // of the last read, while there has been no answer
}

// NewResources returns a snapshot that loads each tenant at its first use.
func NewResources(store Store) *Resources { return &Resources{store: store} }

// Of returns the resources of a tenant by audience. The slice is shared: it
// must not be changed. While the database is out of reach the last one stays.
func (r *Resources) Of(ctx context.Context, tenant string, now time.Time) ([]Resource, error) {
	v, ok := r.all.Load(tenant)
	if !ok {
		v, _ = r.all.LoadOrStore(tenant, &resourceList{version: -1})
	}
	l := v.(*resourceList)
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.checked).Abs() < Stale {
		return l.list, l.err
	}
	ctx, cancel := asking(ctx, askTime)
	defer cancel()
	l.checked, l.err = now, nil
	if err := l.reload(ctx, r.store, tenant); err != nil {
		l.checked = askedAt(ctx, now) // one request a second pays for asking
		if l.version < 0 {
			l.err = fmt.Errorf("load resources: %w", err)
		}
	}
	return l.list, l.err
}

func (l *resourceList) reload(ctx context.Context, store Store, tenant string) error {
	version, err := store.ConfigVersion(ctx)
	if err != nil || version == l.version {
		return err
	}
	objects, err := store.Objects(ctx, tenant, KindResource)
	if err != nil {
		return err
	}
	list := make([]Resource, 0, len(objects))
	for _, o := range objects {
		res, err := ReadResource(o)
		if err != nil {
			return err
		}
		list = append(list, res)
	}
	l.list, l.version = list, version
	return nil
}
