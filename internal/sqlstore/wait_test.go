package sqlstore

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestB7_TheWaitForAConnectionIsBounded: who finds all connections taken is told
// within a second, and who gets one meanwhile is served.
func TestB7_TheWaitForAConnectionIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		permits, wait := make(chan struct{}, 1), Options{}.withDefaults().Wait
		if err := acquire(t.Context(), permits, wait); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := acquire(t.Context(), permits, wait); !errors.Is(err, ErrUnavailable) || time.Since(began) > time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		go func() {
			time.Sleep(wait / 2)
			<-permits
		}()
		if err := acquire(t.Context(), permits, wait); err != nil {
			t.Errorf("one came free: %v", err)
		}
	})
}
