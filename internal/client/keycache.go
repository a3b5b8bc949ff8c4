package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/token"
)

const (
	// fetchEvery is how often a jwks_uri is asked at most (KJ9).
	fetchEvery = 30 * time.Second
	// keysFresh is how long a fetched set is used without asking again, so that
	// a key that the client withdrew stops working.
	keysFresh = 15 * time.Minute
	// keysStale is how long it is used when the address does not answer.
	keysStale = 24 * time.Hour
	// maxJWKS is a set's size in bytes.
	maxJWKS = 64 << 10
	// maxKeySets bounds the cache.
	maxKeySets = 10_000
	// fetchTimeout bounds a fetch that several requests share.
	fetchTimeout = 6 * time.Second
)

var errNoKeys = errors.New("the client's keys could not be fetched from its jwks_uri")

// Fetcher gets a document of at most limit bytes; the guarded client of package
// egress is one.
type Fetcher interface {
	Get(ctx context.Context, url string, limit int64) ([]byte, error)
}

// keyCache holds the key sets behind jwks_uri.
type keyCache struct {
	fetcher Fetcher
	mu      sync.Mutex
	sets    map[keySetID]*keySet
}

// keySetID: a changed address is another set.
type keySetID struct{ tenant, clientID, uri string }

// keySet is the last good answer of an address.
type keySet struct {
	turn chan struct{} // held by who fetches
	mu   sync.Mutex
	fetched
}

type fetched struct {
	set   token.ClientKeys
	at    time.Time // of the answer; zero: none yet
	tried time.Time // of the last attempt
}

func newKeyCache(f Fetcher) *keyCache {
	return &keyCache{fetcher: f, sets: map[keySetID]*keySet{}}
}

// find returns a client's keys: those registered, or those at its jwks_uri.
// unknown says that the ones returned a moment ago were not enough, and asks
// the address again unless that was done less than fetchEvery ago.
func (k *keyCache) find(ctx context.Context, tenant string, c *Client, unknown bool, now time.Time) (token.ClientKeys, error) {
	if c.JWKS != nil {
		return token.ParseJWKS(c.JWKS.Bytes())
	}
	if c.JWKSURI == "" || k.fetcher == nil {
		return token.ClientKeys{}, errNoKeys
	}
	s := k.entry(keySetID{tenant, c.ClientID, c.JWKSURI})
	got := s.get()
	usable := !got.at.IsZero() && now.Sub(got.at) < keysStale
	if unknown || !usable || now.Sub(got.at) >= keysFresh {
		// Who has keys does not wait for somebody else's fetch of the same.
		s.fetch(ctx, k.fetcher, c.JWKSURI, unknown || !usable, now)
		got = s.get()
	}
	if got.at.IsZero() || now.Sub(got.at) >= keysStale {
		return token.ClientKeys{}, errNoKeys
	}
	return got.set, nil
}

func (k *keyCache) entry(id keySetID) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.sets[id]; s != nil {
		return s
	}
	for old := range k.sets { // any: a map's order is random
		if len(k.sets) < maxKeySets {
			break
		}
		delete(k.sets, old)
	}
	s := &keySet{turn: make(chan struct{}, 1)}
	k.sets[id] = s
	return s
}

// fetch asks the address, one at a time and at most every fetchEvery. A failure
// leaves the last good set in place (stale-if-error). The request that fetches
// cannot cancel it for those that wait.
func (s *keySet) fetch(ctx context.Context, f Fetcher, uri string, wait bool, now time.Time) {
	select {
	case s.turn <- struct{}{}:
	default:
		if !wait {
			return
		}
		select {
		case s.turn <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
	defer func() { <-s.turn }()
	if last := s.get().tried; !last.IsZero() && now.Sub(last) < fetchEvery {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	body, err := f.Get(ctx, uri, maxJWKS)
	var set token.ClientKeys
	if err == nil {
		set, err = token.ParseJWKS(body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried = now
	if err == nil {
		s.set, s.at = set, now
	}
}

func (s *keySet) get() fetched {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}
