package keys

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// minted is a token out there: who signed it, and until when it must verify.
type minted struct {
	kid   string
	until time.Time
}

// TestKJ6_NoTokenEverFailsWhileKeysRotate walks two nodes, one of them 20 s
// late, through a year: every token verifies on both until it expires, and
// every key was in the JWKS that an application fetched max-age ago.
func TestKJ6_NoTokenEverFailsWhileKeysRotate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nodes := []*Service{b.Service, b.node(20 * time.Second)}
	var out []minted
	signers := map[string]bool{}
	var cached *Ring
	for b.clock.now.Before(noon.Add(365 * day)) {
		cached = ring(t, nodes[1])
		b.clock.add(JWKSMaxAge)
		for _, n := range nodes {
			must(t, n.Tick(t.Context(), "acme"))
			kid := signer(t, n)
			if _, _, ok := cached.Verify(kid); !ok {
				t.Fatalf("%v: key %s signs and was not in the JWKS %v ago", b.clock.now, kid, JWKSMaxAge)
			}
			if !signers[kid] || len(out) == 0 || out[len(out)-1].until.Before(b.clock.now.Add(MaxTokenLife-day)) {
				out = append(out, minted{kid, b.clock.now.Add(MaxTokenLife)})
			}
			signers[kid] = true
		}
		for len(out) > 0 && out[0].until.Before(b.clock.now) {
			out = out[1:]
		}
		for _, tok := range out {
			for i, n := range nodes {
				if _, _, ok := ring(t, n).Verify(tok.kid); !ok {
					t.Fatalf("%v: node %d does not know %s, needed until %v", b.clock.now, i, tok.kid, tok.until)
				}
			}
		}
		b.clock.add(6*time.Hour - JWKSMaxAge)
	}
	if len(signers) != 5 || len(b.store.records["acme"]) != 5 {
		t.Errorf("%d keys signed, %d were made in a year; want 5", len(signers), len(b.store.records["acme"]))
	}
	for kid := range signers {
		if _, _, ok := ring(t, b.Service).VerifyArchived(kid); !ok {
			t.Errorf("%s does not verify logout hints within 400 days", kid)
		}
	}
}

// TestR4_ForcedRotationEveryTenSeconds forces what nobody should: nodes still
// agree, since a key is known everywhere before it signs.
func TestR4_ForcedRotationEveryTenSeconds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nodes := []*Service{b.Service, b.node(0)}
	var kids []string
	for step := range 200 {
		if step%20 == 0 {
			_, err := nodes[step/20%2].Rotate(t.Context(), "acme", ES256, Rotation{Force: true})
			must(t, err)
		}
		for _, n := range nodes {
			kids = append(kids, signer(t, n))
		}
		for _, kid := range kids {
			for _, n := range nodes {
				if _, _, ok := ring(t, n).Verify(kid); !ok {
					t.Fatalf("step %d: %s does not verify", step, kid)
				}
			}
		}
		b.clock.add(500 * time.Millisecond)
	}
}

func TestKJ6_RotationWaitsForTheCaches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how  Rotation
		lead time.Duration
	}{
		"announced": {Rotation{}, 14 * day},
		"now":       {Rotation{Now: true}, JWKSMaxAge + 10*time.Second},
		"forced":    {Rotation{Force: true}, 2 * time.Second},
	} {
		b := setup(t)
		old := signer(t, b.Service)
		next, err := b.Rotate(t.Context(), "acme", ES256, c.how)
		must(t, err)
		if _, _, ok := ring(t, b.Service).Verify(next.KID); !ok || signer(t, b.Service) != old {
			t.Errorf("%s: the successor is not published, or signs already", name)
		}
		b.clock.add(c.lead - time.Millisecond)
		if got := signer(t, b.Service); got != old {
			t.Errorf("%s: signs before its time", name)
		}
		b.clock.add(time.Millisecond)
		if got := signer(t, b.Service); got != next.KID {
			t.Errorf("%s: does not sign at its time", name)
		}
	}
}

func TestOneSuccessorIsAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, err := b.Rotate(t.Context(), "acme", ES256, Rotation{})
	must(t, err)
	again, err := b.node(0).Rotate(t.Context(), "acme", ES256, Rotation{})
	if !errors.Is(err, ErrAnnounced) || again.KID != first.KID {
		t.Errorf("a second announcement: %v, %v", again.KID, err)
	}
}

func TestKJ6_ManyNodesMakeOneKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	var failed atomic.Int32
	for range 32 {
		wg.Go(func() {
			if b.node(0).Ensure(t.Context(), "acme", EdDSA) != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	b.clock.add(80 * day)
	for range 32 {
		wg.Go(func() {
			if b.node(0).Tick(t.Context(), "acme") != nil {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if got := len(b.store.records["acme"]); got != 4 || failed.Load() != 0 {
		t.Errorf("%d keys, want 4 (two algorithms, two successors); %d calls failed", got, failed.Load())
	}
}

func TestTickCatchesUpWithoutSurprise(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old := signer(t, b.Service)
	b.clock.add(200 * day) // nobody was there
	must(t, b.Tick(t.Context(), "acme"))
	b.clock.add(14*day - time.Second)
	if signer(t, b.Service) != old {
		t.Error("an overdue successor was not published for 14 days")
	}
	b.clock.add(time.Second)
	if signer(t, b.Service) == old {
		t.Error("an overdue successor does not sign")
	}
}

func TestKJ6_RevokedKeyVerifiesNothingAndAFreshOneSigns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := signer(t, b.Service)
	_, err := b.Rotate(t.Context(), "acme", ES256, Rotation{Now: true})
	must(t, err)
	b.clock.add(nowLead)
	second := signer(t, b.Service)
	must(t, b.Revoke(t.Context(), "acme", second))
	third := signer(t, b.Service)
	if third == first || third == second {
		t.Error("no fresh key signs after the signing key was revoked")
	}
	r := ring(t, b.Service)
	if _, _, ok := r.VerifyArchived(second); ok {
		t.Error("a revoked key verifies hints")
	}
	if _, _, ok := r.Verify(first); !ok {
		t.Error("a retired key went with the revoked one")
	}
	must(t, b.Revoke(t.Context(), "acme", second)) // twice is once
	must(t, b.Revoke(t.Context(), "acme", first))  // not signing: nothing is made
	if n := len(b.store.records["acme"]); n != 3 {
		t.Errorf("%d keys, want 3", n)
	}
	if err := b.Revoke(t.Context(), "acme", "../../dev/null"); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown kid: %v", err)
	}
}
