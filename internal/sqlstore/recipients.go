package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	sess "github.com/foyer-id/foyer/internal/session"
)

// specs remembers the metadata of clients by the version that a transition has
// read beside its participants: it is exact, and parsed once for each version.
type specs struct{ m sync.Map }

type specKey struct{ tenant, clientID string }

type specVersion struct {
	version, createdAt int64
	spec               *client.Spec
}

// at returns the metadata of a client at a version.
func (c *specs) at(tx *Tx, tenant, clientID string, version, createdAt int64) (*client.Spec, error) {
	key := specKey{tenant, clientID}
	if v, ok := c.m.Load(key); ok {
		if v := v.(specVersion); v.version == version && v.createdAt == createdAt {
			return v.spec, nil
		}
	}
	var text string
	err := tx.QueryRow(`SELECT spec FROM clients WHERE tenant = $1 AND client_id = $2`, tenant, clientID).Scan(&text)
	if err != nil {
		return nil, err
	}
	spec := new(client.Spec)
	if err := json.Unmarshal([]byte(text), spec); err != nil {
		return nil, fmt.Errorf("read client %s: %w", clientID, err)
	}
	spec.ClientID = clientID
	c.m.Store(key, specVersion{version, createdAt, spec})
	return spec, nil
}

type joined struct {
	clientID           string
	version, createdAt int64
}

// participantsOf lists who took part in a session, in the order they joined;
// version 0 is a client that is not registered.
func participantsOf(tx *Tx, tenant string, id int64) ([]joined, error) {
	rows, err := tx.Query(`SELECT p.client_id, COALESCE(c.version, 0), COALESCE(c.created_at, 0) FROM participants AS p
		LEFT JOIN clients AS c ON c.tenant = p.tenant AND c.client_id = p.client_id
		WHERE p.tenant = $1 AND p.session = $2 ORDER BY p.joined_at, p.client_id`, tenant, id)
	return collect(rows, err, func(rows *Rows) (j joined, err error) {
		err = rows.Scan(&j.clientID, &j.version, &j.createdAt)
		return j, err
	})
}

// tell names the participants of a session that has ended and writes a job for
// each that hears of it.
func (s *Store) tell(tx *Tx, tenant string, x *logout.Ended, reason sess.Reason, now time.Time) error {
	list, err := participantsOf(tx, tenant, x.ID)
	if err != nil {
		return err
	}
	for _, j := range list {
		x.Participants = append(x.Participants, j.clientID)
		if j.version == 0 {
			continue
		}
		spec, err := s.specs.at(tx, tenant, j.clientID, j.version, j.createdAt)
		if err != nil {
			return err
		}
		if !logout.Hears(spec, reason) {
			continue
		}
		if err := addJob(tx, tenant, now, logout.Notice(tenant, spec, *x, reason)); err != nil {
			return err
		}
	}
	return nil
}

// tellDeleted writes a job for each live session that a client takes part in:
// the client is going, the sessions stay.
func (s *Store) tellDeleted(tx *Tx, tenant, clientID string, now time.Time) error {
	var j joined
	err := tx.QueryRow(`SELECT client_id, version, created_at FROM clients WHERE tenant = $1 AND client_id = $2`,
		tenant, clientID).Scan(&j.clientID, &j.version, &j.createdAt)
	if errors.Is(err, ErrNoRows) {
		return client.ErrNotFound
	}
	if err != nil {
		return err
	}
	spec, err := s.specs.at(tx, tenant, clientID, j.version, j.createdAt)
	if err != nil || !logout.Hears(spec, sess.ClientDeleted) {
		return err
	}
	rows, err := tx.Query(sessionsOfClient, tenant, clientID, micro(now))
	list, err := collect(rows, err, func(rows *Rows) (x logout.Ended, err error) {
		err = rows.Scan(&x.ID, &x.SID, &x.Sub)
		return x, err
	})
	if err != nil {
		return err
	}
	for _, x := range list {
		if err := addJob(tx, tenant, now, logout.Notice(tenant, spec, x, sess.ClientDeleted)); err != nil {
			return err
		}
	}
	return nil
}

// A sub-select makes SQLite use the index (accountSessions).
const sessionsOfClient = `SELECT s.id, s.sid, s.sub FROM sessions AS s WHERE s.tenant = $1
	AND s.id IN (SELECT p.session FROM participants AS p WHERE p.tenant = $1 AND p.client_id = $2) AND ` + sessionAlive + `
	ORDER BY s.id`
