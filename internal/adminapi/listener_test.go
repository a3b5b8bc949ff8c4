package adminapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestAD8_TheAPIMayHaveAListenerOfItsOwn: then the public one knows nothing of
// it, and it knows nothing else.
func TestAD8_TheAPIMayHaveAListenerOfItsOwn(t *testing.T) {
	t.Parallel()
	w := &world{rptest.New(t, tenants, rptest.Options{Flags: map[string]string{"admin-listen": "127.0.0.1:0"}})}
	token := w.bearer("", "ops", "")
	at := func(h http.Handler, path, remote string, header ...string) int {
		r := w.request(token, "GET", path, "", header...)
		if remote != "" {
			r.RemoteAddr = remote
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code
	}
	for _, path := range []string{"/admin/v1/sessions", "/admin/v1/openapi.json", "/admin/v1/nothing", "/sessions?sub=x", "/sessions/x", "/acme/admin/v1/sessions"} {
		if got := at(w.Server.Handler, path, ""); got != http.StatusNotFound {
			t.Errorf("public %s: %d", path, got)
		}
	}
	if got := at(w.Server.Handler, "/sessions?sub=x", "", "Tenant-ID", "acme"); got != http.StatusNotFound {
		t.Errorf("public, with a tenant's name: %d", got)
	}
	for path, want := range map[string]int{
		"/admin/v1/sessions": http.StatusOK, "/sessions?sub=x": http.StatusOK, "/healthz": http.StatusOK,
		"/.well-known/openid-configuration": http.StatusNotFound, "/login": http.StatusNotFound, "/token": http.StatusNotFound, "/metrics": http.StatusNotFound,
		"/acme/admin/v1/sessions": http.StatusUnauthorized,
	} {
		if got := at(w.Server.Admin, path, ""); got != want {
			t.Errorf("own %s: %d, want %d", path, got, want)
		}
	}
}

func TestAD8_NetworksThatMayAsk(t *testing.T) {
	t.Parallel()
	w := &world{rptest.New(t, tenants, rptest.Options{Flags: map[string]string{"admin-allowed-networks": "10.0.0.0/8,fd00::/8", "trusted-proxies": "192.0.2.1"}})}
	token := w.bearer("", "ops", "")
	for _, c := range []struct {
		remote, forwarded string
		allowed           bool
	}{
		{"10.1.2.3:5000", "", true}, {"[fd00::1]:5000", "", true}, {"[::ffff:10.1.2.3]:5000", "", true},
		{"192.0.2.9:5000", "", false}, {"192.0.2.9:5000", "10.1.2.3", false}, {"192.0.2.1:5000", "10.1.2.3", true}, {"192.0.2.1:5000", "198.51.100.7", false},
	} {
		for _, path := range []string{"/admin/v1/sessions", "/admin/v1/openapi.json", "/admin/v1/nothing", "/sessions?sub=x"} {
			r := w.request(token, "GET", path, "")
			r.RemoteAddr = c.remote
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			rec := w.Do(r)
			if (rec.Code != http.StatusForbidden) != c.allowed {
				t.Errorf("%s from %s (%s): %d", path, c.remote, c.forwarded, rec.Code)
			}
		}
	}
	if a := w.as("", "GET", "/.well-known/openid-configuration"); a.Status != http.StatusOK || !strings.Contains(a.Raw, "issuer") {
		t.Errorf("everything else is for everybody: %d", a.Status)
	}
}

// TestOperationsAreCountedByTheirNames: one label for each, whoever it is about.
func TestOperationsAreCountedByTheirNames(t *testing.T) {
	t.Parallel()
	w := &world{rptest.New(t, tenants, rptest.Options{})}
	token := w.bearer("", "ops", "")
	w.as(token, "DELETE", "/admin/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA")
	w.as(token, "GET", "/sessions/AAAAAAAAAAAAAAAAAAAAAA")
	w.as(token, "GET", "/admin/v1/sessions?limit=0")
	w.as(token, "GET", "/admin/v1/anything/at/all")
	r := w.request("", "GET", "/metrics", "")
	r.RemoteAddr = "127.0.0.1:5000"
	metrics := w.Do(r).Body.String()
	for _, want := range []string{
		`foyer_requests_total{method="DELETE",route="/admin/v1/sessions/{sid}",status="404"} 1`,
		`foyer_requests_total{method="GET",route="/sessions/{sid}",status="404"} 1`,
		`foyer_requests_total{method="GET",route="/admin/v1/",status="404"} 1`,
		`foyer_refusals_total{error="invalid_request",route="/admin/v1/sessions"} 1`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
	if log := w.Log.String(); strings.Contains(log, "AAAAAAAA") || !strings.Contains(log, `"actor":"client:ops"`) {
		t.Error("the log has what a path is about, or not who asked")
	}
}
