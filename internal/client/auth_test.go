package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
	"github.com/foyer-id/foyer/internal/throttle"
)

func TestCA1_ExactlyTheRegisteredMethod(t *testing.T) {
	t.Parallel()
	w := setup(t)
	k, jwk := key(t)
	methods := []string{client.MethodBasic, client.MethodPost, client.MethodPrivateKeyJWT, client.MethodNone}
	creds := map[string]client.Credentials{}
	for _, m := range methods {
		s := web("c-" + m)
		if s.TokenEndpointAuthMethod = m; m == client.MethodPrivateKeyJWT {
			s.JWKS = &client.JWKS{Keys: []map[string]any{jwk}}
		}
		r := w.create(t, s)
		creds[m] = client.Credentials{Method: m, ClientID: s.ClientID, Secret: r.Secret}
		if (r.Secret != "") != (m == client.MethodBasic || m == client.MethodPost) {
			t.Errorf("%s: secret made: %v", m, r.Secret != "")
		}
	}
	for _, registered := range methods {
		for _, used := range methods {
			cr := creds[registered]
			cr.Method = used
			if used == client.MethodPrivateKeyJWT {
				cr = w.assertion(t, k, cr.ClientID, nil)
			} else if cr.Secret == "" && used != client.MethodNone {
				cr.Secret = "guess" // a public client that sends a secret, above all
			}
			c, err := w.authenticate(t, cr)
			if registered == used {
				if err != nil || c.ClientID != cr.ClientID {
					t.Errorf("%s: %v", used, err)
				}
				continue
			}
			refused(t, registered+" used as "+used, c, err)
		}
	}
}

func TestCA2_UnknownDisabledAndWrongAreTheSameAnswer(t *testing.T) {
	t.Parallel()
	w := setup(t)
	r := w.create(t, web("web"))
	off := web("off")
	off.Enabled = new(bool)
	disabled := w.create(t, off)
	var texts []string
	for name, cr := range map[string]client.Credentials{
		"unknown":      {Method: client.MethodBasic, ClientID: "nobody", Secret: r.Secret},
		"disabled":     {Method: client.MethodBasic, ClientID: "off", Secret: disabled.Secret},
		"wrong secret": {Method: client.MethodBasic, ClientID: "web", Secret: disabled.Secret},
		"wrong method": {Method: client.MethodPost, ClientID: "web", Secret: r.Secret},
		"no secret":    {Method: client.MethodNone, ClientID: "web"},
	} {
		c, err := w.authenticate(t, cr)
		texts = append(texts, refused(t, name, c, err))
	}
	for _, s := range texts {
		if s != texts[0] {
			t.Errorf("%q and %q: the answers differ", s, texts[0])
		}
	}
}

func TestCA2_RotationReachesAuthentication(t *testing.T) {
	t.Parallel()
	w := setup(t)
	old := w.create(t, web("web")).Secret
	r, err := w.service.RotateSecret(t.Context(), tenantID, "web", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{old, r.Secret} {
		if _, err := w.authenticate(t, client.Credentials{Method: client.MethodBasic, ClientID: "web", Secret: s}); err != nil {
			t.Errorf("during the overlap: %v", err)
		}
	}
	w.now = t0.Add(time.Hour)
	c, err := w.authenticate(t, client.Credentials{Method: client.MethodBasic, ClientID: "web", Secret: old})
	refused(t, "after the overlap", c, err)
}

func TestCA3_AssertionsAreSingleUseOnAllNodes(t *testing.T) {
	t.Parallel()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
		db := open(t)
		nodes := []*world{node(t, db), node(t, db)}
		k, jwk := key(t)
		for _, id := range []string{"svc", "other"} {
			s := web(id)
			s.TokenEndpointAuthMethod, s.JWKS = client.MethodPrivateKeyJWT, &client.JWKS{Keys: []map[string]any{jwk}}
			nodes[0].create(t, s)
		}
		cr := nodes[0].assertion(t, k, "svc", func(m map[string]any) { m["jti"] = "same" })
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				if c, err := nodes[i%2].authenticate(t, cr); err == nil {
					won.Add(1)
				} else if !errors.As(err, new(*throttle.ErrLimited)) {
					refused(t, "replay", c, err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 16 presentations succeeded, want 1", won.Load())
		}
		other := nodes[1].assertion(t, k, "other", func(m map[string]any) { m["jti"] = "same" })
		if _, err := nodes[1].authenticate(t, other); err != nil {
			t.Errorf("another client's assertion with that jti: %v", err)
		}
	})
}

