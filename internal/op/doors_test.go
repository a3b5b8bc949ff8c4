package op

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// budget is the one that package app makes.
type budget struct{ *throttle.Limiter }

func (b budget) Allow(ctx context.Context, tenant, key string, now time.Time) error {
	_, err := b.Take(ctx, tenant, now, throttle.ClientFailures.Of(key))
	return err
}

// doors is a server with the endpoints that programs call, and what is behind.
type doors struct {
	*testing.T
	http.Handler
	db      *sqlstore.DB
	store   *sqlstore.Store
	grants  *grant.Service
	tenants *tenant.Directory
	session *session.Session
}

const (
	password = "fo_cs_secret-of-the-client"
	orders   = "https://orders.example.com"
)

func setup(t *testing.T) *doors {
	t.Helper()
	db := storetest.Open(t, storetest.MigratedSQLite(t), sqlstore.Options{})
	d := &doors{T: t, db: db, store: sqlstore.NewStore(db)}
	now := func() time.Time { return noon }
	base := &url.URL{Scheme: "https", Host: "id.example.com"}
	ring := keys.New(keys.Options{Store: d.store, Sealer: secret.NewSealer(secret.DeriveKey([]byte("test"), "keys")), Now: now})
	d.seed(ring)
	d.tenants = tenant.NewDirectory(d.store, base, slog.New(slog.DiscardHandler))
	_, err := d.tenants.Refresh(t.Context(), noon)
	d.must(err)
	clients := client.NewDirectory(client.DirectoryOptions{Store: d.store, Version: func() int64 { return 1 }})
	resources := tenant.NewResources(d.store)
	limiter := throttle.New(db)
	d.grants = grant.New(grant.Options{Store: d.store, Keys: ring, Clients: clients, Resources: resources, Budget: limiter, Log: slog.New(slog.DiscardHandler)})
	p := NewProvider(&Provider{Grants: d.grants, Clients: clients, Keys: ring, Resources: resources,
		Auth: client.NewAuthenticator(client.AuthenticatorOptions{Directory: clients, Store: d.store, Budget: budget{limiter}})})
	d.Handler = web.NewServer(web.Options{Routes: p.Routes(), Tenants: d.tenants, Now: now, Log: slog.New(slog.DiscardHandler),
		Fail: func(w http.ResponseWriter, _ *http.Request, err error) {
			web.NoStore(w.Header())
			if err := web.HTTPException(w, web.Refuse(err).Status); err != nil {
				t.Error(err)
			}
		}})
	return d
}

func (d *doors) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// seed makes the tenants default and akamai, each with the same clients.
func (d *doors) seed(ring *keys.Service) {
	d.Helper()
	ctx, at := d.Context(), noon.UnixMicro()
	for _, id := range []string{"default", "akamai"} {
		tn := tenant.New(id)
		tn.CreatedAt = at
		if id == "akamai" {
			tn.Dialect = tenant.Akamai
		}
		d.must(d.store.PutTenant(ctx, tn, audit.Event{}))
		d.must(ring.Ensure(ctx, id, keys.ES256))
		r := tenant.Resource{Audience: orders, Scopes: []string{"orders.read"}, SecretHash: tenant.HashResourceSecret("s")}
		o, err := r.Object("apply")
		d.must(err)
		d.must(d.store.PutObject(ctx, id, o, audit.Event{}))
		all := []string{"authorization_code", "refresh_token", "client_credentials"}
		for _, s := range []client.Spec{
			{ClientID: "web", GrantTypes: all, Scope: "openid email orders.read", IDTokenSignedResponseAlg: "ES256"},
			{ClientID: "spa", GrantTypes: all, TokenEndpointAuthMethod: client.MethodNone, IDTokenSignedResponseAlg: "ES256",
				CORSOrigins: []string{"https://other.example.com"}},
			{ClientID: "post", GrantTypes: all, TokenEndpointAuthMethod: client.MethodPost},
		} {
			s.RedirectURIs = []string{"https://app.example.com/callback"}
			d.must(d.store.CreateClient(ctx, id, &client.Client{Spec: s, Version: 1, CreatedAt: at, Origin: client.FromOperator,
				Secrets: []client.Secret{{Hash: client.HashSecret(password), CreatedAt: at}}}, audit.Event{}))
		}
	}
	d.must(d.store.CreateAccount(ctx, "default", &account.Account{Sub: "ada", CreatedAt: at, UpdatedAt: at, ValidFrom: at,
		Email: "ada@example.com"}, nil, audit.Event{}))
	var err error
	d.session, _, err = session.NewService(d.store).Authenticated(ctx, "default", session.Proof{Sub: "ada", Level: 1, Lifetime: time.Hour}, nil, noon, nil)
	d.must(err)
}

