package demo_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/foyer-id/foyer/internal/demo"
)

// transport is a network that a test switches.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func serve(t *testing.T, a *demo.App, address string) int {
	t.Helper()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w.Code
}
