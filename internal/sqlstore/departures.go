package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	sess "github.com/foyer-id/foyer/internal/session"
)

// A client that is deleted is gone at once, in one short transition that leaves
// a departure. What follows from it, however many sessions and people that are,
// is done in several, so that none takes longer than others may wait: whoever
// deleted the client does it, and SweepDepartures when that one was killed.
//
// A session that ends meanwhile tells the client by itself (tell): it ends
// before the transition that takes the client out of it or after.

const (
	// departAtOnce is how many sessions, and how many consents, a client leaves
	// in one transition.
	departAtOnce = 500
	// departFor is how long a departure stays: a node that has not heard of the
	// deletion (a second at most) may still let somebody in.
	departFor = time.Minute
)

const (
	clientSessionIDs = `SELECT p.session FROM participants AS p WHERE p.tenant = $1 AND p.client_id = $2 ORDER BY p.session LIMIT $3`
	clientConsents   = `SELECT sub FROM consents WHERE tenant = $1 AND client_id = $2 LIMIT $3`
	removeDeparture  = `DELETE FROM departures WHERE tenant = $1 AND client_id = $2`
)

// putDeparture leaves a departure of a client that is there.
func putDeparture(tx *Tx, tenant, clientID string, now time.Time) error {
	n, err := tx.Exec(`INSERT INTO departures (tenant, client_id, spec, at)
		SELECT tenant, client_id, spec, $3 FROM clients WHERE tenant = $1 AND client_id = $2
		ON CONFLICT (tenant, client_id) DO UPDATE SET spec = excluded.spec, at = excluded.at`, tenant, clientID, micro(now))
	return changedOne(n, err, client.ErrNotFound)
}

// departing returns the metadata of a client that went a moment ago, nil when
// there is none. known is what was found before.
func (s *Store) departing(tx *Tx, tenant, clientID string, known map[string]*client.Spec) (*client.Spec, error) {
	if spec, ok := known[clientID]; ok {
		return spec, nil
	}
	var text string
	err := tx.QueryRow(`SELECT spec FROM departures WHERE tenant = $1 AND client_id = $2`, tenant, clientID).Scan(&text)
	if err != nil && !errors.Is(err, ErrNoRows) {
		return nil, err
	}
	known[clientID] = s.specs.of(tenant, clientID, text)
	return known[clientID], nil
}

// depart goes on with a departure until nothing is left of the client.
func (s *Store) depart(ctx context.Context, tenant, clientID string, now time.Time) error {
	for {
		more, err := WriteValue(ctx, s.db, func(tx *Tx) (bool, error) { return s.departSome(tx, tenant, clientID, now) })
		if err != nil || !more {
			return err
		}
	}
}

