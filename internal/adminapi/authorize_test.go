package adminapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/rptest"
)

// scopes is the scope of each operation, as docs/admin-api.md lists them; a
// route that is not here is a mistake.
var scopes = map[string]string{
	"GET /admin/v1/clients":                                   "admin.clients:read",
	"GET /admin/v1/clients/{client}":                          "admin.clients:read",
	"GET /admin/v1/accounts":                                  "admin.accounts:read",
	"GET /admin/v1/accounts/{sub}":                            "admin.accounts:read",
	"GET /admin/v1/sessions":                                  "admin.sessions:read",
	"GET /admin/v1/sessions/{sid}":                            "admin.sessions:read",
	"DELETE /admin/v1/sessions/{sid}":                         "admin.sessions:write",
	"GET /admin/v1/accounts/{sub}/sessions":                   "admin.sessions:read",
	"DELETE /admin/v1/accounts/{sub}/sessions":                "admin.sessions:write",
	"GET /admin/v1/logout-deliveries":                         "admin.logout-deliveries:read",
	"GET /admin/v1/logout-deliveries/{id}":                    "admin.logout-deliveries:read",
	"POST /admin/v1/logout-deliveries/{id}/replay":            "admin.logout-deliveries:write",
	"POST /admin/v1/clients/{client}/test-backchannel-logout": "admin.clients:write",
	"GET /sessions":                                           "admin.sessions:read",
	"GET /sessions/{sid}":                                     "admin.sessions:read",
	"DELETE /sessions/{sid}":                                  "admin.sessions:write",
}

// open are the operations that need no token.
var open = []string{"GET /admin/v1/openapi.json"}

// each calls fn for each operation of the server's routes, with a request to it.
func (w *world) each(fn func(name, method, path, scope string)) {
	w.T.Helper()
	seen := 0
	for _, r := range w.Server.Routes {
		if r.Prefix || !strings.HasPrefix(r.Path, "/admin/") && !strings.HasPrefix(r.Path, "/sessions") {
			continue
		}
		for method := range r.Methods {
			name := method + " " + r.Path
			scope, known := scopes[name]
			if known {
				seen++
			} else if !slices.Contains(open, name) {
				w.T.Errorf("%s is not in the table", name)
			}
			path := strings.NewReplacer("{sid}", "AAAAAAAAAAAAAAAAAAAAAA", "{sub}", "nobody", "{id}", "AAAAAAAAAAE", "{client}", "nobody").Replace(r.Path)
			if r.Path == "/sessions" {
				path += "?sub=nobody"
			}
			fn(name, method, path, scope)
		}
	}
	if seen != len(scopes) {
		w.T.Errorf("%d operations, the table has %d", seen, len(scopes))
	}
}

