package sqlstore

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	sess "github.com/foyer-id/foyer/internal/session"
)

// specs remembers the metadata of clients by its text, which every transition
// reads beside the participants: so it is exact, and parsed once for each change.
type specs struct {
	mu    sync.Mutex
	known map[specKey]knownSpec
}

type specKey struct{ tenant, clientID string }

type knownSpec struct {
	text string
	spec *client.Spec // nil: it cannot be read
}

// maxSpecs bounds what is remembered.
const maxSpecs = 10_000

// of returns the metadata whose text is given, nil when it cannot be read: a
// session ends all the same.
func (c *specs) of(tenant, clientID, text string) *client.Spec {
	if text == "" {
		return nil
	}
	key := specKey{tenant, clientID}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k := c.known[key]; k.text == text {
		return k.spec
	}
	spec := new(client.Spec)
	if json.Unmarshal([]byte(text), spec) != nil {
		spec = nil
	} else {
		spec.ClientID = clientID
	}
	if c.known == nil || len(c.known) >= maxSpecs {
		c.known = make(map[specKey]knownSpec)
	}
	c.known[key] = knownSpec{text, spec}
	return spec
}

// joined is a participant and its metadata, "" of a client that is not
// registered.
type joined struct {
	session        int64
	clientID, spec string
}

// participantsOf lists who took part in some sessions, in the order they joined.
func participantsOf(tx *Tx, tenant string, ids []int64) ([]joined, error) {
	args := make([]any, 0, 1+len(ids))
	args = append(args, tenant)
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := tx.Query(`SELECT p.session, p.client_id, COALESCE(c.spec, '') FROM participants AS p
		LEFT JOIN clients AS c ON c.tenant = p.tenant AND c.client_id = p.client_id
		WHERE p.tenant = $1 AND p.session IN (`+placeholders(2, len(ids))+`) ORDER BY p.session, p.joined_at, p.client_id`, args...)
	return collect(rows, err, func(rows *Rows) (j joined, err error) {
		err = rows.Scan(&j.session, &j.clientID, &j.spec)
		return j, err
	})
}

// tell names the participants of sessions that have ended and writes a job for
// each that hears of it. list is in order of the ids.
func (s *Store) tell(tx *Tx, tenant string, list []logout.Ended, reason sess.Reason, now time.Time) error {
	var jobs []outbox.Job
	gone := map[string]*client.Spec{} // by client
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
			spec, why := s.specs.of(tenant, j.clientID, j.spec), reason
			if j.spec == "" { // deleted, and not told yet of this session (depart)
				why = sess.ClientDeleted
				if spec, err = s.departing(tx, tenant, j.clientID, gone); err != nil {
					return err
				}
			}
			if spec != nil && logout.Hears(spec, why) {
				jobs = append(jobs, logout.Notice(tenant, spec, *x, why))
			}
		}
	}
	return addJob(tx, tenant, now, jobs...)
}
