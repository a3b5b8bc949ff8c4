package sqlstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/token"
)

func record(kid string, alg keys.Alg, from time.Duration) keys.Record {
	return keys.Record{KID: kid, Alg: alg, CreatedAt: noon.UnixMicro(), SignFrom: noon.Add(from).UnixMicro(), Public: `{"kty":"EC"}`, Sealed: "sealed " + kid}
}

func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		add := func(r keys.Record, unlessAfter int64) (added bool) {
			t.Helper()
			added, err := w.AddKey(w.ctx, acme, r, unlessAfter)
			w.must(err)
			return added
		}
		a, b := record("a", keys.ES256, 0), record("b", keys.ES256, 24*time.Hour)
		now := noon.UnixMicro()
		w.moved("the first key", func() error { add(a, -1); return nil })
		for what, added := range map[string]bool{
			"a second first key":  add(record("x", keys.ES256, 0), -1),
			"after one announced": add(b, now) && add(record("y", keys.ES256, 48*time.Hour), now),
		} {
			if added {
				t.Errorf("%s was added", what)
			}
		}
		if !add(record("r", keys.RS256, 0), -1) || !add(record("c", keys.ES256, time.Minute), keys.Always) {
			t.Error("another algorithm's key, or one without condition, was not added")
		}
		if added, err := w.AddKey(w.ctx, "other", record("a", keys.ES256, 0), -1); err != nil || !added {
			t.Errorf("another tenant's first key: %v, %v", added, err)
		}
		w.moved("revoke", func() error {
			revoked, err := w.RevokeKey(w.ctx, acme, "a", noon)
			if !revoked {
				t.Error("a was not revoked")
			}
			return err
		})
		for _, kid := range []string{"a", "unknown", "' OR 1=1 --"} { // KJ2
			if revoked, err := w.RevokeKey(w.ctx, acme, kid, noon.Add(time.Hour)); err != nil || revoked {
				t.Errorf("revoke %q: %v, %v", kid, revoked, err)
			}
		}
		a.RevokedAt = now
		got, err := w.Keys(w.ctx, acme)
		want := []keys.Record{a, b, record("c", keys.ES256, time.Minute), record("r", keys.RS256, 0)}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		if got := w.records(acme); got[audit.KeyAdded] != 4 || got[audit.KeyRevoked] != 1 {
			t.Errorf("records %v, want one for each key that was added or revoked (I9, LG3)", got)
		}
	})
}

func TestNothingMovesWhenNoKeyIsAdded(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		_, err := w.AddKey(w.ctx, acme, record("a", keys.ES256, 0), -1)
		w.must(err)
		before, err := w.ConfigVersion(w.ctx)
		w.must(err)
		added, err := w.AddKey(w.ctx, acme, record("b", keys.ES256, 0), -1)
		w.must(err)
		revoked, err := w.RevokeKey(w.ctx, acme, "b", noon)
		w.must(err)
		if after, err := w.ConfigVersion(w.ctx); added || revoked || after != before || err != nil {
			t.Errorf("added %v, revoked %v, version %d after %d, %v", added, revoked, after, before, err)
		}
	})
}

func TestKJ6_OneOf32NodesAddsTheKey(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		for round, unlessAfter := range []int64{-1, noon.UnixMicro()} {
			var added atomic.Int32
			for _, err := range compete(32, func(i int) error {
				r := record(fmt.Sprintf("%d-%d", round, i), keys.ES256, time.Duration(round)*time.Hour)
				ok, err := w.AddKey(w.ctx, acme, r, unlessAfter)
				if ok {
					added.Add(1)
				}
				return err
			}) {
				w.must(err)
			}
			if added.Load() != 1 {
				t.Errorf("round %d: %d keys were added", round, added.Load())
			}
		}
	})
}

// TestKJ6_TwoNodesAgree signs on one node and verifies on the other, with real
// keys, through a rotation and a revocation.
func TestKJ6_TwoNodesAgree(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		now := noon
		node := func() *keys.Service {
			return keys.New(keys.Options{Store: w.Store, Sealer: secret.NewSealer([32]byte{7}), Now: func() time.Time { return now }})
		}
		one, two := node(), node()
		ctx := context.WithoutCancel(w.ctx)
		w.must(one.Ensure(ctx, acme, keys.ES256))
		mint := func(s *keys.Service) string {
			t.Helper()
			ring, err := s.Ring(ctx, acme)
			w.must(err)
			k, ok := ring.Signing(keys.ES256)
			if !ok {
				t.Fatal("no key signs")
			}
			raw, err := (&token.AccessToken{Iss: "i", Sub: "s", Aud: []string{"a"}, ClientID: "c", JTI: "j", Iat: now.Unix(), Exp: now.Unix() + 3600}).Mint(k)
			w.must(err)
			return raw
		}
		verifies := func(s *keys.Service, raw string) bool {
			t.Helper()
			ring, err := s.Ring(ctx, acme)
			w.must(err)
			_, err = token.VerifyAccessToken(ring, "i", raw, now)
			return err == nil
		}
		old := mint(one)
		if !verifies(two, old) {
			t.Error("the other node refuses the first token")
		}
		next, err := two.Rotate(ctx, acme, keys.ES256, keys.Rotation{Now: true})
		w.must(err)
		now = now.Add(6 * time.Minute)
		if fresh := mint(one); !verifies(two, fresh) || !verifies(two, old) || !verifies(one, old) {
			t.Error("a token does not verify after the rotation")
		}
		leaked := mint(two)
		w.must(one.Revoke(ctx, acme, next.KID))
		now = now.Add(time.Second)
		if verifies(one, leaked) || verifies(two, leaked) || !verifies(two, old) || !verifies(two, mint(one)) {
			t.Error("the nodes disagree after the revocation")
		}
	})
}
