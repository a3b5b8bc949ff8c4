package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/throttle"
)

var _ throttle.Store = (*DB)(nil)

// errDecided ends a transition that has its answer and keeps nothing.
type errDecided struct{ throttle.Decision }

func (errDecided) Error() string { return "throttle: nothing to keep" }

// TakeThrottle implements [throttle.Store].
func (d *DB) TakeThrottle(ctx context.Context, tenant string, takes []throttle.Take, now time.Time) (throttle.Decision, error) {
	keys := make([]string, len(takes))
	for i, t := range takes {
		keys[i] = t.Key
	}
	decision, err := WriteValue(ctx, d, func(tx *Tx) (throttle.Decision, error) {
		states, err := lockThrottle(tx, tenant, keys)
		if err != nil {
			return throttle.Decision{}, err
		}
		decision, err := throttle.Decide(states, takes, now)
		if err != nil {
			return throttle.Decision{}, err
		}
		if decision.Changes == nil {
			return throttle.Decision{}, errDecided{decision}
		}
		return decision, keepThrottle(tx, tenant, keys, decision.Changes)
	})
	if refused, ok := errors.AsType[errDecided](err); ok {
		return refused.Decision, nil
	}
	return decision, err
}

// RefundThrottle implements [throttle.Store].
func (d *DB) RefundThrottle(ctx context.Context, tenant string, charges []string) error {
	return d.Write(ctx, func(tx *Tx) error { return forgive(tx, tenant, charges) })
}

// forgive gives throttle charges back inside another transition, because the
// attempt they were for was right.
func forgive(tx *Tx, tenant string, charges []string) error {
	if len(charges) == 0 {
		return nil
	}
	keys := make([]string, len(charges))
	refunds := make([]func(string) (throttle.Change, error), len(charges))
	for i, c := range charges {
		var err error
		if keys[i], refunds[i], err = throttle.ParseCharge(c); err != nil {
			return err
		}
	}
	states, err := lockThrottle(tx, tenant, keys)
	if err != nil {
		return err
	}
	changes := make([]throttle.Change, len(charges))
	for i, refund := range refunds {
		if changes[i], err = refund(states[i]); err != nil {
			return err
		}
	}
	return keepThrottle(tx, tenant, keys, changes)
}

// SweepThrottle implements [throttle.Store]. There is no index on expires_at:
// it would be rewritten with every charge, and looking through the table, which
// holds what was tried in the last minutes, is a read that holds nobody up.
func (d *DB) SweepThrottle(ctx context.Context, now time.Time, limit int) (int, error) {
	expired, err := d.expiredThrottle(ctx, now, limit)
	if err != nil || len(expired) == 0 {
		return 0, err
	}
	return WriteValue(ctx, d, func(tx *Tx) (int, error) {
		removed := 0
		for _, k := range expired {
			// The condition again: the key may have been charged meanwhile.
			n, err := tx.Exec(`DELETE FROM throttle WHERE tenant = $1 AND key = $2 AND expires_at <= $3`,
				k.tenant, k.key, now.UnixMicro())
			if err != nil {
				return 0, err
			}
			removed += int(n)
		}
		return removed, nil
	})
}

type throttleKey struct{ tenant, key string }

func (d *DB) expiredThrottle(ctx context.Context, now time.Time, limit int) ([]throttleKey, error) {
	rows, err := d.Query(ctx, `SELECT tenant, key FROM throttle WHERE expires_at <= $1 LIMIT $2`, now.UnixMicro(), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []throttleKey
	for rows.Next() {
		var k throttleKey
		if err := rows.Scan(&k.tenant, &k.key); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// lockThrottle returns the state of each key, "" for none yet, and locks their
// rows, in the order given, until the transition ends: an update that changes
// nothing does both on either database.
func lockThrottle(tx *Tx, tenant string, keys []string) ([]string, error) {
	args := []any{tenant}
	var b strings.Builder
	b.WriteString(`INSERT INTO throttle (tenant, key, state, expires_at) VALUES `)
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		args = append(args, k)
		b.WriteString("($1, $" + strconv.Itoa(i+2) + ", '', 0)")
	}
	b.WriteString(` ON CONFLICT (tenant, key) DO UPDATE SET expires_at = throttle.expires_at RETURNING key, state`)
	rows, err := tx.Query(b.String(), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := make(map[string]string, len(keys))
	for rows.Next() {
		var key, state string
		if err := rows.Scan(&key, &state); err != nil {
			return nil, err
		}
		found[key] = state
	}
	states := make([]string, len(keys))
	for i, k := range keys {
		states[i] = found[k]
	}
	return states, rows.Err()
}

// keepThrottle writes the states of locked rows.
func keepThrottle(tx *Tx, tenant string, keys []string, changes []throttle.Change) error {
	args := []any{tenant}
	var b strings.Builder
	b.WriteString(`INSERT INTO throttle (tenant, key, state, expires_at) VALUES `)
	for i, k := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		n := len(args)
		args = append(args, k, changes[i].State, changes[i].ExpiresAt)
		b.WriteString("($1, $" + strconv.Itoa(n+1) + ", $" + strconv.Itoa(n+2) + ", $" + strconv.Itoa(n+3) + ")")
	}
	b.WriteString(` ON CONFLICT (tenant, key) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at`)
	_, err := tx.Exec(b.String(), args...)
	return err
}