func TestCA3_AssertionsThatProveNothing(t *testing.T) {
	t.Parallel()
	w := setup(t)
	k, jwk := key(t)
	stranger, _ := key(t)
	s := web("svc")
	s.TokenEndpointAuthMethod, s.JWKS = client.MethodPrivateKeyJWT, &client.JWKS{Keys: []map[string]any{jwk}}
	w.create(t, s)
	strict := web("strict")
	strict.TokenEndpointAuthMethod, strict.JWKS, strict.TokenEndpointAuthSigningAlg = client.MethodPrivateKeyJWT, s.JWKS, "RS256"
	w.create(t, strict)
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	for name, cr := range map[string]client.Credentials{
		"another key":         w.assertion(t, stranger, "svc", nil),
		"another audience":    w.assertion(t, k, "svc", set("aud", "https://other.example")),
		"aud is PAR":          w.assertion(t, k, "svc", set("aud", "https://id.example/par")),
		"no sub":              w.assertion(t, k, "svc", set("sub", "")),
		"another iss":         w.assertion(t, k, "svc", set("iss", "other")),
		"no jti":              w.assertion(t, k, "svc", set("jti", "")),
		"expired":             w.assertion(t, k, "svc", set("exp", t0.Add(-time.Hour).Unix())),
		"valid for an hour":   w.assertion(t, k, "svc", set("exp", t0.Add(time.Hour).Unix())),
		"another alg":         w.assertion(t, k, "strict", nil),
		"an unknown client":   w.assertion(t, k, "nobody", nil),
		"a client's of basic": func() client.Credentials { w.create(t, web("basic")); return w.assertion(t, k, "basic", nil) }(),
	} {
		cr.Network = name // a budget of its own
		c, err := w.authenticate(t, cr)
		refused(t, name, c, err)
	}
	for name, aud := range map[string]any{"issuer": view.Issuer, "token endpoint": "https://id.example/token", "array": []string{"x", view.Issuer}} {
		if _, err := w.authenticate(t, w.assertion(t, k, "svc", set("aud", aud))); err != nil {
			t.Errorf("aud %s: %v", name, err)
		}
	}
	endpoint := w.assertion(t, k, "svc", set("aud", "https://id.example/token"))
	c, err := w.auth.Authenticate(t.Context(), client.TenantView{ID: tenantID, Issuer: view.Issuer}, endpoint, w.now)
	refused(t, "strict audience", c, err)
}

