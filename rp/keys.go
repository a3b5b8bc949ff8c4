package rp

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// refetchAfter is the least time between two reads of the keys (security row
// KJ9): a flood of tokens with invented key ids is not passed on.
const refetchAfter = 30 * time.Second

// keysLife is how long keys are used without asking again, so that one that was
// withdrawn goes; older ones are used on while the provider does not answer.
const keysLife = time.Hour

// ErrKeys: a token names a key that is not known, and the provider's keys were
// read so recently that they are not read again yet. Half a minute later it can
// be told.
var ErrKeys = errors.New("rp: the provider's keys were read a moment ago")

// keySet is a provider's public keys as they were read.
type keySet struct {
	keys []jose.JSONWebKey
	from string // jwks_uri
	read time.Time
}

// fitting returns the keys that may have signed with kid and alg: one by its id,
// or, for a token without an id, all that fit (OIDC Core §10.1).
func (s *keySet) fitting(kid string, alg jose.SignatureAlgorithm) (found []jose.JSONWebKey) {
	for _, k := range s.keys {
		if (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == string(alg)) {
			found = append(found, k)
		}
	}
	return found
}

// keyCache holds the keys that were read last. Those who need a key that is
// there never wait: anybody can send a token with an invented key id to a
// back-channel address, and only such tokens wait for the provider.
type keyCache struct {
	p       *Provider
	current atomic.Pointer[keySet]
	turn    chan struct{} // holds a token while nobody reads keys or changes the rest
	asked   time.Time     // the last attempt to read them,
	from    string        // and where
}

func newKeyCache(p *Provider) *keyCache {
	c := &keyCache{p: p, turn: make(chan struct{}, 1)}
	c.current.Store(&keySet{})
	c.turn <- struct{}{}
	return c
}

// find returns the keys that fit kid and alg, and the set that they are from.
// tried is a set none of whose keys was the one. When there is nothing else the
// keys are read again, unless that was just done: then there is no other key, or,
// when no key has that id, it cannot be told yet (ErrKeys).
func (c *keyCache) find(ctx context.Context, kid string, alg jose.SignatureAlgorithm, tried *keySet) ([]jose.JSONWebKey, *keySet, error) {
	uri, now := c.p.current(ctx).JWKSURI, c.p.now()
	look := func() (found []jose.JSONWebKey, s *keySet, fresh bool) {
		if s = c.current.Load(); s != tried && s.from == uri {
			found = s.fitting(kid, alg)
		}
		return found, s, len(found) > 0 && now.Sub(s.read) < keysLife
	}
	if found, s, fresh := look(); fresh {
		return found, s, nil
	}
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	found, s, fresh := look() // somebody else may have read them meanwhile
	switch early := uri == c.from && now.Sub(c.asked) < refetchAfter; {
	case fresh, early && len(found) > 0:
		return found, s, nil
	case early && tried != nil:
		return nil, s, nil
	case early:
		return nil, nil, ErrKeys
	}
	err := c.fetch(ctx, uri, now)
	if found, s, _ = look(); err != nil && len(found) == 0 {
		return nil, nil, err
	}
	return found, s, nil
}

// fetch reads the keys; those that are known stay when that fails.
func (c *keyCache) fetch(ctx context.Context, uri string, now time.Time) error {
	// The one who leaves does not spoil it for those who wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	c.asked, c.from = now, uri
	keys, err := c.p.readKeys(ctx, uri)
	if err != nil {
		return err
	}
	c.current.Store(&keySet{keys, uri, now})
	return nil
}

// readKeys reads a key set (RFC 7517 §5). Keys of kinds that are not known are
// left out, as are those that are not for signatures, symmetric, private or weak.
func (p *Provider) readKeys(ctx context.Context, uri string) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := p.getJSON(ctx, uri, &set); err != nil {
		return nil, fmt.Errorf("rp: read keys: %w", err)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) != nil || !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig" {
			continue
		}
		if r, ok := k.Key.(*rsa.PublicKey); ok && r.N.BitLen() < 2048 {
			continue
		}
		keys = append(keys, k)
	}
	return keys, nil
}
