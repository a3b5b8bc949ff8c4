package rp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"
)

// ErrReplayed: this logout token has been used already (Back-Channel §2.6 step 8).
var ErrReplayed = errors.New("rp: this logout token was used before")

// Replays remembers the logout tokens that were used, so that a captured one
// signs nobody out a second time. An application of several nodes shares one,
// such as a table whose primary key is the key. Both methods are atomic.
type Replays interface {
	// Use remembers a key until a moment, at most 11 minutes away, or returns
	// ErrReplayed when it is remembered already. Any other error, of a full
	// memory or a database that does not answer, means that the token is not
	// accepted now.
	Use(ctx context.Context, key string, until time.Time) error
	// Release forgets a key: the logout failed, and the same token may come again.
	Release(ctx context.Context, key string) error
}

// replayKey is a token's in [Replays]: 64 characters, whatever the jti is. A jti
// is unique at its provider (Back-Channel §2.4).
func (t *LogoutToken) replayKey() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{t.Issuer, t.ClientID, t.ID}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// MemoryReplays is the Replays of one process.
type MemoryReplays struct {
	mu   sync.Mutex
	now  func() time.Time
	used *recent
}

// NewReplays returns a memory of at most limit tokens; 0 or less: 65 536. When
// it is full it returns ErrFull until tokens have expired: forgetting one that
// could come again would let it in. now is the clock, nil for time.Now.
func NewReplays(limit int, now func() time.Time) *MemoryReplays {
	if limit <= 0 {
		limit = maxRemembered
	}
	if now == nil {
		now = time.Now
	}
	return &MemoryReplays{now: now, used: newRecent(limit)}
}

// maxRemembered is as many logouts as one process takes in ten minutes, about
// 100 a second, in some 10 MB.
const maxRemembered = 1 << 16

// Use implements Replays.
func (m *MemoryReplays) Use(_ context.Context, key string, until time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if _, ok := m.used.find(key, now); ok {
		return ErrReplayed
	}
	return m.used.put(key, remembered{until: until}, now)
}

// Release implements Replays.
func (m *MemoryReplays) Release(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.used.byName, key)
	return nil
}
