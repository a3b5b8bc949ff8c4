package keys

import (
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

func TestARingIsReadOncePerSecondAndRenderedOncePerChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := ring(t, b.Service)
	reads := b.store.reads
	b.clock.add(cacheLife - time.Millisecond)
	if ring(t, b.Service) != first || b.store.reads != reads {
		t.Error("the ring was read again within a second")
	}
	b.clock.add(time.Millisecond)
	if ring(t, b.Service) != first || b.store.reads != reads+1 {
		t.Error("an unchanged ring was not read, or was made anew")
	}
	b.clock.add(-time.Hour) // C1: the clock jumps back
	if signer(t, b.Service) == "" || b.store.reads != reads+2 {
		t.Error("after a jump back the ring was not made for the new time")
	}
	_, etag := first.JWKS()
	must(t, b.Ensure(t.Context(), "acme", EdDSA))
	body, changed := ring(t, b.Service).JWKS()
	if changed == etag || !strings.Contains(string(body), "Ed25519") {
		t.Errorf("after a change on this node: etag %s, JWKS %s", changed, body)
	}
	if !json.Valid(body) || !strings.HasPrefix(changed, `"`) {
		t.Errorf("JWKS %s, etag %s", body, changed)
	}
}

func TestWhatWasReadBeforeAnInvalidationIsNotUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inRead, change := make(chan struct{}), make(chan struct{})
	var later atomic.Bool
	slow := New(Options{Store: &slowStore{memory: b.store, after: func() {
		if later.CompareAndSwap(false, true) {
			close(inRead)
			<-change
		}
	}}, Sealer: b.sealer, Now: b.clock.behind(0)})
	done := make(chan *Ring)
	go func() {
		r, _ := slow.Ring(t.Context(), "acme")
		done <- r
	}()
	<-inRead // the records are read, without the coming key
	must(t, b.Ensure(t.Context(), "acme", EdDSA))
	slow.Invalidate("acme")
	if _, ok := ring(t, slow).Signing(EdDSA); !ok {
		t.Error("a Ring after Invalidate joined a read from before it")
	}
	close(change)
	<-done
	if _, ok := ring(t, slow).Signing(EdDSA); !ok {
		t.Error("the older read replaced the newer one")
	}
}

func TestWrongMasterKeyMakesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := len(b.store.records["acme"])
	wrong := New(Options{Store: b.store, Sealer: secret.NewSealer(secret.DeriveKey([]byte("other"), "keys")), Now: b.clock.behind(0)})
	_, ringErr := wrong.Ring(t.Context(), "acme")
	_, rotateErr := wrong.Rotate(t.Context(), "acme", ES256, Rotation{Force: true})
	for name, err := range map[string]error{
		"Ring": ringErr, "Rotate": rotateErr,
		"Ensure": wrong.Ensure(t.Context(), "acme"),
		"Tick":   wrong.Tick(t.Context(), "acme"),
		"Revoke": wrong.Revoke(t.Context(), "acme", b.store.records["acme"][0].KID),
	} {
		if !errors.Is(err, ErrMasterKey) || !strings.Contains(err.Error(), "master_key_file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(b.store.records["acme"]); got != before {
		t.Errorf("%d records, want %d", got, before)
	}
	if list, err := wrong.List(t.Context(), "acme"); err != nil || len(list) != before || list[0].State != Signing {
		t.Errorf("List = %v, %v", list, err)
	}
}

func TestADamagedRowIsReplacedByRevokingIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.Ensure(t.Context(), "acme", EdDSA))
	bad := &b.store.records["acme"][0]
	bad.Sealed = bad.Sealed[:len(bad.Sealed)-1] + "A"
	fresh := b.node(0)
	if _, err := fresh.Ring(t.Context(), "acme"); !errors.Is(err, ErrMasterKey) || !strings.Contains(err.Error(), bad.KID) {
		t.Fatalf("a damaged row: %v", err)
	}
	must(t, fresh.Revoke(t.Context(), "acme", bad.KID))
	if kid := signer(t, fresh); kid == bad.KID {
		t.Error("the damaged key signs")
	}
}

func TestAnotherKeysRowIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.Ensure(t.Context(), "acme", EdDSA))
	must(t, ignoreAnnounced(b.Rotate(t.Context(), "acme", ES256, Rotation{})))
	rows := b.store.records["acme"]
	rows[0].Sealed, rows[2].Sealed = rows[2].Sealed, rows[0].Sealed
	if _, err := b.node(0).Ring(t.Context(), "acme"); !errors.Is(err, ErrMasterKey) {
		t.Errorf("two rows with each other's keys: %v", err)
	}
}

func TestTenantsWithoutKeysHaveAnEmptyRing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r, err := b.Ring(t.Context(), "other")
	must(t, err)
	body, _ := r.JWKS()
	if _, ok := r.Signing(ES256); ok || string(body) != `{"keys":[]}` {
		t.Errorf("JWKS = %s", body)
	}
}

func ignoreAnnounced(_ Record, err error) error {
	if errors.Is(err, ErrAnnounced) {
		return nil
	}
	return err
}
