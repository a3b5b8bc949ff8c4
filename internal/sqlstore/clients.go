package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
)

const clientColumns = `client_id, version, created_at, origin, spec, secrets`

func scanClient(scan func(...any) error) (*client.Client, error) {
	c := new(client.Client)
	var id, spec, secrets string
	err := scan(&id, &c.Version, &c.CreatedAt, &c.Origin, &spec, &secrets)
	if errors.Is(err, ErrNoRows) {
		return nil, client.ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal([]byte(spec), &c.Spec)
	}
	if err == nil {
		err = json.Unmarshal([]byte(secrets), &c.Secrets)
	}
	if err != nil {
		return nil, fmt.Errorf("read client %s: %w", id, err)
	}
	c.ClientID = id
	return c, nil
}

// FindClient implements client.Store.
func (s *Store) FindClient(ctx context.Context, tenant, clientID string) (*client.Client, error) {
	return scanClient(s.db.QueryRow(ctx, `SELECT `+clientColumns+` FROM clients WHERE tenant = $1 AND client_id = $2`,
		tenant, clientID).Scan)
}

// ListClients implements client.Store.
func (s *Store) ListClients(ctx context.Context, tenant, cursor string, limit int) ([]*client.Client, error) {
	rows, err := s.db.Query(ctx, `SELECT `+clientColumns+` FROM clients
		WHERE tenant = $1 AND client_id > $2 ORDER BY client_id LIMIT $3`, tenant, cursor, limit)
	return collect(rows, err, func(rows *Rows) (*client.Client, error) { return scanClient(rows.Scan) })
}

// marshalClient returns the stored JSON of the metadata and of the secrets.
func marshalClient(c *client.Client) (spec, secrets string, err error) {
	a, err := json.Marshal(&c.Spec)
	if err != nil {
		return "", "", fmt.Errorf("store client: %w", err)
	}
	b, err := json.Marshal(c.Secrets)
	if err != nil {
		return "", "", fmt.Errorf("store client: %w", err)
	}
	return string(a), string(b), nil
}

// CreateClient implements client.Store. What an earlier client of this id left
// is none of the new one's.
func (s *Store) CreateClient(ctx context.Context, tenant string, c *client.Client, e audit.Event) error {
	spec, secrets, err := marshalClient(c)
	if err != nil {
		return err
	}
	for {
		err = s.changeConfig(ctx, tenant, e, func(tx *Tx) error {
			if err := s.endDeparture(tx, tenant, c.ClientID, time.UnixMicro(c.CreatedAt)); err != nil {
				return err
			}
			n, err := tx.Exec(`INSERT INTO clients (tenant, client_id, version, created_at, origin, spec, secrets)
				VALUES ($1, $2, 1, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
				tenant, c.ClientID, c.CreatedAt, string(c.Origin), spec, secrets)
			return changedOne(n, err, client.ErrVersion)
		})
		if !errors.Is(err, errDeparting) {
			return err
		}
		if err := s.depart(ctx, tenant, c.ClientID, time.UnixMicro(c.CreatedAt)); err != nil {
			return err
		}
	}
}

// UpdateClient implements client.Store. When the client was made stays as it is.
func (s *Store) UpdateClient(ctx context.Context, tenant string, c *client.Client, e audit.Event) error {
	spec, secrets, err := marshalClient(c)
	if err != nil {
		return err
	}
	return s.changeConfig(ctx, tenant, e, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE clients SET version = version + 1, origin = $4, spec = $5, secrets = $6
			WHERE tenant = $1 AND client_id = $2 AND version = $3`,
			tenant, c.ClientID, c.Version, string(c.Origin), spec, secrets)
		return changedOne(n, err, client.ErrVersion)
	})
}

// DeleteClient implements client.Store. Its grants stay until they are swept
// and are dead without a statement: there is no client, and a later one with
// the same id has a CreatedAt after theirs (MT3). Once it is gone, what is left
// of it is removed for certain, so that a failure of that is none of the
// deletion (depart).
func (s *Store) DeleteClient(ctx context.Context, tenant, clientID string, now time.Time, e audit.Event) error {
	err := s.db.Write(ctx, func(tx *Tx) error {
		if err := moveConfig(tx); err != nil {
			return err
		}
		if err := putDeparture(tx, tenant, clientID, now); err != nil {
			return err
		}
		n, err := tx.Exec(`DELETE FROM clients WHERE tenant = $1 AND client_id = $2`, tenant, clientID)
		if err := changedOne(n, err, client.ErrNotFound); err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, now, e)
	})
	if err == nil {
		_ = s.depart(ctx, tenant, clientID, now)
	}
	return err
}

// MarkSeen implements client.Store. An id that has expired and was not swept
// yet counts as new.
func (s *Store) MarkSeen(ctx context.Context, tenant, kind, id string, now, expiresAt time.Time) error {
	n, err := s.db.WriteOne(ctx, `INSERT INTO seen (tenant, kind, id, expires_at) VALUES ($1, $2, $3, $5)
		ON CONFLICT (tenant, kind, id) DO UPDATE SET expires_at = excluded.expires_at WHERE seen.expires_at <= $4`,
		tenant, kind, id, micro(now), micro(expiresAt))
	return changedOne(n, err, client.ErrSeen)
}
