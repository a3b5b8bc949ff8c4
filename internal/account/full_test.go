package account

import (
	"errors"
	"testing"
	"time"
)

// A full queue refuses before the account is looked for and anything is
// counted: the service here has no stores that could be asked.
func TestDS3_FullQueueRefusesFirst(t *testing.T) {
	t.Parallel()
	h := testHasher(t, Params{Memory: 64, Time: 1, Threads: 1})
	s := &Service{Hasher: h}
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