func TestCA4_GuessingIsLimitedPerClientAndNetwork(t *testing.T) {
	t.Parallel()
	w := setup(t)
	right := client.Credentials{Method: client.MethodBasic, ClientID: "web", Secret: w.create(t, web("web")).Secret, Network: "192.0.2.0/24"}
	guess := right
	guess.Secret = "guess"
	var judged int
	for range 1000 {
		c, err := w.authenticate(t, guess)
		if limited := new(throttle.ErrLimited); errors.As(err, &limited) {
			if limited.RetryAfter <= 0 {
				t.Fatal("no time to come back")
			}
			continue
		}
		refused(t, "guess", c, err)
		judged++
	}
	if most := throttle.ClientFailures.Limit + 1; judged > most {
		t.Errorf("%d of 1000 guesses were judged, want at most %d", judged, most)
	}
	if c, err := w.authenticate(t, right); !errors.As(err, new(*throttle.ErrLimited)) {
		t.Errorf("the right secret beyond the limit: %v, %v; want the same answer (RL5)", c, err)
	}
	elsewhere := right
	elsewhere.Network = "198.51.100.0/24"
	if _, err := w.authenticate(t, elsewhere); err != nil {
		t.Errorf("from another network: %v", err)
	}
	w.now = t0.Add(throttle.ClientFailures.Window + time.Minute)
	if _, err := w.authenticate(t, right); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestCA4_GuessingLocksNobodyOutOfAPublicClient(t *testing.T) {
	t.Parallel()
	w := setup(t)
	spa := web("spa")
	spa.TokenEndpointAuthMethod = client.MethodNone
	w.create(t, spa)
	honest := client.Credentials{Method: client.MethodNone, ClientID: "spa", Network: "192.0.2.0/24"}
	guess := honest
	guess.Method, guess.Secret = client.MethodPost, "guess"
	for range 2 * throttle.ClientFailures.Limit {
		if c, err := w.authenticate(t, guess); err == nil {
			t.Fatalf("a public client that sends a secret: %v (CA1)", c)
		}
	}
	if _, err := w.authenticate(t, honest); err != nil {
		t.Errorf("a neighbour that sends no secret: %v", err)
	}
}

func TestKJ9_KeySetsOfClients(t *testing.T) {
	t.Parallel()
	w := setup(t)
	first, jwk1 := key(t)
	second, jwk2 := key(t)
	var fetches atomic.Int64
	var answer atomic.Value // func(http.ResponseWriter)
	serve := func(body string) {
		answer.Store(func(rw http.ResponseWriter) { fmt.Fprint(rw, body) })
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fetches.Add(1)
		answer.Load().(func(http.ResponseWriter))(rw)
	}))
	t.Cleanup(server.Close)
	s := web("svc")
	s.TokenEndpointAuthMethod, s.JWKSURI = client.MethodPrivateKeyJWT, server.URL+"/jwks"
	w.create(t, s)

	n := 0
	check := func(what string, k *keys.SigningKey, good bool, wantFetches int64) {
		t.Helper()
		cr := w.assertion(t, k, "svc", nil)
		n++
		cr.Network = numbered("network ", n)
		c, err := w.authenticate(t, cr)
		if good && err != nil {
			t.Errorf("%s: %v", what, err)
		} else if !good {
			refused(t, what, c, err)
		}
		if got := fetches.Load(); got != wantFetches {
			t.Errorf("%s: %d fetches, want %d", what, got, wantFetches)
		}
	}
	serve(jwksJSON(t, jwk1))
	check("the first use fetches", first, true, 1)
	check("the second does not", first, true, 1)
	serve(jwksJSON(t, jwk1, jwk2))
	for range 50 {
		stranger, _ := key(t)
		check("a flood of unknown kids within the half minute", stranger, false, 1)
	}
	w.now = w.now.Add(31 * time.Second)
	check("a rotated key is found", second, true, 2)
	w.now = w.now.Add(31 * time.Second)
	answer.Store(func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusBadGateway) })
	stranger, _ := key(t)
	check("an unknown kid while the address is down", stranger, false, 3)
	check("stale-if-error", second, true, 3)
	w.now = w.now.Add(time.Hour)
	check("stale-if-error after an hour, one attempt", second, true, 4)
	check("and no second attempt at once", first, true, 4)
	w.now = w.now.Add(25 * time.Hour)
	check("not for ever", first, false, 5)
	serve(jwksJSON(t, jwk2) + string(make([]byte, 64<<10)))
	w.now = w.now.Add(31 * time.Second)
	check("a set over 64 KiB is no set", second, false, 6)
	serve(jwksJSON(t, jwk2))
	w.now = w.now.Add(31 * time.Second)
	check("recovered", second, true, 7)
	check("a withdrawn key is gone", first, false, 7)
}

func TestKJ9_ManyRequestsShareOneFetch(t *testing.T) {
	t.Parallel()
	w := setup(t)
	k, jwk := key(t)
	body := jwksJSON(t, jwk)
	var fetches atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		fetches.Add(1)
		fmt.Fprint(rw, body)
	}))
	t.Cleanup(server.Close)
	s := web("svc")
	s.TokenEndpointAuthMethod, s.JWKSURI = client.MethodPrivateKeyJWT, server.URL
	w.create(t, s)
	var wg sync.WaitGroup
	for i := range 32 {
		cr := w.assertion(t, k, "svc", nil)
		cr.Network = numbered("n", i)
		wg.Go(func() {
			if _, err := w.auth.Authenticate(t.Context(), view, cr, t0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if fetches.Load() != 1 {
		t.Errorf("%d fetches, want 1", fetches.Load())
	}
}
