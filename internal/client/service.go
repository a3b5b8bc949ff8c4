package client

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/secret"
)

// Service changes clients: every rule is checked, every finding collected, and
// the change is one store call with its version and audit event. The command
// line, tenant files, the API and the console call it.
type Service struct {
	store Store
	now   func() time.Time
}

// NewService returns a Service.
func NewService(s Store, now func() time.Time) *Service { return &Service{store: s, now: now} }

// Result is a change that was made.
type Result struct {
	Client *Client
	// Secret is the secret that was made, to be shown once; "" when none was.
	Secret   string
	Warnings []Finding
}

// Create stores a new client made by cc.Origin. Without a client_id it gets
// one, without a secret that its method needs it gets one. The error is a
// *FindingsError, ErrVersion when the id is taken, or the store's.
func (s *Service) Create(ctx context.Context, tenant string, spec Spec, cc CheckContext) (Result, error) {
	now := s.now()
	if spec.ClientID == "" && cc.Origin != FromFile {
		spec.ClientID = secret.Random(15)
	}
	findings, warnings := Check(&spec, cc)
	if len(findings) > 0 {
		return Result{}, &FindingsError{findings}
	}
	c := &Client{Version: 1, CreatedAt: now.UnixMicro(), Origin: cc.Origin}
	made := setSpec(c, spec, now)
	e := audit.Event{Kind: audit.ClientCreated, ClientID: c.ClientID, Data: map[string]string{"origin": string(c.Origin)}}
	if err := s.store.CreateClient(ctx, tenant, c, e); err != nil {
		return Result{}, fmt.Errorf("create client: %w", err)
	}
	return Result{c, made, warnings}, nil
}

// Update replaces the metadata of the client that has the given version (0: any).
// A ClientSecret in spec becomes the only secret, unless it is a live one
// already; without one the secrets stay, as far as the method needs any. The error is a *FindingsError, ErrNotFound,
// ErrVersion or the store's.
func (s *Service) Update(ctx context.Context, tenant string, spec Spec, version int64, cc CheckContext) (Result, error) {
	c, err := s.load(ctx, tenant, spec.ClientID, version)
	if err != nil {
		return Result{}, err
	}
	cc.Origin = c.Origin // who made it decides the rules, whoever changes it
	findings, warnings := Check(&spec, cc)
	if len(findings) > 0 {
		return Result{}, &FindingsError{findings}
	}
	made := setSpec(c, spec, s.now())
	e := audit.Event{Kind: audit.ClientUpdated, ClientID: c.ClientID, Data: versions(c)}
	if err := s.store.UpdateClient(ctx, tenant, c, e); err != nil {
		return Result{}, fmt.Errorf("update client: %w", err)
	}
	c.Version++
	return Result{c, made, warnings}, nil
}

// RotateSecret gives a client a new secret, shown once; the one in use stays
// good for overlap. A client whose method needs none is refused.
func (s *Service) RotateSecret(ctx context.Context, tenant, clientID string, overlap time.Duration) (Result, error) {
	c, err := s.load(ctx, tenant, clientID, 0)
	if err != nil {
		return Result{}, err
	}
	if !needsSecret(c.Method()) {
		return Result{}, &FindingsError{[]Finding{{"/token_endpoint_auth_method", c.Method() + " has no secret to rotate", "RFC 6749 §2.3.1"}}}
	}
	made := Rotate(c, overlap, s.now())
	e := audit.Event{Kind: audit.ClientSecret, ClientID: c.ClientID, Data: versions(c)}
	if err := s.store.UpdateClient(ctx, tenant, c, e); err != nil {
		return Result{}, fmt.Errorf("rotate client secret: %w", err)
	}
	c.Version++
	return Result{Client: c, Secret: made}, nil
}

// Delete removes a client, what it was allowed and what it holds; ErrNotFound.
func (s *Service) Delete(ctx context.Context, tenant, clientID string) error {
	e := audit.Event{Kind: audit.ClientDeleted, ClientID: clientID}
	if err := s.store.DeleteClient(ctx, tenant, clientID, s.now(), e); err != nil {
		return fmt.Errorf("delete client: %w", err)
	}
	return nil
}

// Find returns a client as it is stored now, or ErrNotFound.
func (s *Service) Find(ctx context.Context, tenant, clientID string) (*Client, error) {
	return s.load(ctx, tenant, clientID, 0)
}

// List returns clients in order of client_id after cursor, at most limit.
func (s *Service) List(ctx context.Context, tenant, cursor string, limit int) ([]*Client, error) {
	list, err := s.store.ListClients(ctx, tenant, cursor, limit)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	return list, nil
}

func (s *Service) load(ctx context.Context, tenant, clientID string, version int64) (*Client, error) {
	c, err := s.store.FindClient(ctx, tenant, clientID)
	if err != nil {
		return nil, fmt.Errorf("load client: %w", err)
	}
	if version != 0 && version != c.Version {
		return nil, fmt.Errorf("load client: %w", ErrVersion)
	}
	return c, nil
}

// setSpec gives c the metadata and the secret that its method needs, and
// returns a secret that had to be made. The spec itself keeps no secret.
func setSpec(c *Client, spec Spec, now time.Time) (made string) {
	given := spec.ClientSecret
	spec.ClientSecret = ""
	c.Spec = spec
	switch {
	case !needsSecret(c.Method()):
		c.Secrets = nil
	case given != "" && !slices.ContainsFunc(liveSecrets(c, now), func(s Secret) bool { return s.Hash == HashSecret(given) }):
		replaceSecret(c, given, 0, now)
	case given == "" && len(liveSecrets(c, now)) == 0:
		made = Rotate(c, 0, now)
	}
	return made
}

func versions(c *Client) map[string]string {
	return map[string]string{"version": strconv.FormatInt(c.Version+1, 10)}
}
