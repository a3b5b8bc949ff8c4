package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// maxClients bounds how many clients a node has at hand.
	maxClients = 10_000
	// maxUnknown bounds how many unknown ids it remembers.
	maxUnknown = 1_000
	// loadTimeout bounds a read that several requests share.
	loadTimeout = 5 * time.Second
	// pageSize of reading all clients of a tenant.
	pageSize = 500
)

// DirectoryOptions are what a Directory needs.
type DirectoryOptions struct {
	Store Store
	// Version is this node's view of the configuration's version: a number that
	// moves with every change of a client. It is asked at every call.
	Version func() int64
}

// Directory finds clients, from memory while the configuration stands still.
// It is safe for concurrent use.
type Directory struct {
	store   Store
	version func() int64
	loads   singleflight.Group
	current atomic.Pointer[snapshot]
}

// snapshot is what was read under one version of the configuration. What a
// read finds goes to the snapshot that was current when it began, so a read
// that a change overtook is not kept.
type snapshot struct {
	version int64
	clients sync.Map // clientKey → *Client
	known   atomic.Int64
	unknown sync.Map // clientKey → struct{}
	missed  atomic.Int64
	origins sync.Map // tenant → map[string]struct{}
}

type clientKey struct{ tenant, id string }

// NewDirectory returns a Directory.
func NewDirectory(o DirectoryOptions) *Directory {
	d := &Directory{store: o.Store, version: o.Version}
	d.current.Store(&snapshot{version: o.Version()})
	return d
}

// Find returns a client, enabled or not, or ErrNotFound. The client is shared:
// it must not be changed.
func (d *Directory) Find(ctx context.Context, tenant, clientID string) (*Client, error) {
	s, key := d.snapshot(), clientKey{tenant, clientID}
	if c, ok := s.clients.Load(key); ok {
		return c.(*Client), nil
	}
	if _, ok := s.unknown.Load(key); ok || !possible(clientID) {
		return nil, ErrNotFound
	}
	c, err := d.shared(ctx, fmt.Sprintf("%d client %s %s", s.version, tenant, clientID), func(ctx context.Context) (any, error) {
		c, err := d.store.FindClient(ctx, tenant, clientID)
		switch {
		case err == nil:
			keep(&s.clients, &s.known, maxClients, key, c)
		case errors.Is(err, ErrNotFound):
			keep(&s.unknown, &s.missed, maxUnknown, key, struct{}{})
		}
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("find client: %w", err)
	}
	return c.(*Client), nil
}

// possible tells whether a client can have that id (RFC 6749 App. A.1: VSCHAR).
// Others never reach the database: PostgreSQL stores no NUL and would fail.
func possible(clientID string) bool {
	return clientID != "" && len(clientID) <= 200 && printableASCII(clientID)
}

// snapshot returns the one of the configuration's version, a fresh one when it
// has moved.
func (d *Directory) snapshot() *snapshot {
	version := d.version()
	for {
		s := d.current.Load()
		if s.version == version {
			return s
		}
		next := &snapshot{version: version}
		if d.current.CompareAndSwap(s, next) {
			return next
		}
	}
}

// shared runs a read once for all who want the same; none of them can cancel it
// for the others, and each stops waiting when its own context ends.
func (d *Directory) shared(ctx context.Context, key string, read func(context.Context) (any, error)) (any, error) {
	answer := d.loads.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return read(ctx)
	})
	select {
	case r := <-answer:
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// keep stores a value; at the bound it makes room by dropping any other.
func keep(m *sync.Map, n *atomic.Int64, bound int64, key, value any) {
	if _, had := m.Swap(key, value); had {
		return
	}
	if n.Add(1) <= bound {
		return
	}
	m.Range(func(old, _ any) bool {
		if old == key {
			return true
		}
		if _, had := m.LoadAndDelete(old); had {
			n.Add(-1)
		}
		return false
	})
}