// code issues a code of the client web.
func (d *doors) code(scope string) string {
	d.Helper()
	tn, _ := d.tenants.Find("default")
	c, err := d.store.FindClient(d.Context(), "default", "web")
	d.must(err)
	code, err := d.grants.IssueCode(d.Context(), grant.CodeInput{Tenant: tn, Client: c, Session: d.session,
		Request: &oidc.AuthRequest{RedirectURI: "https://app.example.com/callback", Scope: strings.Fields(scope)}}, noon)
	d.must(err)
	return code
}

func (d *doors) tokens(scope string) oidc.TokenResponse {
	d.Helper()
	a := d.post("/token", "web", url.Values{"grant_type": {"authorization_code"}, "code": {d.code(scope)}, "redirect_uri": {"https://app.example.com/callback"}})
	var resp oidc.TokenResponse
	if err := json.Unmarshal(a.Body.Bytes(), &resp); err != nil || a.Code != http.StatusOK {
		d.Fatalf("token: %d %s", a.Code, a.Body)
	}
	return resp
}

func (d *doors) send(r *http.Request) *httptest.ResponseRecorder {
	d.Helper()
	r.Host, r.RemoteAddr = "id.example.com", "192.0.2.7:1234"
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// post sends a form, with Basic credentials when basic is not "".
func (d *doors) post(path, basic string, v url.Values) *httptest.ResponseRecorder {
	d.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic != "" {
		r.SetBasicAuth(url.QueryEscape(basic), url.QueryEscape(password))
	}
	return d.send(r)
}

// expect asserts status, error code and that nothing is kept.
func expect(t *testing.T, what string, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Errorf("%s: body is not JSON: %s", what, w.Body)
		}
	}
	if w.Code != status || body.Error != code {
		t.Errorf("%s: %d %s, want %d %s", what, w.Code, w.Body, status, code)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s: Cache-Control %q, want no-store (RFC 6749 §5.1)", what, w.Header().Get("Cache-Control"))
	}
}

