package client

import (
	"context"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
)

// Errors of the store.
var (
	ErrNotFound = errors.New("client not found")
	ErrVersion  = errors.New("client was changed by somebody else")
	ErrSeen     = errors.New("already used")
)

// Store is what client needs kept. Every method is one atomic transition; those
// that change a client also move the configuration's version.
type Store interface {
	// FindClient returns a client, enabled or not, or ErrNotFound.
	FindClient(ctx context.Context, tenant, clientID string) (*Client, error)
	// ListClients returns clients in order of client_id after cursor, at most limit.
	ListClients(ctx context.Context, tenant, cursor string, limit int) ([]*Client, error)
	// CreateClient stores a new client with Version 1; ErrVersion when it exists.
	CreateClient(ctx context.Context, tenant string, c *Client, e audit.Event) error
	// UpdateClient replaces the client whose stored version is c.Version by c with
	// the next version, or ErrVersion.
	UpdateClient(ctx context.Context, tenant string, c *Client, e audit.Event) error
	// DeleteClient removes the client and with it its grants' life, or
	// ErrNotFound. Its consents and its place in sessions, each of which tells
	// it, follow for certain, in several transitions.
	DeleteClient(ctx context.Context, tenant, clientID string, now time.Time, e audit.Event) error
	// MarkSeen records a single-use id until expiresAt, or ErrSeen when it is
	// there already (private_key_jwt's jti; CA3).
	MarkSeen(ctx context.Context, tenant, kind, id string, now, expiresAt time.Time) error
	// SweepSeen removes expired single-use ids, at most limit.
	SweepSeen(ctx context.Context, now time.Time, limit int) (int, error)
}
