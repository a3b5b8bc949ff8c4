package sqlstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
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

// at returns the metadata of a client at a version, nil when it was deleted
// since that was read: the deletion has told it of the session.
func (c *specs) at(tx *Tx, tenant, clientID string, version, createdAt int64) (*client.Spec, error) {
	key := specKey{tenant, clientID}
	if v, ok := c.m.Load(key); ok {
		if v := v.(specVersion); v.version == version && v.createdAt == createdAt {
			return v.spec, nil
		}
	}
	var text string
	err := tx.QueryRow(`SELECT spec FROM clients WHERE tenant = $1 AND client_id = $2`, tenant, clientID).Scan(&text)
	if errors.Is(err, ErrNoRows) {
		return nil, nil
	}
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

// joined is a participant, and which metadata it has; version 0 is a client that
// is not registered.
type joined struct {
	session            int64
	clientID           string
	version, createdAt int64
}

// participantsOf lists who took part in some sessions, in the order they joined.
func participantsOf(tx *Tx, tenant string, ids []int64) ([]joined, error) {
	args := make([]any, 0, 1+len(ids))
	args = append(args, tenant)
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := tx.Query(`SELECT p.session, p.client_id, COALESCE(c.version, 0), COALESCE(c.created_at, 0) FROM participants AS p
		LEFT JOIN clients AS c ON c.tenant = p.tenant AND c.client_id = p.client_id
		WHERE p.tenant = $1 AND p.session IN (`+placeholders(2, len(ids))+`) ORDER BY p.session, p.joined_at, p.client_id`, args...)
	return collect(rows, err, func(rows *Rows) (j joined, err error) {
		err = rows.Scan(&j.session, &j.clientID, &j.version, &j.createdAt)
		return j, err
	})
}

// tell names the participants of sessions that have ended and writes a job for
// each that hears of it. list is in order of the ids.
func (s *Store) tell(tx *Tx, tenant string, list []logout.Ended, reason sess.Reason, now time.Time) error {
	var jobs []outbox.Job
	for chunk := range slices.Chunk(list, bulkRows) {
		ids := make([]int64, len(chunk))
		for i, x := range chunk {
			ids[i] = x.ID
		}
		all, err := participantsOf(tx, tenant, ids)
		if err != nil {
			return err
		}
		for _, j := range all {
			i, _ := slices.BinarySearch(ids, j.session)
			x := &chunk[i]
			x.Participants = append(x.Participants, j.clientID)
			if j.version == 0 {
				continue
			}
			spec, err := s.specs.at(tx, tenant, j.clientID, j.version, j.createdAt)
			if err != nil {
				return err
			}
			if spec != nil && logout.Hears(spec, reason) {
				jobs = append(jobs, logout.Notice(tenant, spec, *x, reason))
			}
		}
	}
	return addJob(tx, tenant, now, jobs...)
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
	if err != nil || spec == nil || !logout.Hears(spec, sess.ClientDeleted) {
		return err
	}
	list, err := sessionsOfClient(tx, tenant, clientID, now)
	if err != nil {
		return err
	}
	jobs := make([]outbox.Job, len(list))
	for i, x := range list {
		jobs[i] = logout.Notice(tenant, spec, x, sess.ClientDeleted)
	}
	return addJob(tx, tenant, now, jobs...)
}

const clientSessionIDs = `SELECT p.session FROM participants AS p WHERE p.tenant = $1 AND p.client_id = $2 ORDER BY p.session`

// sessionsOfClient are the live ones. No join: of tables that it knows nothing
// about yet PostgreSQL compares each row with each.
func sessionsOfClient(tx *Tx, tenant, clientID string, now time.Time) (list []logout.Ended, err error) {
	rows, err := tx.Query(clientSessionIDs, tenant, clientID)
	ids, err := collect(rows, err, scanID)
	for chunk := range slices.Chunk(ids, bulkRows) {
		args := append(make([]any, 0, 3+len(chunk)), tenant, chunk[0], micro(now))
		for _, id := range chunk {
			args = append(args, id)
		}
		rows, err := tx.Query(`SELECT s.id, s.sid, s.sub FROM sessions AS s WHERE s.tenant = $1 AND s.id >= $2
			AND s.id IN (`+placeholders(4, len(chunk))+`) AND `+sessionAlive, args...)
		part, err := collect(rows, err, func(rows *Rows) (x logout.Ended, err error) {
			err = rows.Scan(&x.ID, &x.SID, &x.Sub)
			return x, err
		})
		if err != nil {
			return nil, err
		}
		list = append(list, part...)
	}
	return list, err
}