// departSome takes a departed client out of some sessions, tells it of those,
// and removes some consents; more says that there may be others. Who holds the
// departure's row is alone with it.
func (s *Store) departSome(tx *Tx, tenant, clientID string, now time.Time) (more bool, err error) {
	query := `SELECT d.spec, d.at, EXISTS (SELECT 1 FROM clients AS c WHERE c.tenant = $1 AND c.client_id = $2)
		FROM departures AS d WHERE d.tenant = $1 AND d.client_id = $2`
	if !tx.alone {
		query += ` FOR UPDATE`
	}
	var text string
	var at int64
	var again bool // an earlier release made a client of this id
	err = tx.QueryRow(query, tenant, clientID).Scan(&text, &at, &again)
	if errors.Is(err, ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !again {
		sessions, err := s.leaveSessions(tx, tenant, clientID, s.specs.of(tenant, clientID, text), now)
		if err != nil {
			return false, err
		}
		consents, err := removeConsents(tx, tenant, clientID)
		if err != nil {
			return false, err
		}
		more = max(sessions, consents) == departAtOnce
	}
	if again || !more && departureOver(at, now) {
		_, err = tx.Exec(removeDeparture, tenant, clientID)
	}
	return more, err
}

// errDeparting: more is left of a client than one transition removes.
var errDeparting = errors.New("the client is still being removed")

// endDeparture makes room for a client of the same id, or returns errDeparting.
func (s *Store) endDeparture(tx *Tx, tenant, clientID string, now time.Time) error {
	more, err := s.departSome(tx, tenant, clientID, now)
	switch {
	case err != nil:
		return err
	case more:
		return errDeparting
	}
	_, err = tx.Exec(removeDeparture, tenant, clientID)
	return err
}

// leaveSessions takes a client out of some sessions and writes a job for each
// that has not ended: one that has, told by itself. It returns how many.
func (s *Store) leaveSessions(tx *Tx, tenant, clientID string, spec *client.Spec, now time.Time) (int, error) {
	rows, err := tx.Query(clientSessionIDs, tenant, clientID, departAtOnce)
	ids, err := collect(rows, err, scanID)
	if err != nil {
		return 0, err
	}
	var jobs []outbox.Job
	for chunk := range slices.Chunk(ids, bulkRows) {
		args := append(make([]any, 0, 2+len(chunk)), tenant, clientID)
		for _, id := range chunk {
			args = append(args, id)
		}
		if _, err := tx.Exec(`DELETE FROM participants WHERE tenant = $1 AND client_id = $2
			AND session IN (`+placeholders(3, len(chunk))+`)`, args...); err != nil {
			return 0, err
		}
		if spec == nil || !logout.Hears(spec, sess.ClientDeleted) {
			continue
		}
		list, err := notEnded(tx, tenant, chunk)
		if err != nil {
			return 0, err
		}
		for _, x := range list {
			jobs = append(jobs, logout.Notice(tenant, spec, x, sess.ClientDeleted))
		}
	}
	return len(ids), addJob(tx, tenant, now, jobs...)
}

// notEnded are those of some sessions whose end nobody was told of: time may
// have run out for them already.
func notEnded(tx *Tx, tenant string, ids []int64) ([]logout.Ended, error) {
	args := append(make([]any, 0, 1+len(ids)), tenant)
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := tx.Query(`SELECT s.id, s.sid, s.sub FROM sessions AS s WHERE s.tenant = $1
		AND s.id IN (`+placeholders(2, len(ids))+`) AND s.ended_at IS NULL`, args...)
	return collect(rows, err, func(rows *Rows) (x logout.Ended, err error) {
		err = rows.Scan(&x.ID, &x.SID, &x.Sub)
		return x, err
	})
}

// removeConsents removes some of what people allowed a client; it returns how
// many.
func removeConsents(tx *Tx, tenant, clientID string) (int, error) {
	rows, err := tx.Query(clientConsents, tenant, clientID, departAtOnce)
	subs, err := collect(rows, err, func(rows *Rows) (sub string, err error) {
		err = rows.Scan(&sub)
		return sub, err
	})
	if err != nil {
		return 0, err
	}
	for chunk := range slices.Chunk(subs, bulkRows) {
		args := append(make([]any, 0, 2+len(chunk)), tenant, clientID)
		for _, sub := range chunk {
			args = append(args, sub)
		}
		if _, err := tx.Exec(`DELETE FROM consents WHERE tenant = $1 AND client_id = $2
			AND sub IN (`+placeholders(3, len(chunk))+`)`, args...); err != nil {
			return 0, err
		}
	}
	return len(subs), nil
}

// SweepDepartures goes on with departures, the earliest first, at most limit,
// and removes those to which nothing is added any more; it returns how many.
func (s *Store) SweepDepartures(ctx context.Context, now time.Time, limit int) (removed int, err error) {
	type departure struct {
		tenant, clientID string
		at               int64
	}
	rows, err := s.db.Query(ctx, `SELECT tenant, client_id, at FROM departures ORDER BY at LIMIT $1`, limit)
	list, err := collect(rows, err, func(rows *Rows) (d departure, err error) {
		err = rows.Scan(&d.tenant, &d.clientID, &d.at)
		return d, err
	})
	for _, d := range list { // one tenant's trouble is not another's
		failed := s.depart(ctx, d.tenant, d.clientID, now)
		if failed == nil && departureOver(d.at, now) {
			removed++
		}
		err = errors.Join(err, failed)
	}
	if err != nil {
		err = fmt.Errorf("go on with departures: %w", err)
	}
	return removed, err
}

// departureOver tells whether no node can add to what is left any more.
func departureOver(at int64, now time.Time) bool { return at <= micro(now.Add(-departFor)) }
