package keys

import (
	"context"
	"errors"
	"time"
)

// Record is a key as it is stored. Times are Unix microseconds, 0 when not set.
// Nothing but RevokedAt ever changes.
type Record struct {
	KID       string // RFC 7638 thumbprint
	Alg       Alg
	CreatedAt int64
	SignFrom  int64  // signs from here on until a later key does
	RevokedAt int64  // verifies nothing from here on
	Public    string // JWK, public members only; for people to read
	Sealed    string // PKCS #8 under the master key; the only source of the ring's keys
}

// Store keeps the records of each tenant.
type Store interface {
	// Keys returns all records of a tenant, revoked ones too, in an order
	// that stays the same.
	Keys(ctx context.Context, tenant string) ([]Record, error)

	// AddKey adds a record unless an unrevoked key of the same algorithm signs
	// from later than unlessAfter (Unix microseconds): -1 adds the first key
	// only, now adds a successor only when none is announced, Always always
	// adds. Of several nodes adding at once, one is told added.
	AddKey(ctx context.Context, tenant string, r Record, unlessAfter int64) (added bool, err error)

	// RevokeKey sets RevokedAt of a key that has none, and tells whether it did.
	RevokeKey(ctx context.Context, tenant, kid string, now time.Time) (bool, error)
}

// Always is the unlessAfter of AddKey without a condition.
const Always int64 = 1<<63 - 1

var (
	// ErrMasterKey means that stored keys do not open with the master key. No
	// new keys are made then: they would hide the mistake and orphan every
	// token out there.
	ErrMasterKey = errors.New("the signing keys in the database cannot be opened with this master key; start with the master key they were made with (master_key_file or FOYER_MASTER_KEY)")

	// ErrUnknown means that the tenant has no such key.
	ErrUnknown = errors.New("keys: no such key")

	// ErrAnnounced means that a successor is published already and waits for
	// its time.
	ErrAnnounced = errors.New("keys: a next key is announced already")
)
