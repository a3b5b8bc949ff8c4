package tenant

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// hanging is the part of a Store that snapshots read; while it hangs, a read
// ends with its context only.
type hanging struct {
	Store
	version, asked atomic.Int64
	hangs          atomic.Bool
}

func (h *hanging) ConfigVersion(ctx context.Context) (int64, error) {
	h.asked.Add(1)
	if h.hangs.Load() {
		<-ctx.Done()
	}
	return h.version.Load(), ctx.Err()
}

func (h *hanging) Tenants(ctx context.Context) ([]*Tenant, error) {
	return []*Tenant{New("default")}, ctx.Err()
}

func (h *hanging) Objects(ctx context.Context, _, _ string) ([]Object, error) {
	o, err := (&Resource{Audience: "https://api.example.com"}).Object("apply")
	return []Object{o}, errors.Join(err, ctx.Err())
}

// eachSnapshot runs fn with a refresh of each of the two snapshots.
func eachSnapshot(t *testing.T, fn func(*testing.T, *hanging, func(context.Context) error)) {
	for name, open := range map[string]func(Store) func(context.Context) error{
		"directory": func(s Store) func(context.Context) error {
			d := NewDirectory(s, &url.URL{Scheme: "https", Host: "id.example.com"}, slog.New(slog.DiscardHandler))
			return func(ctx context.Context) error {
				_, err := d.Refresh(ctx, time.Now())
				return err
			}
		},
		"resources": func(s Store) func(context.Context) error {
			r := NewResources(s)
			return func(ctx context.Context) error {
				_, err := r.Of(ctx, "default", time.Now())
				return err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := &hanging{}
				fn(t, h, open(h))
			})
		})
	}
}

func TestADatabaseThatHangsDelaysNobodyByASecond(t *testing.T) {
	t.Parallel()
	eachSnapshot(t, func(t *testing.T, h *hanging, refresh func(context.Context) error) {
		if err := refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.hangs.Store(true)
		// One after the other: a bubble's clock stands still while a mutex is
		// waited for.
		for begin := time.Now(); time.Since(begin) < time.Minute; <-time.After(100 * time.Millisecond) {
			start := time.Now()
			if err := refresh(t.Context()); err != nil {
				t.Errorf("%v; want what is known", err)
			}
			if took := time.Since(start); took >= time.Second {
				t.Errorf("a request waited %v (B1)", took)
			}
		}
		if n := h.asked.Load(); n > 61 {
			t.Errorf("asked %d times in a minute, want once a second", n)
		}
	})
}

func TestWhoeverLeavesKeepsNobodyFromTheNews(t *testing.T) {
	t.Parallel()
	eachSnapshot(t, func(t *testing.T, h *hanging, refresh func(context.Context) error) {
		gone, leave := context.WithCancel(t.Context())
		leave()
		for what, wait := range map[string]time.Duration{"first": 0, "later": 2 * Stale} {
			<-time.After(wait)
			h.version.Add(1)
			if err := refresh(gone); err != nil {
				t.Errorf("%s: %v; want the answer, for those who stayed", what, err)
			}
		}
	})
}
