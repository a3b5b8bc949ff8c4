package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestB1_AHangingServerIsFoundAndFoundAgain: a statement that ran into its
// deadline and an unanswered ping make callers be refused and reads end, until
// a ping is answered.
func TestB1_AHangingServerIsFoundAndFoundAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		d := newDown(func(ctx context.Context) error {
			if hangs.Load() {
				<-ctx.Done()
			}
			return ctx.Err()
		}, slog.New(slog.DiscardHandler))
		defer d.close()
		statement := func(limit time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			began := time.Now()
			<-ctx.Done()
			d.note(ctx, began)
			synctest.Wait()
		}
		statement(5 * time.Second) // slow, but the server is well
		if d.refuse() != nil {
			t.Error("one slow statement refuses everybody")
		}
		hangs.Store(true)
		statement(100 * time.Millisecond) // a caller in a hurry proves nothing
		time.Sleep(time.Second)
		if d.refuse() != nil {
			t.Error("a short deadline refuses everybody")
		}
		ended := make(chan struct{})
		defer d.endsReads(func() { close(ended) })()
		statement(800 * time.Millisecond)
		time.Sleep(firstPing)
		<-ended
		if err := d.refuse(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("a server that hangs: %v", err)
		}
		hangs.Store(false)
		time.Sleep(time.Second + pingEvery)
		synctest.Wait()
		if err := d.refuse(); err != nil {
			t.Errorf("a server that answers again: %v", err)
		}
		defer d.endsReads(func() { t.Error("a read of now ends with an outage of before") })()
		synctest.Wait()
	})
}
