package adminapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/rptest"
)

func TestDeliveriesAreListedAndReplayed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		_, sid := w.signedIn(ada, "listening")
		token := w.bearer("", "ops", "")
		w.as(token, "DELETE", "/admin/v1/sessions/"+sid)
		list := w.as(token, "GET", "/admin/v1/logout-deliveries?client=listening&state=pending&session="+sid)
		if len(items(list, "id")) != 1 {
			t.Fatalf("%d %s", list.Status, list.Raw)
		}
		path := "/admin/v1/logout-deliveries/" + items(list, "id")[0]
		one := w.as(token, "GET", path)
		if one.Get("client_id") != "listening" || one.Get("sid") != sid || one.Get("reason") != "admin" || one.Get("uri") != listener ||
			one.Get("state") != "pending" || one.Get("next_at") == "" {
			t.Errorf("%s", one.Raw)
		}
		is(t, "replay of a pending one", w.as(token, "POST", path+"/replay"), http.StatusConflict, "delivery_pending")
		w.settle(outbox.Refused, "HTTP 400")
		if got := w.as(token, "GET", path); got.Get("state") != "refused" || got.Get("answer") != "HTTP 400" || got.Get("settled_at") == "" {
			t.Errorf("settled: %s", got.Raw)
		}
		for query, n := range map[string]int{"state=pending": 0, "state=refused": 1, "client=web": 0, "client=listening": 1} {
			if got := items(w.as(token, "GET", "/admin/v1/logout-deliveries?"+query), "id"); len(got) != n {
				t.Errorf("%s: %v", query, got)
			}
		}
		again := w.as(token, "POST", path+"/replay")
		is(t, "replay", again, http.StatusAccepted, "")
		if again.Get("state") != "pending" {
			t.Errorf("replayed: %s", again.Raw)
		}
		for _, bad := range []string{"AAAAAAAAAAE", "x", strings.Repeat("A", 11), "__________8"} {
			is(t, bad, w.as(token, "GET", "/admin/v1/logout-deliveries/"+bad), http.StatusNotFound, "not_found")
		}
	})
}

func TestAClientIsAskedWhetherItListens(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 20)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard <- string(body)
		if r.URL.Path == "/busy" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(app.Close)
	tenants := strings.Replace(tenants, listener, app.URL+"/backchannel", 1)
	tenants = strings.Replace(tenants, "resources:\n", `
  - <<: *web
    client_id: "https://app.example.com/busy"
    backchannel_logout_uri: `+app.URL+`/busy
resources:
`, 1)
	w := &world{rptest.New(t, tenants, rptest.Options{Flags: map[string]string{"egress-allow-private-networks": "127.0.0.0/8"}})}
	token := w.bearer("", "ops", "")
	a := w.as(token, "POST", "/admin/v1/clients/listening/test-backchannel-logout")
	is(t, "listening", a, http.StatusOK, "")
	if a.JSON["delivered"] != true || a.Get("answer") != "HTTP 200" || a.Get("uri") != app.URL+"/backchannel" || !strings.HasPrefix(<-heard, "logout_token=ey") {
		t.Errorf("%s", a.Raw)
	}
	a = w.as(token, "POST", "/admin/v1/clients/https%3A%2F%2Fapp.example.com%2Fbusy/test-backchannel-logout")
	if a.Status != http.StatusOK || a.JSON["delivered"] != false || a.Get("answer") != "HTTP 503" {
		t.Errorf("busy: %d %s", a.Status, a.Raw)
	}
	is(t, "without an address", w.as(token, "POST", "/admin/v1/clients/spa/test-backchannel-logout"), http.StatusConflict, "no_backchannel_logout_uri")
	is(t, "nobody", w.as(token, "POST", "/admin/v1/clients/nobody/test-backchannel-logout"), http.StatusNotFound, "not_found")
	for range 9 {
		w.as(token, "POST", "/admin/v1/clients/listening/test-backchannel-logout")
	}
	a = w.as(token, "POST", "/admin/v1/clients/listening/test-backchannel-logout")
	is(t, "too often", a, http.StatusTooManyRequests, "too_many_requests")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.Wait(time.Minute)
	is(t, "later", w.as(w.bearer("", "ops", ""), "POST", "/admin/v1/clients/listening/test-backchannel-logout"), http.StatusOK, "")
}
