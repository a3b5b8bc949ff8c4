package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/foyer-id/foyer/internal/tenant"
)

// stored is the configuration of one tenant.
type stored struct{ tenant.Store }

func (stored) ConfigVersion(context.Context) (int64, error) { return 1, nil }

func (stored) Tenants(context.Context) ([]*tenant.Tenant, error) {
	return []*tenant.Tenant{tenant.New("default")}, nil
}

// serve answers one POST to h, and returns the status and the log.
func serve(t *testing.T, r *http.Request, h Handler) (int, string) {
	t.Helper()
	var log bytes.Buffer
	out := slog.New(slog.NewTextHandler(&log, nil))
	w := httptest.NewRecorder()
	NewServer(Options{
		Routes:  []Route{{Path: "/do", Methods: map[string]Handler{http.MethodPost: h}}},
		Tenants: tenant.NewDirectory(stored{}, &url.URL{Scheme: "https", Host: "id.example.com"}, out), Now: time.Now, Log: out,
		Fail: func(w http.ResponseWriter, r *http.Request, err error) {
			From(r.Context()).Cause = err
			w.WriteHeader(Refuse(err).Status)
		},
	}).ServeHTTP(w, r)
	return w.Code, log.String()
}

func TestWhoHangsUpIsNoFaultOfOurs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fault := errors.New("database went away")
	status, log := serve(t, httptest.NewRequestWithContext(ctx, http.MethodPost, "/do", nil), func(http.ResponseWriter, *http.Request) error {
		cancel()
		return fault
	})
	if status != statusGone || strings.Contains(log, "ERROR") || !strings.Contains(log, "client_gone") || !strings.Contains(log, fault.Error()) {
		t.Errorf("%d %s", status, log)
	}
	status, log = serve(t, httptest.NewRequest(http.MethodPost, "/do", nil), func(http.ResponseWriter, *http.Request) error { return fault })
	if status != http.StatusInternalServerError || !strings.Contains(log, "ERROR") {
		t.Errorf("somebody waits: %d %s", status, log)
	}
}

func TestDS1_BodiesThatStopAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body io.Reader
		want int
	}{
		"stops":     {io.MultiReader(strings.NewReader("a=b"), iotest.ErrReader(io.ErrUnexpectedEOF)), http.StatusBadRequest},
		"too large": {strings.NewReader(strings.Repeat("a", MaxBody+1)), http.StatusRequestEntityTooLarge},
		"whole":     {strings.NewReader("a=b"), http.StatusOK},
	} {
		r := httptest.NewRequest(http.MethodPost, "/do", c.body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, log := serve(t, r, func(_ http.ResponseWriter, r *http.Request) error {
			_, err := Form(r)
			return err
		})
		if status != c.want || strings.Contains(log, "ERROR") {
			t.Errorf("%s: %d %s", name, status, log)
		}
	}
}
