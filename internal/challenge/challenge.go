package challenge

import (
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/secret"
)

// Errors of the keeper.
var (
	// ErrGone: unknown, used, expired, of another browser or superseded.
	ErrGone = errors.New("the challenge is gone")
	// ErrWrongCode: not this code; tries are left. ErrSpent: none is, or the
	// code is too old.
	ErrWrongCode = errors.New("not the code")
	ErrSpent     = errors.New("the code is spent")
	// ErrTooSoon: a mail was sent less than ResendAfter ago.
	ErrTooSoon = errors.New("a mail was sent a moment ago")
	// ErrCollision: the id exists already; make another.
	ErrCollision = errors.New("challenge id exists")
)

// Purpose is what a proof is good for, and nothing else (TK11).
type Purpose string

// The purposes.
const (
	Register Purpose = "register" // make an account
	Verify   Purpose = "verify"   // mark an account's address as verified
	Reset    Purpose = "reset"    // choose a new password
)

// kinds are what the links of each purpose are.
var kinds = map[Purpose]secret.Kind{Register: secret.RegisterLink, Verify: secret.VerifyLink, Reset: secret.ResetLink}

// Paths are where the links lead, below the tenant's base.
var Paths = map[Purpose]string{Register: "/register/link", Verify: "/login/verify/link", Reset: "/forgot-password/link"}

const (
	codeLife = 10 * time.Minute
	// ResendAfter is how long a mail may be on its way before another is sent.
	ResendAfter = time.Minute
	// MaxTries of one code.
	MaxTries = 5
	// provedLife is how long a right code holds until it is used.
	provedLife = 15 * time.Minute
	// resetLife bounds everything a reset is good for (RE4); others wait for a
	// mail that is slow.
	resetLife = 30 * time.Minute
	linkLife  = 24 * time.Hour
	rowLife   = 24 * time.Hour
)

// Challenge is one proof that is asked for. Times are Unix microseconds.
type Challenge struct {
	ID        int64
	Purpose   Purpose
	Sub       string // the account, "" for none
	Address   string // canonical
	Browser   string // hash of the cookie of the browser that asked
	Locale    string // of its pages and mails
	LinkHash  string
	CodeHash  string
	Tries     int64
	SentAt    int64
	CodeUntil int64
	LinkUntil int64
	ProvedAt  int64 // by the code; 0: not yet
	UsedAt    int64
	ExpiresAt int64
	Request   string // sealed; "" without an application
	Payload   string // sealed
}

// Held is what a browser brings to use a challenge: its own cookie and, unless
// the code was right in it before, the hash of the link.
type Held struct {
	ID      int64
	Purpose Purpose
	Browser string
	Link    string
}

// Opens tells whether h may use c at now. Stores repeat this condition in SQL,
// in the very statement that uses it (RE5).
func (c *Challenge) Opens(h Held, now time.Time) bool {
	t := now.UnixMicro()
	if c.Purpose != h.Purpose || c.UsedAt != 0 || t >= c.ExpiresAt {
		return false
	}
	if h.Link != "" {
		return secret.Equal(c.LinkHash, h.Link) && t < c.LinkUntil
	}
	return c.Browser == h.Browser && c.ProvedAt != 0 && t < c.ProvedAt+provedLife.Microseconds()
}

// ProvedLife is how long a right code holds, in microseconds, for stores.
const ProvedLife = int64(provedLife / time.Microsecond)

// Pending is a registration that waits for its proof.
type Pending struct {
	Kind   account.Kind      `json:"kind"`
	Value  string            `json:"value"`
	Key    string            `json:"key"`
	Hash   string            `json:"hash"` // of the password
	Claims map[string]string `json:"claims,omitempty"`
}
