package rp

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// jar writes and reads a site's cookies.
type jar struct {
	name   string // begins every cookie's name
	secure bool
	aead   cipher.AEAD
}

func newJar(name string, secure bool, key []byte) (*jar, error) {
	switch {
	case key == nil:
		key = make([]byte, 32)
		_, _ = rand.Read(key)
	case len(key) < 32:
		return nil, errors.New("rp: SiteOptions.Key must be 32 random bytes or more")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "foyer rp: requests under way, "+name, 32)
	if err != nil {
		return nil, fmt.Errorf("rp: derive key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("rp: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("rp: %w", err)
	}
	if secure {
		name = "__Host-" + name // no other host can set it
	}
	return &jar{name: name, secure: secure, aead: aead}, nil
}

func (j *jar) set(w http.ResponseWriter, suffix, value string, life time.Duration) {
	c := &http.Cookie{
		Name: j.name + suffix, Value: value, Path: "/", HttpOnly: true, Secure: j.secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (j *jar) get(r *http.Request, suffix string) string {
	// Two of one name: somebody else planted one; which is ours cannot be told.
	if all := r.CookiesNamed(j.name + suffix); len(all) == 1 {
		return all[0].Value
	}
	return ""
}

// pending is a sign-in under way, kept in the browser that began it.
type pending struct {
	AuthRequest
	ReturnTo string `json:"r"`
	Begun    int64  `json:"b"` // Unix seconds
}

// Each sign-in under way has its own cookie, so that tabs do not disturb each
// other; beyond maxPending, or maxPendingSize bytes in all, the oldest goes. Whoever
// makes a browser begin many sign-ins must not fill its Cookie header until
// a proxy refuses it.
const (
	pendingInfix   = "-request-"
	maxPending     = 6
	maxPendingSize = 4096
)

// pendingSuffix names the cookie of a state.
func pendingSuffix(state string) string {
	sum := sha256.Sum256([]byte(state))
	return pendingInfix + base64.RawURLEncoding.EncodeToString(sum[:9])
}

func (j *jar) putPending(w http.ResponseWriter, r *http.Request, p pending, life time.Duration) {
	b, _ := json.Marshal(p) // strings and numbers
	suffix := pendingSuffix(p.State)
	value := base64.RawURLEncoding.EncodeToString(j.aead.Seal(nil, nil, b, []byte(suffix)))
	j.prune(w, r, p.Begun-int64(life/time.Second), len(j.name)+len(suffix)+len(value))
	j.set(w, suffix, value, life)
}

// takePending returns the sign-in that a state belongs to and removes it; an
// answer that comes twice belongs to none.
func (j *jar) takePending(w http.ResponseWriter, r *http.Request, state string, oldest int64) (pending, bool) {
	suffix := pendingSuffix(state)
	value := j.get(r, suffix)
	if value == "" {
		return pending{}, false
	}
	j.set(w, suffix, "", 0)
	p, ok := j.openPending(suffix, value)
	return p, ok && p.State == state && p.Begun >= oldest
}

func (j *jar) openPending(suffix, value string) (p pending, ok bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return p, false
	}
	b, err := j.aead.Open(nil, nil, sealed, []byte(suffix))
	return p, err == nil && json.Unmarshal(b, &p) == nil
}

// prune makes room for one more, of size bytes.
func (j *jar) prune(w http.ResponseWriter, r *http.Request, oldest int64, size int) {
	type one struct {
		suffix string
		begun  int64
		size   int
	}
	var live []one
	for _, c := range r.Cookies() {
		suffix, ok := strings.CutPrefix(c.Name, j.name)
		if !ok || !strings.HasPrefix(suffix, pendingInfix) {
			continue
		}
		if p, ok := j.openPending(suffix, c.Value); ok && p.Begun >= oldest {
			live = append(live, one{suffix, p.Begun, len(c.Name) + len(c.Value)})
			size += len(c.Name) + len(c.Value)
		} else {
			j.set(w, suffix, "", 0)
		}
	}
	slices.SortFunc(live, func(a, b one) int { return cmp.Compare(a.begun, b.begun) })
	for len(live) > 0 && (len(live) >= maxPending || size > maxPendingSize) {
		j.set(w, live[0].suffix, "", 0)
		size -= live[0].size
		live = live[1:]
	}
}
