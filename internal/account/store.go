package account

import (
	"context"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
)

// Store is what account needs kept. Every method is one atomic transition.
type Store interface {
	// FindAccount returns the account with sub, or ErrNotFound.
	FindAccount(ctx context.Context, tenant, sub string) (*Account, error)
	// FindByIdentifier returns the account that key signs in, or ErrNotFound.
	FindByIdentifier(ctx context.Context, tenant string, id Identifier) (*Account, error)
	// CreateAccount stores a and claims its identifiers, or ErrTaken.
	CreateAccount(ctx context.Context, tenant string, a *Account, ids []Identifier, e audit.Event) error
	// UpdateProfile replaces profile and verification flags of sub, or ErrNotFound.
	UpdateProfile(ctx context.Context, tenant string, a *Account, e audit.Event) error
	// Rehash replaces the password's hash by another of the same password, only
	// while the old one is still there.
	Rehash(ctx context.Context, tenant, sub, old, new string) error
	// SetPassword replaces the password, ends every session of the account
	// (reason password_changed) but keep, and kills every grant from before.
	SetPassword(ctx context.Context, tenant, sub, hash string, keep int64, now time.Time, e audit.Event) error
	// SetDisabled disables or enables. Disabling ends every session and grant.
	SetDisabled(ctx context.Context, tenant, sub string, disabled bool, now time.Time, e audit.Event) error
	// DeleteAccount removes the account, its identifiers, devices and consents,
	// and ends its sessions and grants. The sub is never used again.
	DeleteAccount(ctx context.Context, tenant, sub string, now time.Time, e audit.Event) error
	// ListAccounts returns accounts in order of sub after cursor, at most limit;
	// query, when set, is the start of an identifier or a sub.
	ListAccounts(ctx context.Context, tenant, query, cursor string, limit int) ([]*Account, error)
}
