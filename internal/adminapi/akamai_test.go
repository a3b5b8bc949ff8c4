package adminapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestTheSessionsAPIOfAkamai: find, view and end an account's session, by the
// scopes of their form.
func TestTheSessionsAPIOfAkamai(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		phone, first := w.signedIn(ada, "listening")
		w.Wait(time.Second)
		desk, second := w.signedIn(ada, "web")
		sub := w.Person("default", ada).Sub
		token := w.bearer("", "config", "*:**")

		var found []struct {
			ID, Sub, Created, LastActivity, Expires, ACR string
			AuthTime                                     int64
			AMR                                          []string
			Devices                                      []struct {
				ID, BoundAt, LastSeen, UserAgent, IP string
				Clients                              []string
			}
		}
		for _, name := range []string{sub, "capture-v1://login.example.com/app123/user/" + sub, "urn:example:user:" + sub} {
			a := w.as(token, "GET", "/sessions?sub="+name)
			must(t, json.Unmarshal([]byte(a.Raw), &found))
			if len(found) != 1 || found[0].ID != second || found[0].Sub != name || len(found[0].Devices) != 2 || found[0].Devices[1].ID != first ||
				strings.Join(found[0].Devices[1].Clients, " ") != "listening" || found[0].AuthTime == 0 || found[0].Devices[0].UserAgent == "" {
				t.Fatalf("%s: %d %s", name, a.Status, a.Raw)
			}
		}
		if a := w.as(token, "GET", "/sessions?sub=nobody"); a.Status != http.StatusOK || a.Raw != "[]" {
			t.Errorf("nobody: %d %s", a.Status, a.Raw)
		}
		if a := w.as(token, "GET", "/sessions/"+first); a.Get("id") != first || a.Get("sub") != sub {
			t.Errorf("view: %d %s", a.Status, a.Raw)
		}

		// What a scope does not say is refused, in their words.
		for _, c := range []struct {
			client, scope, method, path string
			status                      int
		}{
			{"viewer", "", "GET", "/sessions?sub=" + sub, http.StatusOK},
			{"viewer", "", "GET", "/sessions/" + first, http.StatusOK},
			{"viewer", "", "DELETE", "/sessions/" + first, http.StatusForbidden},
			{"config", ".:sessions", "GET", "/sessions?sub=" + sub, http.StatusOK},
			{"config", ".:sessions", "GET", "/sessions/" + first, http.StatusForbidden},
			{"config", ".:sessions/" + first, "GET", "/sessions/" + first, http.StatusOK},
			{"config", ".:sessions/" + first, "GET", "/sessions/" + second, http.StatusForbidden},
			{"config", ".:sessions/**", "DELETE", "/sessions/" + first, http.StatusForbidden},
			{"config", "+:sessions/**", "DELETE", "/sessions/" + first, http.StatusForbidden},
			{"config", "*:config/**", "GET", "/sessions?sub=" + sub, http.StatusForbidden},
			{"config", "*:sessions/" + second, "DELETE", "/sessions/" + first, http.StatusForbidden},
			{"reader", "", "GET", "/sessions?sub=" + sub, http.StatusOK},
			{"reader", "", "DELETE", "/sessions/" + first, http.StatusForbidden},
			{"config", "*:**", "GET", "/sessions", http.StatusBadRequest},
			{"config", "*:**", "GET", "/sessions/AAAAAAAAAAAAAAAAAAAAAA", http.StatusNotFound},
			{"config", "*:**", "PUT", "/sessions/" + first, http.StatusMethodNotAllowed},
			{"config", "*:**", "GET", "/admin/v1/sessions", http.StatusForbidden},
		} {
			a := w.as(w.bearer("", c.client, c.scope), c.method, c.path)
			if a.Status != c.status || c.status >= 400 && !strings.HasPrefix(c.path, "/admin") && a.Get("errors") == "" {
				t.Errorf("%s with %q of %s: %d %s", c.method+" "+c.path, c.scope, c.client, a.Status, a.Raw)
			}
		}
		if a := w.as("", "GET", "/sessions?sub="+sub); a.Status != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("without a token: %d %s", a.Status, a.Raw)
		}

		// The end of one that has ended by itself is the end of all the account's.
		w.as(w.bearer("", "ops", ""), "DELETE", "/admin/v1/sessions/"+first)
		if !desk.Alive() || phone.Alive() {
			t.Error("one session was to end")
		}
		if a := w.as(w.bearer("", "config", "*:sessions/"+first), "DELETE", "/sessions/"+first); a.Status != http.StatusNoContent {
			t.Errorf("end: %d %s", a.Status, a.Raw)
		}
		if desk.Alive() {
			t.Error("a session of the account lives")
		}
		if a := w.as(token, "DELETE", "/sessions/"+first); a.Status != http.StatusNotFound {
			t.Errorf("end again: %d %s", a.Status, a.Raw)
		}
		if a := w.as(token, "GET", "/sessions/"+second); a.Status != http.StatusNotFound {
			t.Errorf("view of an ended one: %d %s", a.Status, a.Raw)
		}
	})
}

