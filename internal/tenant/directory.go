package tenant

import (
	"context"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Stale is how long a node may answer from its snapshot without asking the
// database whether the configuration moved (spec/operating.md §5).
const Stale = time.Second

// How long asking may take. With something to go on with, a database that hangs
// delays nobody by a second (B1); without, there is nothing else to do but wait.
const (
	askTime      = 800 * time.Millisecond
	firstAskTime = 5 * time.Second
)

// asking is the context of a read that many requests wait for: the one that
// happens to do it cannot cancel it for the others.
func asking(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}

// askedAt is when a read that began at now has failed: one that hung has taken
// the time of those who waited for it too, and they are not to ask again.
func askedAt(ask context.Context, now time.Time) time.Time {
	if ask.Err() != nil {
		return now.Add(askTime)
	}
	return now
}

// Directory is the snapshot of all tenants. Reading it costs an atomic load;
// once a second one request pays for asking whether it is current.
type Directory struct {
	store     Store
	publicURL *url.URL
	log       *slog.Logger
	mu        sync.Mutex
	snap      atomic.Pointer[snapshot]
}

type snapshot struct {
	version int64
	checked time.Time
	byID    map[string]*Live
	byHost  map[string]*Live
}

// NewDirectory returns a directory that loads itself at its first use.
func NewDirectory(store Store, publicURL *url.URL, log *slog.Logger) *Directory {
	return &Directory{store: store, publicURL: publicURL, log: log}
}

// Refresh makes the snapshot current at now and returns the configuration's
// version. While the database is out of reach the old snapshot stays.
func (d *Directory) Refresh(ctx context.Context, now time.Time) (int64, error) {
	s := d.snap.Load()
	if s != nil && now.Sub(s.checked).Abs() < Stale {
		return s.version, nil
	}
	if s != nil && now.Sub(s.checked) < 2*Stale {
		if !d.mu.TryLock() {
			return s.version, nil // somebody is asking
		}
	} else {
		d.mu.Lock()
	}
	defer d.mu.Unlock()
	if t := d.snap.Load(); t != s {
		return t.version, nil
	}
	return d.reload(ctx, s, now)
}

// Invalidate makes the next Refresh ask; called after a change by this node.
func (d *Directory) Invalidate() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.snap.Load(); s != nil {
		c := *s
		c.checked = time.Time{}
		d.snap.Store(&c)
	}
}

// reload is done for all requests, so the one that asks cannot stop it by going
// away: strangers could keep a node at an old configuration by hanging up.
func (d *Directory) reload(ctx context.Context, old *snapshot, now time.Time) (int64, error) {
	limit := firstAskTime
	if old != nil {
		limit = askTime
	}
	ctx, cancel := asking(ctx, limit)
	defer cancel()
	version, err := d.store.ConfigVersion(ctx)
	if err == nil && old != nil && old.version == version {
		c := *old
		c.checked = now
		d.snap.Store(&c)
		return version, nil
	}
	var tenants []*Tenant
	if err == nil {
		tenants, err = d.store.Tenants(ctx)
	}
	if err != nil {
		if old == nil {
			return 0, err
		}
		d.log.WarnContext(ctx, "configuration not reachable, going on with what is known", "err", err)
		c := *old
		c.checked = askedAt(ctx, now)
		d.snap.Store(&c)
		return old.version, nil
	}
	d.snap.Store(d.build(version, tenants, now))
	return version, nil
}

func (d *Directory) build(version int64, tenants []*Tenant, now time.Time) *snapshot {
	s := &snapshot{version: version, checked: now, byID: map[string]*Live{}, byHost: map[string]*Live{}}
	for _, t := range tenants {
		if t.DisabledAt != 0 {
			continue
		}
		l := newLive(t, d.publicURL)
		s.byID[t.ID] = l
		for _, h := range t.Hosts {
			s.byHost[strings.ToLower(h)] = l
		}
	}
	return s
}

// Find returns a tenant by id.
func (d *Directory) Find(id string) (*Live, bool) {
	s := d.snap.Load()
	if s == nil {
		return nil, false
	}
	l, ok := s.byID[id]
	return l, ok
}

// All returns every tenant of the snapshot.
func (d *Directory) All() []*Live {
	s := d.snap.Load()
	if s == nil {
		return nil
	}
	out := make([]*Live, 0, len(s.byID))
	for _, l := range s.byID {
		out = append(out, l)
	}
	return out
}

// Resolve finds the tenant of a request and the path below its base. A host
// that belongs to a tenant is that tenant's root; elsewhere the first segment
// names the tenant, or it is "default".
func (d *Directory) Resolve(host, path string) (l *Live, rest string, ok bool) {
	s := d.snap.Load()
	if s == nil {
		return nil, "", false
	}
	if l, ok = s.byHost[hostname(host)]; ok {
		return l, path, true
	}
	rest, ok = strings.CutPrefix(path, strings.TrimSuffix(d.publicURL.Path, "/"))
	if !ok || !strings.HasPrefix(rest, "/") {
		return nil, "", false
	}
	first, tail, _ := strings.Cut(rest[1:], "/")
	if l, ok = s.byID[first]; ok && len(l.Hosts) == 0 && first != "default" {
		return l, "/" + tail, true
	}
	if l, ok = s.byID["default"]; ok && len(l.Hosts) == 0 {
		return l, rest, true
	}
	return nil, "", false
}

// Unnamed tells whether neither host nor path name a tenant, which leaves it to
// "default"; it returns the path below public_url.
func (d *Directory) Unnamed(host, path string) (rest string, ok bool) {
	s := d.snap.Load()
	if s == nil || s.byHost[hostname(host)] != nil {
		return "", false
	}
	rest, ok = strings.CutPrefix(path, strings.TrimSuffix(d.publicURL.Path, "/"))
	if !ok || !strings.HasPrefix(rest, "/") {
		return "", false
	}
	first, _, _ := strings.Cut(rest[1:], "/")
	l := s.byID[first]
	return rest, l == nil || len(l.Hosts) > 0 || first == "default"
}

// ByIssuerPath finds the tenant whose issuer has that path on that host.
func (d *Directory) ByIssuerPath(host, path string) (*Live, bool) {
	s := d.snap.Load()
	if s == nil {
		return nil, false
	}
	if l, ok := s.byHost[hostname(host)]; ok {
		return l, l.IssuerPath() == path
	}
	for _, l := range s.byID {
		if len(l.Hosts) == 0 && l.IssuerPath() == path {
			return l, true
		}
	}
	return nil, false
}

// hostname is a Host header without its port, in lower case.
func hostname(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Reserved are the first path segments that no tenant may be called
// (spec/product.md, Endpoints).
var Reserved = map[string]bool{}

func init() {
	for _, s := range strings.Fields(`.well-known authorize token userinfo introspect revoke logout endsession
		checksession par device_authorization device connect register forgot-password personal-details webauthn
		auth-ui admin sessions login profiles consent choose signout verify assets healthz readyz metrics`) {
		Reserved[s] = true
	}
}

// ValidID tells whether id may name a tenant.
func ValidID(id string) bool { return idForm.MatchString(id) && !Reserved[id] }

// Version is the configuration's version of the current snapshot, 0 before the
// first.
func (d *Directory) Version() int64 {
	if s := d.snap.Load(); s != nil {
		return s.version
	}
	return 0
}