// TestAD1_EachOperationDemandsItsScope: every route with every kind of caller.
func TestAD1_EachOperationDemandsItsScope(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		person := w.personal()
		others := map[string]string{
			"no token": "", "garbage": "garbage", "another tenant's": w.bearer("/acme", "ops", everyScope+" *:**"),
			"a person's": person.Get("access_token"), "an ID token": person.Get("id_token"),
			"an API's": w.bearer("", "config", "orders.read"),
		}
		tokens := map[string]string{}
		for _, s := range grant.AdminScopes {
			tokens[s] = w.bearer("", "ops", s)
		}
		w.each(func(name, method, path, scope string) {
			if scope == "" {
				if a := w.as("", method, path); a.Status != http.StatusOK {
					t.Errorf("%s: %d", name, a.Status)
				}
				return
			}
			for who, token := range others {
				a := w.as(token, method, path)
				if a.Status != http.StatusUnauthorized || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), `Bearer realm="`) {
					t.Errorf("%s with %s: %d %s, %q", name, who, a.Status, a.Raw, a.Header.Get("WWW-Authenticate"))
				}
				if hasError := strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`); hasError != (who != "no token") {
					t.Errorf("%s with %s: %q", name, who, a.Header.Get("WWW-Authenticate"))
				}
			}
			for s, token := range tokens {
				a := w.as(token, method, path)
				if s == scope {
					if a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden || a.Status >= 500 {
						t.Errorf("%s with %s: %d %s", name, s, a.Status, a.Raw)
					}
				} else if a.Status != http.StatusForbidden || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
					t.Errorf("%s with %s: %d %s", name, s, a.Status, a.Raw)
				}
			}
		})
		if n := len(w.records(audit.SessionEnded)); n != 0 {
			t.Errorf("%d sessions ended", n)
		}
	})
}

// personal are the tokens of a person who signed in to a client with every
// administrative scope registered.
func (w *world) personal() *rptest.Answer {
	w.T.Helper()
	b := w.Browser()
	b.Enter("default", ada, time.Minute)
	return b.Tokens("person", url.Values{"scope": {"openid " + everyScope}})
}

// TestTK14_AdministrativeScopesAreForOperatorsClientsAlone: who gets a token
// for the API, and for what.
func TestTK14_AdministrativeScopesAreForOperatorsClientsAlone(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		spec := client.Spec{ClientID: "self", GrantTypes: []string{"client_credentials"}, Scope: everyScope + " *:**"}
		must(t, w.Server.Store.CreateClient(t.Context(), "default", &client.Client{
			Spec: spec, Version: 1, CreatedAt: w.Now().UnixMicro(), Origin: client.FromSelf,
			Secrets: []client.Secret{{Hash: client.HashSecret(rptest.Secret), CreatedAt: w.Now().UnixMicro()}},
		}, audit.Event{}))
		w.Server.Directory.Invalidate()
		w.Wait(2 * time.Second)
		audience := w.Base + "/admin/v1"
		for _, c := range []struct {
			client, scope, resource string
			error, granted          string
		}{
			{"ops", "", "", "", everyScope},
			{"ops", "admin.sessions:read", "", "", "admin.sessions:read"},
			{"ops", "admin.sessions:read", audience, "", "admin.sessions:read"},
			{"ops", "", audience, "", everyScope},
			{"reader", "admin.sessions:write", "", "invalid_scope", ""},
			{"reader", "*:sessions/x", "", "invalid_scope", ""},
			{"reader", "admin.sessions:read", "https://api.example.com", "invalid_scope", ""},
			{"mixed", "", "", "", "orders.read"},
			{"mixed", "", audience, "", "admin.sessions:read"},
			{"mixed", "orders.read admin.sessions:read", "", "invalid_scope", ""},
			{"mixed", "orders.read admin.sessions:read", audience, "invalid_scope", ""},
			{"web", "", audience, "invalid_scope", ""},
			{"web", "admin.sessions:read", "", "invalid_scope", ""},
			{"person", "admin.sessions:read", "", "unauthorized_client", ""},
			{"self", "admin.sessions:read", "", "invalid_scope", ""},
			{"self", "*:**", "", "invalid_scope", ""},
			{"self", "", audience, "invalid_scope", ""},
			{"config", "*:**", "", "", "*:**"},
			{"config", ".:sessions", "", "", ".:sessions"},
			{"config", "*:sessions/abc *:sessions/**", "", "", "*:sessions/abc *:sessions/**"},
			{"config", "admin.sessions:read", "", "invalid_scope", ""},
			{"viewer", "*:sessions/abc", "", "invalid_scope", ""},
			{"viewer", ".:sessions/abc", "", "", ".:sessions/abc"},
			{"viewer", ".:sessions/**", "", "invalid_scope", ""},
			{"viewer", "*:**", "", "invalid_scope", ""},
		} {
			var more []string
			if c.resource != "" {
				more = []string{"resource", c.resource}
			}
			a := w.token("", c.client, c.scope, more...)
			if a.Get("error") != c.error || a.Get("scope") != c.granted {
				t.Errorf("%s asks for %q at %q: %s", c.client, c.scope, c.resource, a.Raw)
			}
			if c.error == "" && c.granted != "orders.read" && w.Claims(a.Get("access_token"))["aud"] != audience {
				t.Errorf("%s: aud %v", c.client, w.Claims(a.Get("access_token"))["aud"])
			}
		}
		both := w.token("", "ops", "admin.sessions:read", "resource", audience, "resource", "https://api.example.com")
		if both.Get("error") != "invalid_target" {
			t.Errorf("two audiences in one token: %s", both.Raw)
		}
		// Nobody gets them by way of a person, whatever is registered.
		b := w.Browser()
		b.Enter("default", ada, time.Minute)
		if a := b.Tokens("person", url.Values{"scope": {"openid " + everyScope + " *:**"}}); a.Get("scope") != "openid" {
			t.Errorf("a person's token has %q", a.Get("scope"))
		}
		if p := b.Follow(b.Get(w.Authorize("person", url.Values{"resource": {audience}}))); p.Answer().Get("error") != "invalid_target" {
			t.Errorf("resource at /authorize: %d %q", p.Status(), p.Location())
		}
	})
}

// TestAD1_ATokenAllowsWhatItsClientMayNow: what is taken from a client is taken
// from the tokens that it has; opaque tokens are tokens.
func TestAD1_ATokenAllowsWhatItsClientMayNow(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		change := func(id string, change func(*client.Spec)) {
			c, err := w.Server.Clients.Find(t.Context(), "default", id)
			must(t, err)
			change(&c.Spec)
			_, err = w.Server.Clients.Update(t.Context(), "default", c.Spec, 0, client.CheckContext{Origin: c.Origin})
			must(t, err)
			w.Wait(2 * time.Second)
		}
		for _, id := range []string{"ops", "opaque-ops"} {
			token := w.bearer("", id, "")
			is(t, id, w.as(token, "GET", "/admin/v1/sessions"), http.StatusOK, "")
			change(id, func(s *client.Spec) { s.Scope = "admin.clients:write" })
			is(t, id+" without the scope", w.as(token, "GET", "/admin/v1/sessions"), http.StatusForbidden, "insufficient_scope")
			change(id, func(s *client.Spec) { s.Scope = everyScope })
			is(t, id+" with it again", w.as(token, "GET", "/admin/v1/sessions"), http.StatusOK, "")
			if a := w.Call("/revoke", rptest.Basic(id), url.Values{"token": {token}}); a.Status != http.StatusOK {
				t.Errorf("revoke: %d", a.Status)
			}
			is(t, id+", revoked", w.as(token, "GET", "/admin/v1/sessions"), http.StatusUnauthorized, "invalid_token")
			token = w.bearer("", id, "")
			w.Wait(2 * time.Hour)
			is(t, id+", expired", w.as(token, "GET", "/admin/v1/sessions"), http.StatusUnauthorized, "invalid_token")
			token = w.bearer("", id, "")
			off := false
			change(id, func(s *client.Spec) { s.Enabled = &off })
			is(t, id+", disabled", w.as(token, "GET", "/admin/v1/sessions"), http.StatusUnauthorized, "invalid_token")
		}
	})
}

// TestAD3_AD4_QueriesAreReadStrictly: what nobody knows is refused, with every
// finding at its place.
func TestAD3_AD4_QueriesAreReadStrictly(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		token := w.bearer("", "ops", "")
		for query, want := range map[string]string{
			"tenant=acme":              "tenant",
			"limit=0":                  "limit",
			"limit=201":                "limit",
			"limit=1&limit=2":          "limit",
			"limit=1%20OR%201=1":       "limit",
			"include=everything":       "include",
			"cursor=AAAA":              "cursor",
			"account=%00":              "account",
			"account=":                 "account",
			"client=&account":          "account client",
			"account=a%0Ab":            "account",
			"client=" + long(400):      "client",
			"x=1&limit=900&cursor=%00": "cursor limit x",
		} {
			a := w.as(token, "GET", "/admin/v1/sessions?"+query)
			is(t, query, a, http.StatusBadRequest, "invalid_request")
			var at []string
			list, _ := a.JSON["errors"].([]any)
			for _, x := range list {
				at = append(at, fmt.Sprint(x.(map[string]any)["parameter"]))
			}
			slices.Sort(at)
			if got := strings.Join(at, " "); got != want {
				t.Errorf("%s: findings at %q", query, got)
			}
		}
		for body, want := range map[string]string{
			`{"tenant_id":"acme","state":"delivered"}`: "/state /tenant_id", `{"a/b~":1}`: "/a~1b~0", `[1]`: "<nil>", `nonsense`: "<nil>",
		} {
			a := w.ask(token, "POST", "/admin/v1/logout-deliveries/AAAAAAAAAAE/replay", body)
			is(t, body, a, http.StatusBadRequest, "invalid_request")
			var at []string
			list, _ := a.JSON["errors"].([]any)
			for _, x := range list {
				at = append(at, fmt.Sprint(x.(map[string]any)["pointer"]))
			}
			if got := strings.Join(at, " "); got != want {
				t.Errorf("%s: findings at %q", body, got)
			}
		}
		for _, body := range []string{"", "{}", " \n"} {
			is(t, "an empty body", w.ask(token, "POST", "/admin/v1/logout-deliveries/AAAAAAAAAAE/replay", body), http.StatusNotFound, "not_found")
		}
		is(t, "a body too large", w.ask(token, "POST", "/admin/v1/logout-deliveries/AAAAAAAAAAE/replay", long(70<<10)), http.StatusRequestEntityTooLarge, "request_too_large")
		is(t, "another method", w.as(token, "PATCH", "/admin/v1/sessions"), http.StatusMethodNotAllowed, "method_not_allowed")
		is(t, "no operation", w.as(token, "GET", "/admin/v1/tenants"), http.StatusNotFound, "not_found")
		is(t, "a path to clean", w.as(token, "GET", "/admin/v1//sessions"), http.StatusNotFound, "not_found")
		is(t, "a slash at the end", w.as(token, "GET", "/admin/v1/sessions/"), http.StatusOK, "")
		is(t, "two tokens", w.as(token, "GET", "/admin/v1/sessions", "Authorization", "Bearer x"), http.StatusBadRequest, "invalid_request")
		is(t, "a token in the address", w.as("", "GET", "/admin/v1/sessions?access_token="+token), http.StatusUnauthorized, "no_token")
		for _, bad := range []string{"%00", "%ff", "a%0ab", "..", "%2e%2e"} {
			for _, path := range []string{"/admin/v1/sessions/", "/admin/v1/logout-deliveries/"} {
				is(t, path+bad, w.as(token, "GET", path+bad), http.StatusNotFound, "not_found")
			}
			is(t, bad, w.as(token, "GET", "/admin/v1/accounts/"+bad+"/sessions"), http.StatusNotFound, "not_found")
			is(t, bad, w.as(token, "POST", "/admin/v1/clients/"+bad+"/test-backchannel-logout"), http.StatusNotFound, "not_found")
		}
	})
}

func long(n int) string { return strings.Repeat("a", n) }
