package client

import (
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

const (
	// maxSecret bounds a given secret in bytes.
	maxSecret = 1 << 10
	// maxSecrets are live at the same time: the new one and the one before (CA2).
	maxSecrets = 2
)

// HashSecret is what is stored of a client secret. One hash is enough: ours
// have 256 bits, and a given one that can be guessed gets a warning.
func HashSecret(s string) string { return secret.Hash("client_secret", s) }

// newSecret makes a secret of 256 bits, fo_cs_…, to be shown once.
func newSecret() string { return "fo_" + string(secret.ClientSecret) + "_" + secret.Random(32) }

// Rotate gives c a new secret and returns it. The one in use stays good for
// overlap; of any others nothing remains.
func Rotate(c *Client, overlap time.Duration, now time.Time) string {
	s := newSecret()
	replaceSecret(c, s, overlap, now)
	return s
}

// replaceSecret makes s the secret of c; the newest live one stays for overlap,
// never longer than it had.
func replaceSecret(c *Client, s string, overlap time.Duration, now time.Time) {
	next := []Secret{{Hash: HashSecret(s), CreatedAt: now.UnixMicro()}}
	if live := liveSecrets(c, now); overlap > 0 && len(live) > 0 {
		old, end := live[0], now.Add(overlap).UnixMicro()
		if old.ExpiresAt == 0 || old.ExpiresAt > end {
			old.ExpiresAt = end
		}
		next = append(next, old)
	}
	c.Secrets = next
}

// liveSecrets returns the secrets that are good at now, the newest first.
func liveSecrets(c *Client, now time.Time) []Secret {
	t := now.UnixMicro()
	var live []Secret
	for _, s := range c.Secrets {
		if s.Hash != "" && (s.ExpiresAt == 0 || t < s.ExpiresAt) {
			live = append(live, s)
		}
	}
	slices.SortStableFunc(live, func(a, b Secret) int { return int(min(max(b.CreatedAt-a.CreatedAt, -1), 1)) })
	return live[:min(len(live), maxSecrets)]
}

// noSecret is compared with when a client has none, so that it takes as long.
var noSecret = HashSecret(newSecret())

// secretMatches compares in constant time with every live secret, and with one
// that nobody has when there are fewer. c may be nil.
func secretMatches(c *Client, s string, now time.Time) bool {
	hash := HashSecret(s)
	hashes := [maxSecrets]string{noSecret, noSecret}
	if c != nil {
		for i, l := range liveSecrets(c, now) {
			hashes[i] = l.Hash
		}
	}
	found := false
	for _, h := range hashes {
		found = secret.Equal(hash, h) || found
	}
	return found && s != ""
}