func TestTK8_FormPostsOnly(t *testing.T) {
	t.Parallel()
	d := setup(t)
	creds := url.Values{"grant_type": {"client_credentials"}}
	expect(t, "a good request", d.post("/token", "web", creds), 200, "")
	for _, path := range []string{"/token", "/introspect", "/revoke"} {
		if w := d.send(httptest.NewRequest(http.MethodGet, path, nil)); w.Code != http.StatusMethodNotAllowed || !strings.Contains(w.Header().Get("Allow"), "POST") {
			t.Errorf("GET %s: %d, Allow %q", path, w.Code, w.Header().Get("Allow"))
		}
		expect(t, path+" with a query", d.post(path+"?grant_type=client_credentials", "web", creds), 400, "invalid_request")
		expect(t, path+" with the secret in the query", d.post(path+"?client_id=post&client_secret="+password, "", creds), 400, "invalid_request")
		for name, contentType := range map[string]string{"JSON": "application/json", "text": "text/plain", "nothing": "", "multipart": "multipart/form-data; boundary=x"} {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"grant_type":"client_credentials"}`))
			r.Header.Set("Content-Type", contentType)
			r.SetBasicAuth("web", password)
			expect(t, path+" as "+name, d.send(r), 400, "invalid_request")
		}
		twice := httptest.NewRequest(http.MethodPost, path, strings.NewReader("grant_type=client_credentials&grant_type=client_credentials&token=x"))
		twice.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
		twice.SetBasicAuth("web", password)
		expect(t, path+" with a repeated parameter", d.send(twice), 400, "invalid_request")
	}
	if w := d.post("/token", "web", creds); w.Header().Get("Pragma") != "no-cache" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("headers = %v (RFC 6749 §5.1)", w.Header())
	}
}

func TestMultipartIsForTheAkamaiDialect(t *testing.T) {
	t.Parallel()
	d := setup(t)
	send := func(path string, fields ...string) *httptest.ResponseRecorder {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for i := 0; i < len(fields); i += 2 {
			d.must(m.WriteField(fields[i], fields[i+1]))
		}
		d.must(m.Close())
		r := httptest.NewRequest(http.MethodPost, path, &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		r.SetBasicAuth("web", password)
		return d.send(r)
	}
	expect(t, "dialect akamai", send("/akamai/login/token", "grant_type", "client_credentials", "scope", "orders.read"), 200, "")
	expect(t, "dialect foyer", send("/token", "grant_type", "client_credentials"), 400, "invalid_request")
	expect(t, "a repeated field", send("/akamai/login/token", "grant_type", "client_credentials", "scope", "a", "scope", "b"), 400, "invalid_request")
	expect(t, "too many fields", send("/akamai/login/token", strings.Split(strings.Repeat("a,b,", 101)+"c,d", ",")...), 400, "invalid_request")
	expect(t, "too large", send("/akamai/login/token", "grant_type", strings.Repeat("x", 70_000)), 413, "invalid_request")
}

func TestCA7_EveryEndpointAuthenticates(t *testing.T) {
	t.Parallel()
	d := setup(t)
	v := url.Values{"grant_type": {"client_credentials"}, "token": {"x"}}
	with := func(more ...string) url.Values {
		out := url.Values{"grant_type": {"client_credentials"}, "token": {"x"}}
		for i := 0; i < len(more); i += 2 {
			out.Set(more[i], more[i+1])
		}
		return out
	}
	for _, path := range []string{"/token", "/introspect", "/revoke", "/login/token", "/connect/introspect", "/connect/revocation", "/logout"} {
		for name, w := range map[string]*httptest.ResponseRecorder{
			"nobody":                    d.post(path, "", v),
			"an unknown client":         d.post(path, "wombat", v),
			"a wrong secret":            d.post(path, "", with("client_id", "post", "client_secret", "wrong")),
			"a name without its secret": d.post(path, "", with("client_id", "web")),
			"another method":            d.post(path, "", with("client_id", "web", "client_secret", password)),
			"a public client's secret":  d.post(path, "", with("client_id", "spa", "client_secret", password)),
		} {
			expect(t, path+", "+name, w, 401, "invalid_client")
			if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, `Basic realm="https://id.example.com"`) {
				t.Errorf("%s, %s: WWW-Authenticate %q (RFC 6749 §5.2)", path, name, got)
			}
		}
		expect(t, path+", two methods", d.post(path, "web", with("client_secret", password)), 400, "invalid_request")
	}
	expect(t, "introspection by a public client", d.post("/introspect", "", with("client_id", "spa")), 401, "invalid_client")
	expect(t, "revocation by a public client", d.post("/revoke", "", with("client_id", "spa")), 200, "")
}

func TestCA4_ResourceSecretsAreLimited(t *testing.T) {
	t.Parallel()
	d := setup(t)
	guess := func(s string) *httptest.ResponseRecorder {
		return d.post("/introspect", "", url.Values{"client_id": {orders}, "client_secret": {s}, "token": {"x"}})
	}
	expect(t, "the right secret", guess("s"), 200, "")
	n := 0
	for ; n < 100 && guess("wrong").Code == 401; n++ {
	}
	w := guess("s")
	expect(t, "the right secret when the budget is spent", w, 429, "temporarily_unavailable")
	if w.Header().Get("Retry-After") == "" || n > throttle.ClientFailures.Limit+1 {
		t.Errorf("after %d guesses: Retry-After %q", n, w.Header().Get("Retry-After"))
	}
}

func TestTK12_ResourcesIntrospect(t *testing.T) {
	t.Parallel()
	d := setup(t)
	w := d.post("/token", "web", url.Values{"grant_type": {"client_credentials"}, "resource": {orders}})
	var resp oidc.TokenResponse
	d.must(json.Unmarshal(w.Body.Bytes(), &resp))
	look := func(basic bool, secret string) *httptest.ResponseRecorder {
		v := url.Values{"token": {resp.AccessToken}, "token_type_hint": {"anything"}}
		if !basic {
			v.Set("client_id", orders)
			v.Set("client_secret", secret)
			return d.post("/introspect", "", v)
		}
		r := httptest.NewRequest(http.MethodPost, "/introspect", strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(url.QueryEscape(orders), secret)
		return d.send(r)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{"post": look(false, "s"), "basic": look(true, "s"), "client": d.post("/introspect", "web", url.Values{"token": {resp.AccessToken}})} {
		if !strings.Contains(w.Body.String(), `"active":true,"scope":"orders.read","client_id":"web","token_type":"Bearer"`) {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
	expect(t, "wrong secret", look(false, "t"), 401, "invalid_client")
	if w := d.post("/introspect", "post", url.Values{"token": {resp.AccessToken}}); w.Code != 401 {
		t.Errorf("a client of another method: %d", w.Code)
	}
	if w := d.post("/introspect", "web", url.Values{"token": {"nonsense"}}); w.Body.String() != `{"active":false}` {
		t.Errorf("an unknown token: %s, want exactly {\"active\":false}", w.Body)
	}
	expect(t, "without a token", d.post("/introspect", "web", url.Values{}), 400, "invalid_request")
}

func TestTK12_RevocationIsAnsweredOnlyWhenDurable(t *testing.T) {
	t.Parallel()
	d := setup(t)
	resp := d.tokens("openid")
	if w := d.post("/revoke", "web", url.Values{"token": {"nonsense"}}); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("an unknown token: %d %s (RFC 7009 §2.2)", w.Code, w.Body)
	}
	expect(t, "without a token", d.post("/revoke", "web", url.Values{}), 400, "invalid_request")
	d.must(d.db.Close())
	w := d.post("/revoke", "web", url.Values{"token": {resp.RefreshToken}})
	expect(t, "without a database", w, 503, "temporarily_unavailable")
	if w.Header().Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

func TestUserInfoDoor(t *testing.T) {
	t.Parallel()
	d := setup(t)
	resp, plain := d.tokens("openid email"), d.tokens("orders.read")
	const want = `{"email":"ada@example.com","email_verified":false,"sub":"ada"}`
	ask := func(method, target, body, authorization string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, target, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		return d.send(r)
	}
	bearer := "Bearer " + resp.AccessToken
	for name, w := range map[string]*httptest.ResponseRecorder{
		"GET": ask("GET", "/userinfo", "", bearer), "POST": ask("POST", "/connect/userinfo", "", bearer), "lower case": ask("GET", "/profiles/oidc/userinfo", "", "bearer "+resp.AccessToken),
		"body": ask("POST", "/userinfo", "access_token="+resp.AccessToken, ""),
	} {
		if w.Code != 200 || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s, want %s", name, w.Code, w.Body, want)
		}
	}
	for _, tc := range []struct {
		name      string
		w         *httptest.ResponseRecorder
		status    int
		message   string
		challenge string
	}{
		{"no token", ask("GET", "/userinfo", "", ""), 401, "Unauthorized", `Bearer realm="https://id.example.com"`},
		{"another scheme", ask("GET", "/userinfo", "", "Basic eDp5"), 401, "Unauthorized", `Bearer realm="https://id.example.com"`},
		{"nonsense", ask("GET", "/userinfo", "", "Bearer nonsense"), 401, "Unauthorized", `error="invalid_token"`},
		{"an ID token", ask("GET", "/userinfo", "", "Bearer "+resp.IDToken), 401, "Unauthorized", `error="invalid_token"`},
		{"a refresh token", ask("GET", "/userinfo", "", "Bearer "+resp.RefreshToken), 401, "Unauthorized", `error="invalid_token"`},
		{"without openid", ask("GET", "/userinfo", "", "Bearer "+plain.AccessToken), 403, "Forbidden", `error="insufficient_scope"`},
		{"in the address", ask("GET", "/userinfo?access_token="+resp.AccessToken, "", ""), 400, "Bad Request", `error="invalid_request"`},
		{"twice", ask("POST", "/userinfo", "access_token="+resp.AccessToken, bearer), 400, "Bad Request", `error="invalid_request"`},
	} {
		if got := `{"error":"http_exception","error_details":{"message":"` + tc.message + `"}}`; tc.w.Code != tc.status || tc.w.Body.String() != got {
			t.Errorf("%s: %d %s, want %d %s", tc.name, tc.w.Code, tc.w.Body, tc.status, got)
		}
		if got := tc.w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") || !strings.HasSuffix(got, tc.challenge) && !strings.Contains(got, tc.challenge+",") {
			t.Errorf("%s: WWW-Authenticate %q, want %s (RFC 6750 §3)", tc.name, got, tc.challenge)
		}
	}
}

func TestHD6_CORS(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for origin, allowed := range map[string]bool{
		"https://app.example.com": true, "https://other.example.com": true,
		"": false, "null": false, "https://app.example.com:8443": false, "http://app.example.com": false,
		"https://app.example.com.evil.example": false, "https://evil-app.example.com": false, "https://APP.example.com": false,
		"https://app.example.com/": false, "https://example.com": false, "*": false,
	} {
		for _, path := range []string{"/token", "/userinfo", "/revoke"} {
			for _, method := range []string{http.MethodOptions, http.MethodPost} {
				r := httptest.NewRequest(method, path, nil)
				if origin != "" {
					r.Header.Set("Origin", origin)
				}
				r.Header.Set("Access-Control-Request-Method", "POST")
				w := d.send(r)
				got, h := w.Header().Get("Access-Control-Allow-Origin"), w.Header()
				if (got == origin && origin != "") != allowed || got != "" && !allowed {
					t.Errorf("%s %s from %q: Access-Control-Allow-Origin %q", method, path, origin, got)
				}
				if h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "Origin" {
					t.Errorf("%s %s from %q: headers %v", method, path, origin, h)
				}
				if method == http.MethodOptions && (w.Code != 204 || w.Body.Len() != 0) {
					t.Errorf("OPTIONS %s: %d %s", path, w.Code, w.Body)
				}
			}
		}
	}
	r := httptest.NewRequest(http.MethodOptions, "/introspect", nil)
	r.Header.Set("Origin", "https://app.example.com")
	if w := d.send(r); w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("introspection is not for browsers")
	}
}

func TestDS1_LargeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	d := setup(t)
	for _, path := range []string{"/token", "/introspect", "/revoke"} {
		expect(t, path+", 64 KiB and more", d.post(path, "web", url.Values{"grant_type": {strings.Repeat("x", web.MaxBody)}}), 413, "invalid_request")
		expect(t, path+", a long value", d.post(path, "web", url.Values{"code": {strings.Repeat("x", 9000)}}), 400, "invalid_request")
		many := url.Values{}
		for i := range 101 {
			many.Set(strings.Repeat("p", i+1), "1")
		}
		expect(t, path+", 101 parameters", d.post(path, "web", many), 400, "invalid_request")
		r := httptest.NewRequest(http.MethodPost, path, io.LimitReader(strings.NewReader("x"), 1))
		r.Header.Set("Content-Encoding", "gzip")
		if w := d.send(r); w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("DS11: %s compressed: %d", path, w.Code)
		}
	}
}
