package sqlstore

import (
	"strings"
	"time"
)

// Store satisfies the Store interfaces of the keepers and judges (satisfies.go)
// on one database. It is safe for concurrent use.
//
// Statements that judge whether something is alive take the tenant as $1, the
// row's id as $2 and the time as $3, so that the conditions below can be
// written once.
type Store struct {
	db    *DB
	specs specs
}

// NewStore returns the Store over db, which must be migrated.
func NewStore(db *DB) *Store { return &Store{db: db} }

// sessionAlive is session.Session.Alive of the row s.
const sessionAlive = `s.ended_at IS NULL AND s.expires_at > $3
	AND (s.idle_timeout = 0 OR s.last_seen + s.idle_timeout > $3)`

// grantAlive is grant.State.Alive of the row g: the rows it depends on are read
// in the statement that changes something, never before it (spec/tokens.md §2).
const grantAlive = grantHolds + ` AND (NOT g.bound OR ` + grantSession + `)`

// codeAlive is grantAlive of a code, which is bound to its session whatever
// becomes of the grant: a logout comes before the redemption or after it.
const codeAlive = grantHolds + ` AND ` + grantSession

const (
	grantHolds = `g.revoked_at IS NULL AND g.expires_at > $3
	AND EXISTS (SELECT 1 FROM accounts AS a WHERE a.tenant = $1 AND a.sub = g.sub
		AND a.disabled_at IS NULL AND a.valid_from <= g.created_at)`
	grantSession = `EXISTS (SELECT 1 FROM sessions AS s
		WHERE s.tenant = $1 AND s.id = g.session AND ` + sessionAlive + `)`
)

// moveConfig tells every node that its snapshot is stale. It comes first in a
// transition: its row is the lock under which configuration changes one by one.
func moveConfig(tx *Tx) error {
	_, err := tx.Exec(`UPDATE versions SET n = n + 1 WHERE name = 'config'`)
	return err
}

// orNull keeps a time that is not set as NULL.
func orNull(t int64) any {
	if t == 0 {
		return nil
	}
	return t
}

// join and split keep lists of words without spaces (amr, scope, audience).
func join(words []string) string { return strings.Join(words, " ") }

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, " ")
}

// collect reads all rows with scan, which is called once for each.
func collect[T any](rows *Rows, err error, scan func(*Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

func micro(t time.Time) int64 { return t.UnixMicro() }