// TestMT1_TheTenantHeaderNeverWidens: it names a tenant only where host and path
// do not, for /sessions alone, and the token must be of that tenant.
func TestMT1_TheTenantHeaderNeverWidens(t *testing.T) {
	t.Parallel()
	w := &world{rptest.New(t, tenants+`---
tenant: hosted
hosts: [login.example.org]
clients:
  - {client_id: ops, client_secret: `+rptest.Secret+`, grant_types: [client_credentials], scope: "*:**"}
`, rptest.Options{})}
	ours, theirs := w.bearer("", "config", "*:**"), w.bearer("/acme", "ops", "*:**")
	const path = "/sessions?sub=nobody"
	for _, c := range []struct {
		what, token, path, header string
		status                    int
	}{
		{"no header", ours, path, "", http.StatusOK},
		{"the default's own name", ours, path, "default", http.StatusOK},
		{"another tenant by header", theirs, path, "acme", http.StatusOK},
		{"another tenant by path", theirs, "/acme" + path, "", http.StatusOK},
		{"by path and header", theirs, "/acme" + path, "acme", http.StatusOK},
		{"a token of the default at acme", ours, path, "acme", http.StatusUnauthorized},
		{"a token of acme at the default", theirs, path, "", http.StatusUnauthorized},
		{"a header against the path", theirs, "/acme" + path, "default", http.StatusBadRequest},
		{"a header against the path, the other token", ours, "/acme" + path, "default", http.StatusBadRequest},
		{"no such tenant", ours, path, "nobody", http.StatusNotFound},
		{"an empty one", ours, path, " ", http.StatusNotFound},
		{"for another API", theirs, "/admin/v1/sessions", "acme", http.StatusUnauthorized},
		{"for another endpoint", "", "/.well-known/openid-configuration", "acme", http.StatusOK},
		{"a tenant with a host, by header", ours, path, "hosted", http.StatusUnauthorized},
	} {
		var header []string
		if c.header != "" {
			header = []string{"Tenant-ID", c.header}
		}
		a := w.as(c.token, "GET", c.path, header...)
		if a.Status != c.status || a.Get("issuer") != "" && a.Get("issuer") != w.Base {
			t.Errorf("%s: %d %s", c.what, a.Status, a.Raw)
		}
	}
	if a := w.as(ours, "GET", path, "Tenant-ID", "default", "Tenant-ID", "acme"); a.Status != http.StatusNotFound {
		t.Errorf("two headers: %d", a.Status)
	}
	r := w.request(ours, "GET", path, "", "Tenant-ID", "default")
	r.Host, r.URL.Host = "login.example.org", "login.example.org"
	if rec := w.Do(r); rec.Code != http.StatusBadRequest {
		t.Errorf("a header against the host: %d %s", rec.Code, rec.Body)
	}
}
