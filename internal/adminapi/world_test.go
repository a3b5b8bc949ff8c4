package adminapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

const (
	ada = "ada@people.example.com"
	bob = "bob@people.example.com"
)

const (
	everyScope = "admin.sessions:read admin.sessions:write admin.logout-deliveries:read admin.logout-deliveries:write admin.clients:read admin.clients:write admin.accounts:read"
	// operators are clients that may administer, in each of the ways.
	operators = `
  - &ops
    client_id: ops
    client_secret: ` + rptest.Secret + `
    grant_types: [client_credentials]
    scope: ` + everyScope + `
  - <<: *ops
    client_id: opaque-ops
    access_token_format: opaque
  - <<: *ops
    client_id: reader
    scope: admin.sessions:read
  - <<: *ops
    client_id: mixed
    scope: openid orders.read admin.sessions:read
  - <<: *ops
    client_id: config
    scope: "*:** orders.read"
  - <<: *ops
    client_id: viewer
    scope: ".:sessions .:sessions/{session-id}"
  - <<: *ops
    client_id: person
    grant_types: [authorization_code, refresh_token]
    redirect_uris: [` + rptest.Callback + `]
    scope: openid ` + everyScope + `
  - client_id: listening
    client_secret: ` + rptest.Secret + `
    redirect_uris: [` + rptest.Callback + `]
    grant_types: [authorization_code, refresh_token]
    backchannel_logout_uri: ` + listener + `
`
	listener = "https://app.example.com/backchannel"
	acme     = `---
tenant: acme
clients:
  - client_id: ops
    client_secret: ` + rptest.Secret + `
    grant_types: [client_credentials]
    scope: "` + everyScope + ` *:**"
  - client_id: web
    client_secret: ` + rptest.Secret + `
    redirect_uris: [` + rptest.Callback + `]
`
)

// tenants have no accounts: those are made without a password, which costs nothing.
var tenants = strings.Replace(rptest.Tenant[:strings.Index(rptest.Tenant, "accounts:\n")], "resources:\n", operators+"resources:\n", 1) + acme

// both runs fn on a Foyer with operators, on both databases.
func both(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	rptest.Both(t, tenants, func(t *testing.T, w *rptest.World) { fn(t, &world{w}) })
}

type world struct{ *rptest.World }

// token asks for a client's token; scope "" is all it has.
func (w *world) token(base, clientID, scope string, more ...string) *rptest.Answer {
	w.T.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	if scope != "" {
		form.Set("scope", scope)
	}
	for i := 0; i+1 < len(more); i += 2 {
		form.Add(more[i], more[i+1])
	}
	return w.Call(base+"/token", rptest.Basic(clientID), form)
}

// bearer is a client's token, which it must get.
func (w *world) bearer(base, clientID, scope string) string {
	w.T.Helper()
	a := w.token(base, clientID, scope)
	if a.Status != http.StatusOK {
		w.T.Fatalf("token for %s %q: %d %s", clientID, scope, a.Status, a.Raw)
	}
	return a.Get("access_token")
}

// as asks with a token.
func (w *world) as(token, method, path string, header ...string) *rptest.Answer {
	w.T.Helper()
	return w.ask(token, method, path, "", header...)
}

func (w *world) ask(token, method, path, body string, header ...string) *rptest.Answer {
	w.T.Helper()
	rec := w.Do(w.request(token, method, path, body, header...))
	a := &rptest.Answer{Status: rec.Code, Header: rec.Header(), Raw: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.JSON) // not every answer is an object
	return a
}

func (w *world) request(token, method, path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, w.Base+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// is fails unless the answer has a status, and for refusals a problem with its code.
func is(t *testing.T, what string, a *rptest.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.Get("code") != code {
		t.Errorf("%s: %d %s, want %d %s", what, a.Status, a.Raw, status, code)
	}
	if code != "" && (a.Header.Get("Content-Type") != "application/problem+json" || a.Get("request_id") == "" || a.JSON["status"] != float64(status)) {
		t.Errorf("%s: not a problem document: %s %s", what, a.Header.Get("Content-Type"), a.Raw)
	}
}

// items are the members of a list's items.
func items(a *rptest.Answer, member string) []string {
	out := []string{}
	list, _ := a.JSON["items"].([]any)
	for _, x := range list {
		o, _ := x.(map[string]any)
		s, _ := o[member].(string)
		out = append(out, s)
	}
	return out
}

// signedIn is the sid of a browser in which a person has signed in to an application.
func (w *world) signedIn(email, clientID string) (*rptest.Browser, string) {
	w.T.Helper()
	b := w.Browser()
	b.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0")
	sid := b.Enter("default", email, time.Minute).SID
	b.Tokens(clientID, nil)
	return b, sid
}

// settle ends a delivery as the worker does.
func (w *world) settle(state outbox.State, answer string) {
	w.T.Helper()
	ctx, store := w.T.Context(), w.Server.Store
	jobs, err := store.Lease(ctx, outbox.LaneOf(logout.Backchannel, "default", "listening"), "worker", 10, w.Now(), w.Now().Add(time.Minute))
	must(w.T, err)
	if len(jobs) == 0 {
		w.T.Fatal("nothing to deliver")
	}
	for _, j := range jobs {
		must(w.T, store.Settle(ctx, "worker", []outbox.Result{{Job: j, Outcome: outbox.Outcome{State: state, Answer: answer}}}, w.Now()))
	}
}

// records are the audit records of a kind.
func (w *world) records(kind audit.Kind) []sqlstore.AuditRecord {
	w.T.Helper()
	list, err := w.Server.Store.ListAudit(w.T.Context(), "default", 0, 500)
	must(w.T, err)
	var out []sqlstore.AuditRecord
	for _, r := range list {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
