package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/tenant"
)

// several is the configuration of three tenants, one with a host.
type several struct{ tenant.Store }

func (several) ConfigVersion(context.Context) (int64, error) { return 1, nil }

func (several) Tenants(context.Context) ([]*tenant.Tenant, error) {
	hosted := tenant.New("hosted")
	hosted.Hosts = []string{"login.example.org"}
	return []*tenant.Tenant{tenant.New("default"), tenant.New("acme"), hosted}, nil
}

// TestPatternsAndTheTenantHeader: which tenant, route and value an address means.
func TestPatternsAndTheTenantHeader(t *testing.T) {
	t.Parallel()
	here := func(w http.ResponseWriter, r *http.Request) error {
		q := From(r.Context())
		_, err := w.Write([]byte(q.Tenant.ID + " " + q.Route + " " + r.PathValue("id")))
		return err
	}
	get := map[string]Handler{http.MethodGet: here}
	log := slog.New(slog.DiscardHandler)
	s := NewServer(Options{
		Routes: []Route{
			{Path: "/things", Methods: get, Named: true}, {Path: "/things/{id}", Methods: get, Named: true}, {Path: "/things/{id}/parts", Methods: get},
			{Path: "/things/", Prefix: true, Methods: get},
		},
		Tenants: tenant.NewDirectory(several{}, &url.URL{Scheme: "https", Host: "example.com", Path: "/id"}, log), Now: time.Now, Log: log,
		Fail: func(w http.ResponseWriter, _ *http.Request, err error) { w.WriteHeader(Refuse(err).Status) },
	})
	for _, c := range []struct{ address, header, want string }{
		{"https://example.com/id/things", "", "default /things "},
		{"https://example.com/id/things/", "", "default /things "},
		{"https://example.com/id/things/a", "", "default /things/{id} a"},
		{"https://example.com/id/things/a/", "", "default /things/{id} a"},
		{"https://example.com/id/things/a%2Fb%20c", "", "default /things/{id} a/b c"},
		{"https://example.com/id/acme/things/a%2Fb", "", "acme /things/{id} a/b"},
		{"https://example.com/id/things/a/parts", "", "default /things/{id}/parts a"},
		{"https://example.com/id/things//parts", "", "default /things/ "}, // no value, so no such pattern
		{"https://example.com/id/things/a/b/c", "", "default /things/ "},
		{"https://login.example.org/things/a", "", "hosted /things/{id} a"},
		{"https://example.com/things", "", ""},
		{"https://example.com/id/things/a", "acme", "acme /things/{id} a"},
		{"https://example.com/id/things/a/", "acme", "acme /things/{id} a"},
		{"https://example.com/id/things", "hosted", "hosted /things "},
		{"https://example.com/id/things", "default", "default /things "},
		{"https://example.com/id/things/a/parts", "acme", "default /things/{id}/parts a"}, // not a Named route
		{"https://example.com/id/acme/things", "acme", "acme /things "},
		{"https://example.com/id/acme/things", "default", ""},
		{"https://login.example.org/things", "hosted", "hosted /things "},
		{"https://login.example.org/things", "acme", ""},
		{"https://example.com/id/things", "nobody", ""},
		{"https://example.com/things", "acme", ""}, // not below public_url
	} {
		r := httptest.NewRequest(http.MethodGet, c.address, nil)
		if c.header != "" {
			r.Header.Set("Tenant-ID", c.header)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got := w.Body.String(); got != c.want {
			t.Errorf("%s with %q: %d %q, want %q", c.address, c.header, w.Code, got, c.want)
		}
	}
}
