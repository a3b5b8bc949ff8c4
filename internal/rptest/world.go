// Package rptest gives tests a whole Foyer and browsers to use it with.
//
//	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
//		b := w.Browser()
//		code := b.SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password)
//	})
//
// A World is the real server, wired as foyer serve wires it, on a fresh SQLite
// file or PostgreSQL database, with a clock that the test moves. Requests go
// straight to its handler.
//
// It refuses to imitate anything: what is under test is what runs.
package rptest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/inbox"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// Password is the password of the accounts in Tenant.
const Password = "correct horse battery staple"

// Secret is the client secret of the confidential clients in Tenant.
const Secret = "a-client-secret-that-is-long-enough-0123456789"

// Callback is the redirect address of the clients in Tenant; Bye their
// post-logout address.
const (
	Callback = "https://app.example.com/callback"
	Bye      = "https://app.example.com/bye"
)

// Tenant is a tenant file with a client of each sort and two accounts.
const Tenant = `
tenant: default
display_name: Example
settings: {self_registration: true}
clients:
  - &web
    client_id: web
    client_name: Example web
    token_endpoint_auth_method: client_secret_basic
    client_secret: ` + Secret + `
    redirect_uris: [` + Callback + `]
    post_logout_redirect_uris: [` + Bye + `, "https://app.example.com/bye?from=foyer"]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scope: openid profile email phone address offline_access orders.read
  - <<: *web
    client_id: other
    client_name: Other
  - <<: *web
    client_id: third
    client_name: Third party
    first_party: false
  - <<: *web
    client_id: off
    enabled: false
  - client_id: spa
    client_name: Browser app
    token_endpoint_auth_method: none
    redirect_uris: [` + Callback + `]
    post_logout_redirect_uris: [` + Bye + `]
    grant_types: [authorization_code, refresh_token]
  - client_id: native
    client_name: Phone app
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: ["com.example.app:/callback", "http://127.0.0.1/callback", "http://[::1]/callback"]
    post_logout_redirect_uris: ["com.example.app:/bye"]
    grant_types: [authorization_code, refresh_token]
resources:
  - {audience: "https://api.example.com", scopes: [orders.read, orders.write], introspection_secret: ` + Secret + `}
accounts:
  - {email: ada@example.com, email_verified: true, password: ` + Password + `, given_name: Ada, family_name: Lovelace}
  - {email: bob@example.com, email_verified: true, password: ` + Password + `, given_name: Bob, family_name: Babbage}
`

// Challenge and Verifier are a PKCE pair (the numbers of RFC 7636 App. B).
const (
	Verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	Challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// World is a running Foyer.
type World struct {
	T      testing.TB
	Server *app.Server
	Base   string // public URL
	// Database is its address, for a second node or to look inside.
	Database string
	Log      *Log
	// Inbox has the mails, where Options.Mail asked for it.
	Inbox *inbox.Inbox
	rest  func() // stops the outbox

	mu  sync.Mutex
	now time.Time

	other *World // takes every second request, when there are two nodes
	turn  atomic.Int64
}

// Options change how a World is made.
type Options struct {
	PublicURL string            // default https://id.example.com
	Flags     map[string]string // of foyer serve
	Database  string            // default: fresh SQLite
	Now       time.Time
	// Mail configures mail: the World has an Inbox, and its outbox works.
	Mail bool
}

// Both runs fn on SQLite and on PostgreSQL.
func Both(t *testing.T, tenants string, fn func(t *testing.T, w *World)) {
	t.Helper()
	for _, db := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", storetest.MigratedSQLite}, {"postgres", storetest.MigratedPostgres}} {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			fn(t, New(t, tenants, Options{Database: db.url(t)}))
		})
	}
}

// New starts a World with the tenants of a tenant file.
func New(t testing.TB, tenants string, o Options) *World {
	t.Helper()
	if o.PublicURL == "" {
		o.PublicURL = "https://id.example.com"
	}
	if o.Database == "" {
		o.Database = storetest.MigratedSQLite(t)
	}
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	}
	dir := t.TempDir()
	flags := map[string]string{"database": o.Database, "public-url": o.PublicURL, "master-key-file": filepath.Join(dir, "master.key")}
	w := &World{T: t, Base: o.PublicURL, Database: o.Database, Log: &Log{}, now: o.Now}
	if o.Mail {
		w.openInbox(flags)
	}
	for k, v := range o.Flags {
		flags[k] = v
	}
	cfg, err := config.Load(config.Options{Flags: flags, ReadFile: noFile})
	check(t, err)
	log := slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	core, err := app.Open(t.Context(), cfg, app.Env{Now: w.Now, Log: log, Create: true, Storage: sqlstore.Options{Wait: storetest.Patience}})
	check(t, err)
	t.Cleanup(func() { check(t, core.Close()) })
	w.Server, err = app.NewServer(core)
	check(t, err)
	if o.Mail {
		w.runWorker()
	}
	w.Apply(tenants)
	return w
}

func noFile(name string) ([]byte, error) { return nil, &fileError{name} }

type fileError struct{ name string }

func (e *fileError) Error() string { return e.name + ": no such file" }
func (e *fileError) Is(target error) bool {
	return target != nil && target.Error() == "file does not exist"
}

// Apply applies a tenant file.
func (w *World) Apply(tenants string) {
	w.T.Helper()
	docs, err := app.ReadDocuments([]string{"tenant.yaml"}, func(string) ([]byte, error) { return []byte(tenants), nil })
	check(w.T, err)
	_, err = app.Apply(context.WithoutCancel(w.T.Context()), w.Server.Core, docs, app.ApplyOptions{})
	check(w.T, err)
	check(w.T, w.Server.EnsureTenant(w.T.Context()))
	w.Server.Directory.Invalidate()
}

// Now is the World's clock.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Wait moves the clock.
func (w *World) Wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Authorize is the address of an authorization request of a client, with the
// given parameters over the usual ones; an empty one is left out.
func (w *World) Authorize(clientID string, with url.Values) string {
	v := url.Values{
		"client_id": {clientID}, "redirect_uri": {Callback}, "response_type": {"code"}, "scope": {"openid profile email"},
		"state": {"s-" + clientID}, "nonce": {"n"}, "code_challenge": {Challenge}, "code_challenge_method": {"S256"},
	}
	for k, list := range with {
		if v[k] = list; len(list) == 1 && list[0] == "" {
			delete(v, k)
		}
	}
	return "/authorize?" + v.Encode()
}

// Do sends a request to the server's handler.
func (w *World) Do(r *http.Request) *httptest.ResponseRecorder {
	if w.other != nil && w.turn.Add(1)%2 == 0 {
		return w.other.Do(r)
	}
	rec := httptest.NewRecorder()
	w.Server.Handler.ServeHTTP(rec, r)
	return rec
}

// Log keeps what was logged.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
