package grant_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
)

// both runs a test over both databases, each with a world of its own.
func both(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) { fn(t, setup(t, open(t))) })
}

// finder is the directory of clients without its cache.
type finder struct{ *sqlstore.Store }

func (f finder) Find(ctx context.Context, tenant, id string) (*client.Client, error) {
	return f.FindClient(ctx, tenant, id)
}

// world is a tenant with keys, an account, a session and clients, at noon.
type world struct {
	*testing.T
	ctx     context.Context
	db      *sqlstore.DB
	store   *sqlstore.Store
	keys    *keys.Service
	grants  *grant.Service
	tn      *tenant.Live
	clock   atomic.Int64 // Unix µs
	session *session.Session
	spa     *client.Client // public, rotates
	web     *client.Client // confidential
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (w *world) now() time.Time          { return time.UnixMicro(w.clock.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.clock.Add(d.Microseconds()) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

const redirect = "https://app.example.com/callback"

func setup(t *testing.T, db *sqlstore.DB) *world {
	t.Helper()
	w := &world{T: t, ctx: t.Context(), db: db, store: sqlstore.NewStore(db)}
	w.clock.Store(noon.UnixMicro())
	sealer := secret.NewSealer(secret.DeriveKey([]byte("master key of a test"), "keys"))
	w.keys = keys.New(keys.Options{Store: w.store, Sealer: sealer, Now: w.now})
	w.grants = grant.New(grant.Options{
		Store: w.store, Keys: w.keys, Clients: finder{w.store}, Resources: tenant.NewResources(w.store),
		Budget: throttle.New(db), Log: slog.New(slog.DiscardHandler),
	})
	w.tn = w.tenant("acme")
	w.resource(tenant.Resource{Audience: "https://orders.example.com", Scopes: []string{"orders.read", "orders.write"}})
	w.resource(tenant.Resource{Audience: "https://mail.example.com", Scopes: []string{"mail.send"}, AccessTokenFormat: "opaque"})
	w.account("ada")
	w.session = w.begin("ada")
	w.spa = w.client(client.Spec{ClientID: "spa", TokenEndpointAuthMethod: client.MethodNone,
		Scope: "openid profile email offline_access orders.read mail.send"})
	w.web = w.client(client.Spec{ClientID: "web", AccessTokenFormat: "opaque",
		Scope: "openid profile email offline_access orders.read mail.send"})
	return w
}

func (w *world) tenant(id string) *tenant.Live {
	w.Helper()
	tn := tenant.New(id)
	tn.CreatedAt = w.now().UnixMicro()
	w.must(w.store.PutTenant(w.ctx, tn, audit.Event{Kind: audit.TenantCreated}))
	w.must(w.keys.Ensure(w.ctx, id, keys.ES256)) // an RSA key would take most of the test's time
	base := "https://id.example.com/" + id
	return &tenant.Live{Tenant: tn, Issuer: base, Base: base, Secure: true}
}

func (w *world) resource(r tenant.Resource) {
	w.Helper()
	o, err := r.Object("apply")
	w.must(err)
	w.must(w.store.PutObject(w.ctx, w.tn.ID, o, audit.Event{Kind: audit.ObjectChanged}))
}

func (w *world) account(sub string) {
	w.Helper()
	at := w.now().UnixMicro()
	w.must(w.store.CreateAccount(w.ctx, w.tn.ID, &account.Account{Sub: sub, CreatedAt: at, UpdatedAt: at, ValidFrom: at,
		Email: sub + "@example.com", EmailVerified: true}, nil, audit.Event{Kind: audit.AccountCreated, Sub: sub}))
}

func (w *world) begin(sub string) *session.Session {
	w.Helper()
	s, _, err := session.NewService(w.store).Authenticated(w.ctx, w.tn.ID,
		session.Proof{Sub: sub, Level: 1, AMR: []string{"pwd"}, Lifetime: 400 * 24 * time.Hour}, nil, w.now(), nil)
	w.must(err)
	return s
}

func (w *world) client(spec client.Spec) *client.Client {
	w.Helper()
	spec.RedirectURIs = []string{redirect}
	if spec.GrantTypes == nil {
		spec.GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials"}
	}
	spec.IDTokenSignedResponseAlg = "ES256"
	c := &client.Client{Spec: spec, Version: 1, CreatedAt: w.now().UnixMicro(), Origin: client.FromOperator}
	w.must(w.store.CreateClient(w.ctx, w.tn.ID, c, audit.Event{Kind: audit.ClientCreated, ClientID: spec.ClientID}))
	return c
}

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 App. B

func challenge(v string) string {
	if v == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// code issues a code for the session's account; more are parameters of the
// authorization request: name, value, ….
func (w *world) code(c *client.Client, more ...string) string {
	w.Helper()
	code, err := w.issue(c, more...)
	w.must(err)
	return code
}

func (w *world) issue(c *client.Client, more ...string) (string, error) {
	w.Helper()
	v := url.Values{"client_id": {c.ClientID}, "redirect_uri": {redirect}, "scope": {"openid profile"}, "nonce": {"n-0S6_WzA2Mj"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"}}
	f := form(w.T, v, more...)
	req, refusal := oidc.ParseAuthRequest(f)
	if refusal != nil {
		w.Fatal(refusal)
	}
	return w.grants.IssueCode(w.ctx, grant.CodeInput{Tenant: w.tn, Client: c, Request: req, Session: w.session}, w.now())
}

func form(t testing.TB, v url.Values, more ...string) oidc.Form {
	t.Helper()
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	f, refusal := oidc.ParseForm(v.Encode())
	if refusal != nil {
		t.Fatal(refusal)
	}
	return f
}

func (w *world) exchange(c *client.Client, v url.Values, more ...string) (*oidc.TokenResponse, error) {
	w.Helper()
	return w.grants.Exchange(w.ctx, w.tn, c, form(w.T, v, more...), "192.0.2.0/24", w.now())
}

func (w *world) redeem(c *client.Client, code string, more ...string) (*oidc.TokenResponse, error) {
	w.Helper()
	return w.exchange(c, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect},
		"code_verifier": {verifier}}, more...)
}

func (w *world) refresh(c *client.Client, token string, more ...string) (*oidc.TokenResponse, error) {
	w.Helper()
	return w.exchange(c, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, more...)
}

// tokens issues a code and redeems it.
func (w *world) tokens(c *client.Client, more ...string) *oidc.TokenResponse {
	w.Helper()
	resp, err := w.redeem(c, w.code(c, more...))
	w.must(err)
	return resp
}

func (w *world) active(c *client.Client, token string) bool {
	w.Helper()
	in, err := w.grants.Introspect(w.ctx, w.tn, grant.Caller{Client: c}, token, w.now())
	w.must(err)
	return in.Active
}

// refused asserts a refusal with a code.
func refused(t testing.TB, what string, err error, want oidc.Code) {
	t.Helper()
	var refusal *oidc.Error
	switch {
	case err == nil:
		t.Errorf("%s: accepted, want %s", what, want)
	case !errors.As(err, &refusal):
		t.Errorf("%s: %v, want %s", what, err, want)
	case refusal.Code != want:
		t.Errorf("%s: %v, want %s", what, refusal, want)
	case strings.ContainsAny(refusal.Description, "\"\\\n") || refusal.Cite == "":
		t.Errorf("%s: description or cite is not fit to be shown: %+v", what, refusal)
	}
}

func (w *world) logout() {
	w.Helper()
	_, err := w.store.EndSessions(w.ctx, w.tn.ID, logout.Ending{Sessions: []int64{w.session.ID}, Reason: session.ByRequest}, w.now(), audit.Event{Kind: audit.SessionEnded})
	w.must(err)
}
