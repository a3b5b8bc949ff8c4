package tenant

import (
	"context"
	"log/slog"
	"net/url"
	"testing"
	"time"
)

// stored is a configuration as a database has it.
type stored struct {
	Store
	version int64
	tenants []*Tenant
}

func (s *stored) ConfigVersion(ctx context.Context) (int64, error) { return s.version, ctx.Err() }

func (s *stored) Tenants(ctx context.Context) ([]*Tenant, error) { return s.tenants, ctx.Err() }

func TestMT5_WhoHangsUpDoesNotKeepAnOldConfiguration(t *testing.T) {
	t.Parallel()
	s := &stored{version: 1, tenants: []*Tenant{New("default"), New("acme")}}
	d := NewDirectory(s, &url.URL{Scheme: "https", Host: "id.example.com"}, slog.New(slog.DiscardHandler))
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	if _, err := d.Refresh(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	s.version, s.tenants[1].DisabledAt = 2, now.UnixMicro()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if v, err := d.Refresh(gone, now.Add(Stale)); v != 2 || err != nil {
		t.Errorf("version %d, %v", v, err)
	}
	if _, ok := d.Find("acme"); ok {
		t.Error("the disabled tenant is still served")
	}
}
