package rp

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// refetchAfter is the least time between two reads of the keys (security row
// KJ9): a flood of tokens with invented key ids is not passed on.
const refetchAfter = 30 * time.Second

// keysLife is how long keys are used without asking again, so that one that was
// withdrawn goes; older ones are used on while the provider does not answer.
const keysLife = time.Hour

// keyCache holds a provider's public keys.
type keyCache struct {
	p     *Provider
	turn  chan struct{} // holds a token while nobody reads or changes the rest
	keys  []jose.JSONWebKey
	from  string    // jwks_uri of keys
	asked time.Time // the last attempt to read them
	read  time.Time // the last that worked
}

func newKeyCache(p *Provider) *keyCache {
	c := &keyCache{p: p, turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// find returns the keys that may have signed with kid and alg: one by its id,
// or, for a token without an id, all that fit (OIDC Core §10.1). When there is
// none, and when again says that none of them was the one, the keys are read
// again, unless that was just done: then there are none.
func (c *keyCache) find(ctx context.Context, kid string, alg jose.SignatureAlgorithm, again bool) ([]jose.JSONWebKey, error) {
	select {
	case <-c.turn:
		defer func() { c.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	uri, now := c.p.current(ctx).JWKSURI, c.p.now()
	found := c.fitting(kid, alg)
	known := len(found) > 0 && uri == c.from
	if known && !again && now.Sub(c.read) < keysLife {
		return found, nil
	}
	if uri == c.from && now.Sub(c.asked) < refetchAfter {
		if again {
			return nil, nil
		}
		return found, nil
	}
	if err := c.fetch(ctx, uri, now); err != nil && (!known || again) {
		return nil, err
	}
	return c.fitting(kid, alg), nil
}

// fetch reads the keys; those that are known stay when that fails.
func (c *keyCache) fetch(ctx context.Context, uri string, now time.Time) error {
	// The one who leaves does not spoil it for those who wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if c.asked = now; uri != c.from {
		c.keys, c.from = nil, uri
	}
	keys, err := c.p.readKeys(ctx, uri)
	if err != nil {
		return err
	}
	c.keys, c.read = keys, now
	return nil
}

func (c *keyCache) fitting(kid string, alg jose.SignatureAlgorithm) (found []jose.JSONWebKey) {
	for _, k := range c.keys {
		if (kid == "" || k.KeyID == kid) && (k.Algorithm == "" || k.Algorithm == string(alg)) {
			found = append(found, k)
		}
	}
	return found
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
