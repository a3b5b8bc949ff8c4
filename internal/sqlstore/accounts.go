package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
)

// personColumns of the row a, which may be absent (LEFT JOIN): sub is "" then.
const personColumns = `COALESCE(a.sub, ''), COALESCE(a.created_at, 0), COALESCE(a.updated_at, 0),
	COALESCE(a.disabled_at, 0), COALESCE(a.valid_from, 0), COALESCE(a.email, ''), COALESCE(a.email_verified, FALSE),
	COALESCE(a.mobile, ''), COALESCE(a.mobile_verified, FALSE), COALESCE(a.profile, '')`

// accountColumns are personColumns and the password's, of a row that is there.
const accountColumns = personColumns + `, a.password_hash, a.password_changed_at`

// accountRow is where accountColumns or personColumns are scanned.
type accountRow struct {
	account.Account
	profile string
}

func (r *accountRow) dest() []any {
	return append(r.person(nil), &r.PasswordHash, &r.PasswordChangedAt)
}

// person appends the destinations of personColumns.
func (r *accountRow) person(d []any) []any {
	a := &r.Account
	return append(d, &a.Sub, &a.CreatedAt, &a.UpdatedAt, &a.DisabledAt, &a.ValidFrom,
		&a.Email, &a.EmailVerified, &a.Mobile, &a.MobileVerified, &r.profile)
}

// account returns what was scanned, nil when the row was absent.
func (r *accountRow) account() (*account.Account, error) {
	if r.Sub == "" {
		return nil, nil
	}
	if r.profile != "{}" {
		if err := readProfile(r.profile, &r.Profile); err != nil {
			return nil, fmt.Errorf("read profile of %s: %w", r.Sub, err)
		}
	}
	return &r.Account, nil
}

func readAccount(row *Row) (*account.Account, error) {
	r := new(accountRow)
	err := row.Scan(r.dest()...)
	if errors.Is(err, ErrNoRows) {
		return nil, account.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	return r.account()
}

// FindAccount implements account.Store.
func (s *Store) FindAccount(ctx context.Context, tenant, sub string) (*account.Account, error) {
	return readAccount(s.db.QueryRow(ctx, `SELECT `+accountColumns+`
		FROM accounts AS a WHERE a.tenant = $1 AND a.sub = $2`, tenant, sub))
}

// FindByIdentifier implements account.Store.
func (s *Store) FindByIdentifier(ctx context.Context, tenant string, id account.Identifier) (*account.Account, error) {
	return readAccount(s.db.QueryRow(ctx, `SELECT `+accountColumns+`
		FROM identifiers AS i JOIN accounts AS a ON a.tenant = i.tenant AND a.sub = i.sub
		WHERE i.tenant = $1 AND i.kind = $2 AND i.key = $3`, tenant, string(id.Kind), id.Key))
}

// ListAccounts implements account.Store. The search compares prefixes by
// characters, not by order, because PostgreSQL's order is the database's
// collation; so it reads the tenant's identifiers.
func (s *Store) ListAccounts(ctx context.Context, tenant, query, cursor string, limit int) ([]*account.Account, error) {
	text := `SELECT ` + accountColumns + ` FROM accounts AS a WHERE a.tenant = $1 AND a.sub > $2`
	args := []any{tenant, cursor, limit}
	if query != "" {
		text += ` AND (substr(a.sub, 1, $5) = $4 OR a.sub IN (SELECT i.sub FROM identifiers AS i
			WHERE i.tenant = $1 AND i.kind <> 'tombstone' AND substr(i.key, 1, $5) = $4))`
		args = append(args, query, len([]rune(query)))
	}
	rows, err := s.db.Query(ctx, text+` ORDER BY a.sub LIMIT $3`, args...)
	list, err := collect(rows, err, func(rows *Rows) (*account.Account, error) {
		r := new(accountRow)
		if err := rows.Scan(r.dest()...); err != nil {
			return nil, err
		}
		return r.account()
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

// CreateAccount implements account.Store. The sub of a deleted account is
// taken for ever (MT3): its tombstone is looked for after the row is there, so
// that a deletion under way is waited for.
func (s *Store) CreateAccount(ctx context.Context, tenant string, a *account.Account, ids []account.Identifier, e audit.Event) error {
	profile, err := json.Marshal(a.Profile)
	if err != nil {
		return fmt.Errorf("create account: %w", err)
	}
	return s.db.Write(ctx, func(tx *Tx) error {
		if err := insertAccount(tx, tenant, a, string(profile)); err != nil {
			return err
		}
		if err := claim(tx, tenant, a.Sub, ids, s.db.now()); err != nil {
			return err
		}
		return writeAudit(ctx, tx, tenant, s.db.now(), e)
	})
}

func insertAccount(tx *Tx, tenant string, a *account.Account, profile string) error {
	n, err := tx.Exec(`INSERT INTO accounts (tenant, sub, created_at, updated_at, disabled_at, valid_from, password_hash,
			password_changed_at, email, email_verified, mobile, mobile_verified, profile)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
		tenant, a.Sub, a.CreatedAt, a.UpdatedAt, orNull(a.DisabledAt), a.ValidFrom, a.PasswordHash,
		a.PasswordChangedAt, a.Email, a.EmailVerified, a.Mobile, a.MobileVerified, profile)
	if err := changedOne(n, err, account.ErrTaken); err != nil {
		return err
	}
	var dead bool
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM identifiers WHERE tenant = $1 AND kind = 'tombstone' AND key = $2)`,
		tenant, a.Sub).Scan(&dead)
	if err == nil && dead {
		err = account.ErrTaken
	}
	return err
}

// claim gives identifiers to sub; each has one account (I7).
func claim(tx *Tx, tenant, sub string, ids []account.Identifier, now time.Time) error {
	for _, id := range ids {
		n, err := tx.Exec(`INSERT INTO identifiers (tenant, kind, key, sub, added_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
			tenant, string(id.Kind), id.Key, sub, micro(now))
		if err != nil {
			return err
		}
		if n == 0 {
			return account.ErrTaken
		}
	}
	return nil
}

// UpdateProfile implements account.Store.
func (s *Store) UpdateProfile(ctx context.Context, tenant string, a *account.Account, e audit.Event) error {
	profile, err := json.Marshal(a.Profile)
	if err != nil {
		return fmt.Errorf("update profile: %w", err)
	}
	return s.db.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`UPDATE accounts SET profile = $3, email_verified = $4, mobile_verified = $5, updated_at = $6
			WHERE tenant = $1 AND sub = $2`, tenant, a.Sub, string(profile), a.EmailVerified, a.MobileVerified, a.UpdatedAt)
		if err != nil {
			return err
		}
		if n == 0 {
			return account.ErrNotFound
		}
		return writeAudit(ctx, tx, tenant, s.db.now(), e)
	})
}
