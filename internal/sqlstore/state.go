package sqlstore

import (
	"errors"
	"fmt"

	"github.com/foyer-id/foyer/internal/grant"
)

// stateColumns of the grant g, its session s and its account a, each of which
// may be absent: the id is 0 then. The time is $3. No token needs the password's
// hash or the code's: codeColumns are for the code itself.
const (
	stateColumns = `COALESCE(g.id, 0), COALESCE(g.client_id, ''), COALESCE(g.sub, ''), COALESCE(g.session, 0),
	COALESCE(g.bound, FALSE), COALESCE(g.created_at, 0), COALESCE(g.expires_at, 0), COALESCE(g.revoked_at, 0), COALESCE(g.spec, ''),
	COALESCE(g.session = 0 OR (s.id IS NOT NULL AND ` + sessionAlive + `), FALSE), ` + personColumns
	codeColumns = `g.code_hash, g.code_expires_at, COALESCE(g.code_used_at, 0), `
)

const stateJoins = ` LEFT JOIN sessions AS s ON s.tenant = g.tenant AND s.id = g.session
	LEFT JOIN accounts AS a ON a.tenant = g.tenant AND a.sub = g.sub`

// stateRow is where stateColumns are scanned.
type stateRow struct {
	grant.State
	spec string
	acct accountRow
}

// dest returns own's destinations and then those of stateColumns.
func (r *stateRow) dest(own ...any) []any {
	s := &r.State
	d := append(make([]any, 0, 32), own...)
	d = append(d, &s.ID, &s.ClientID, &s.Sub, &s.Session, &s.Bound, &s.CreatedAt, &s.ExpiresAt, &s.RevokedAt, &r.spec, &s.SessionAlive)
	return r.acct.person(d)
}

// state returns what was scanned, grant.ErrNotFound when there was no grant.
func (r *stateRow) state() (*grant.State, error) {
	if r.ID == 0 {
		return nil, grant.ErrNotFound
	}
	if err := readSpec(r.spec, &r.Spec); err != nil {
		return nil, fmt.Errorf("read grant: %w", err)
	}
	var err error
	r.Account, err = r.acct.account()
	return &r.State, err
}

// grantError makes an absent row grant.ErrNotFound.
func grantError(doing string, err error) error {
	if errors.Is(err, ErrNoRows) {
		return grant.ErrNotFound
	}
	return fmt.Errorf("%s: %w", doing, err)
}
