package client_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/token"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const tenantID = "default"

var view = client.TenantView{ID: tenantID, Issuer: "https://id.example", TokenEndpoints: []string{"https://id.example/token"}}

// counting counts what reaches the store.
type counting struct {
	client.Store
	finds, lists atomic.Int64
}

func (s *counting) FindClient(ctx context.Context, tenant, id string) (*client.Client, error) {
	s.finds.Add(1)
	return s.Store.FindClient(ctx, tenant, id)
}

func (s *counting) ListClients(ctx context.Context, tenant, cursor string, limit int) ([]*client.Client, error) {
	s.lists.Add(1)
	return s.Store.ListClients(ctx, tenant, cursor, limit)
}

// limits adapts the throttle as the porter does.
type limits struct{ *throttle.Limiter }

func (l limits) Allow(ctx context.Context, tenant, key string, now time.Time) error {
	_, err := l.Take(ctx, tenant, now, throttle.ClientFailures.Of(key))
	return err
}

// world is one database and one node on it.
type world struct {
	store     *counting
	service   *client.Service
	directory *client.Directory
	auth      *client.Authenticator
	now       time.Time
}

func setup(t *testing.T) *world {
	return node(t, storetest.Open(t, storetest.MigratedSQLite(t), sqlstore.Options{}))
}

// node is a node on a database that others may share.
func node(t *testing.T, opened *sqlstore.DB) *world {
	t.Helper()
	db := sqlstore.NewStore(opened)
	w := &world{store: &counting{Store: db}, now: t0}
	w.service = client.NewService(w.store, func() time.Time { return w.now })
	w.directory = client.NewDirectory(client.DirectoryOptions{Store: w.store, Version: func() int64 {
		v, err := db.ConfigVersion(context.Background())
		if err != nil {
			t.Error(err)
		}
		return v
	}})
	out, err := egress.New(egress.Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	w.auth = client.NewAuthenticator(client.AuthenticatorOptions{Directory: w.directory, Store: w.store,
		Fetcher: out, Budget: limits{throttle.New(opened)}})
	return w
}

// web is a confidential client's metadata.
func web(id string) client.Spec {
	return client.Spec{ClientID: id, RedirectURIs: []string{"https://" + id + ".example/cb"}, Scope: "openid"}
}

func (w *world) create(t *testing.T, s client.Spec) client.Result {
	t.Helper()
	r, err := w.service.Create(t.Context(), tenantID, s, client.CheckContext{Origin: client.FromOperator, PlainHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) authenticate(t *testing.T, cr client.Credentials) (*client.Client, error) {
	t.Helper()
	return w.auth.Authenticate(t.Context(), view, cr, w.now)
}

// key makes a signing key and its public JWK under a kid.
func key(t *testing.T) (*keys.SigningKey, map[string]any) {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), secret.Reader())
	if err != nil {
		t.Fatal(err)
	}
	k, err := keys.NewSigningKey(keys.ES256, priv)
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.PublicJWK(priv.Public(), keys.ES256, k.KID)
	if err != nil {
		t.Fatal(err)
	}
	var jwk map[string]any
	if err := json.Unmarshal([]byte(text), &jwk); err != nil {
		t.Fatal(err)
	}
	return k, jwk
}

// assertion signs claims for id; edit changes them first.
func (w *world) assertion(t *testing.T, k *keys.SigningKey, id string, edit func(map[string]any)) client.Credentials {
	t.Helper()
	claims := map[string]any{"iss": id, "sub": id, "aud": view.Issuer, "jti": secret.Random(8),
		"iat": w.now.Unix(), "exp": w.now.Add(time.Minute).Unix()}
	if edit != nil {
		edit(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := token.Sign(k, token.TypJWT, payload)
	if err != nil {
		t.Fatal(err)
	}
	return client.Credentials{Method: client.MethodPrivateKeyJWT, ClientID: id, Assertion: jwt}
}

func jwksJSON(t *testing.T, list ...map[string]any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"keys": list})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// refused checks that err is invalid_client and says nothing of its cause.
func refused(t *testing.T, what string, c *client.Client, err error) string {
	t.Helper()
	r, ok := err.(*oidc.Error)
	if !ok || r.Code != oidc.InvalidClient || c != nil || strings.ContainsAny(r.Description, `"\`) {
		t.Errorf("%s: %v, %v; want invalid_client", what, c, err)
		return ""
	}
	return r.Description
}

func numbered(prefix string, n int) string { return prefix + strconv.Itoa(n) }
