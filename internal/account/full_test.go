package account

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A full queue refuses before the account is looked for and anything is
// counted: the service here has no stores that could be asked.
func TestDS3_FullQueueRefusesFirst(t *testing.T) {
	t.Parallel()
	h := testHasher(t, Params{Memory: 64, Time: 1, Threads: 1})
	s := &Service{Hasher: h}
	h.running.Store(2)
	h.waiting.Store(101) // of 20 ms in two slots: 1.02 s
	_, _, err := s.Authenticate(t.Context(), "acme", Attempt{Identifier: "ada@example.com", Kinds: []Kind{Email}}, time.Now())
	var busy *ErrBusy
	if !errors.As(err, &busy) || busy.RetryAfter <= 0 {
		t.Fatalf("%v, want ErrBusy with a time to return", err)
	}
	h.waiting.Store(98)
	if err := h.Full(); err != nil {
		t.Errorf("%v with room left", err)
	}
}

// TestDS3_ASlowHashDoesNotCloseTheDoor: the machine stood still while it hashed.
// What that hash took is no reason to refuse the next, for only the next can show
// that the pace is another: who was refused before asking would be so for ever.
func TestDS3_ASlowHashDoesNotCloseTheDoor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := testHasher(t, Params{Memory: 64, Time: 1, Threads: 1})
		if err := h.run(t.Context(), func() { <-time.After(time.Minute) }); err != nil {
			t.Fatal(err)
		}
		if a := h.Stats().Average; a < 2*time.Second {
			t.Fatalf("the average is %s: nothing to see", a)
		}
		if err := h.Full(); err != nil {
			t.Errorf("all slots are free: %v", err)
		}
		for range 30 {
			if err := h.run(t.Context(), func() { <-time.After(20 * time.Millisecond) }); err != nil {
				t.Fatal(err)
			}
		}
		if a := h.Stats().Average; a > 200*time.Millisecond {
			t.Errorf("after thirty at the old pace the average is %s", a)
		}
		if h.running.Load() != 0 {
			t.Errorf("%d run", h.running.Load())
		}
	})
}
