package proof

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/rptest"
)

// algs are what ID tokens and access tokens of the tenant are signed with.
var algs = []jose.SignatureAlgorithm{jose.RS256, jose.ES256}

// TestKJ6_RotationUnderLoadBreaksNoSignature: two nodes issue while keys rotate;
// an application that keeps the JWKS for as long as it may, and fetches it from
// either node, verifies every token, and so does the other node.
func TestKJ6_RotationUnderLoadBreaksNoSignature(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		nodes := []*rptest.World{w, w.Node()}
		b, _ := signedIn(w, ada, "web")
		var published jose.JSONWebKeySet
		var fetched time.Time
		kids := map[string]bool{}
		for step := range 40 {
			if step%20 == 5 {
				for _, alg := range []keys.Alg{keys.RS256, keys.ES256} {
					_, err := nodes[step/20].Server.Keys.Rotate(t.Context(), "default", alg, keys.Rotation{Now: true})
					must(t, err)
				}
			}
			if w.Now().Sub(fetched) >= 300*time.Second { // Cache-Control: max-age
				fetched = w.Now()
				must(t, json.Unmarshal([]byte(nodes[step/3%2].Fetch("/.well-known/jwks.json").Raw), &published))
			}
			var wg sync.WaitGroup
			var mu sync.Mutex
			for i := range 4 {
				wg.Go(func() {
					issuer, other := nodes[i%2], nodes[1-i%2]
					a := issuer.Redeem("web", b.At(issuer).Get(w.Authorize("web", nil)).Code(t))
					for _, name := range []string{"id_token", "access_token"} {
						kid := verified(t, a.Get(name), &published)
						mu.Lock()
						kids[kid] = true
						mu.Unlock()
					}
					if u := other.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token")); u.Status != http.StatusOK {
						t.Errorf("step %d: the other node answers %d", step, u.Status)
					}
				})
			}
			wg.Wait()
			w.Wait(20 * time.Second)
		}
		if len(kids) < 4 {
			t.Errorf("only %d keys signed: nothing rotated", len(kids))
		}
	})
}

// TestKJ6_ANodeLearnsOfTheFirstKeys: it read an empty ring a moment before
// another node made the tenant's first keys; it signs and verifies all the same.
func TestKJ6_ANodeLearnsOfTheFirstKeys(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		late := w.Node()
		_, err := late.Server.Keys.Ring(t.Context(), "default")
		must(t, err)
		b, a := signedIn(w, ada, "web")
		if u := late.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token")); u.Status != http.StatusOK {
			t.Errorf("userinfo at the late node: %d", u.Status)
		}
		if got := late.Redeem("web", b.At(late).Get(w.Authorize("web", nil)).Code(t)); got.Status != http.StatusOK {
			t.Errorf("token at the late node: %d %s", got.Status, got.Raw)
		}
	})
}

func verified(t *testing.T, raw string, set *jose.JSONWebKeySet) (kid string) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(raw, algs)
	if err != nil {
		t.Errorf("%.20s…: %v", raw, err)
		return ""
	}
	kid = jws.Signatures[0].Header.KeyID
	if _, err := jws.Verify(set); err != nil {
		t.Errorf("signed by %s, which the application does not know: %v", kid, err)
	}
	return kid
}

// TestKJ7_CA2_TheDatabaseHoldsNothingToSignInWith: after a busy day neither
// database nor JWKS nor log shows a private key, secret, password or token.
func TestKJ7_CA2_TheDatabaseHoldsNothingToSignInWith(t *testing.T) {
	t.Parallel()
	rptest.Both(t, strings.Replace(rptest.Tenant, "client_name: Other", "client_name: Other\n    access_token_format: opaque", 1), func(t *testing.T, w *rptest.World) {
		b, a := signedIn(w, ada, "web")
		_, opaque := signedIn(w, bob, "other")
		rotated := w.Refresh("spa", publicTokens(w).Get("refresh_token"))
		unused := b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
		res, err := w.Server.Clients.RotateSecret(t.Context(), "default", "third", time.Hour)
		must(t, err)
		master, err := os.ReadFile(w.Server.Config.MasterKeyFile)
		must(t, err)
		never := map[string]string{
			"client secret": rptest.Secret, "made secret": res.Secret, "password": rptest.Password, "code": unused, "cookie": b.Cookie(sessionCookie),
			"browser cookie": b.Cookie(browserCookie), "refresh token": a.Get("refresh_token"), "rotated refresh token": rotated.Get("refresh_token"),
			"access token": a.Get("access_token"), "id token": a.Get("id_token"), "opaque access token": opaque.Get("access_token"),
			"master key": strings.TrimSpace(string(master)),
		}
		for name, s := range never {
			if strings.HasPrefix(s, "fo_") { // the selector is a key of the table; the secret is what follows
				never[name+"'s secret"] = s[strings.IndexByte(s, '.')+1:]
			}
			if len(s) < 10 {
				t.Errorf("%s is %q", name, s)
			}
		}
		for name, d := range private(t, w) {
			never[name+" in base64url"] = base64.RawURLEncoding.EncodeToString(d)
			never[name+" in base64"] = base64.RawStdEncoding.EncodeToString(d)[:40]
			never[name+" in hex"] = hex.EncodeToString(d)
			never[name+" as it is"] = string(d)
		}
		sinks := map[string]string{"database": dump(t, w.Database), "log": w.Log.String(), "metrics": metrics(w), "JWKS": w.Fetch("/.well-known/jwks.json").Raw}
		if file, ok := strings.CutPrefix(w.Database, "sqlite:"); ok {
			for _, part := range []string{file, file + "-wal"} { // deleted rows too
				raw, err := os.ReadFile(part)
				must(t, err)
				sinks[part] = string(raw)
			}
		}
		for where, text := range sinks {
			for what, s := range never {
				if strings.Contains(text, s) || bytes.Contains([]byte(text), []byte("PRIVATE KEY")) {
					t.Errorf("the %s shows the %s", where, what)
				}
			}
		}
		jwksMembers(t, sinks["JWKS"])
	})
}

// TestPW7_HashesAreInTheirTableAlone: not in another table, the log, the metrics
// or an export.
func TestPW7_HashesAreInTheirTableAlone(t *testing.T) {
	t.Parallel()
	w := world(t)
	signedIn(w, ada, "web")
	register(w, 1, "grace@example.com", unguessable(20))
	sinks := tables(t, w.Database)
	if n := len(sinks["accounts"]); n != 3 {
		t.Fatalf("%d accounts", n)
	}
	delete(sinks, "accounts")
	sinks["log"], sinks["metrics"] = []string{w.Log.String()}, []string{metrics(w)}
	var export strings.Builder
	must(t, app.Export(t.Context(), w.Server.Core, "", &export))
	sinks["export"] = []string{export.String()}
	for where, rows := range sinks {
		if text := strings.Join(rows, "\n"); strings.Contains(text, "$argon2") || strings.Contains(text, "m=19456") {
			t.Errorf("a password hash in %s", where)
		}
	}
}

func publicTokens(w *rptest.World) *rptest.Answer {
	w.T.Helper()
	_, a := signedIn(w, bob, "spa")
	return a
}

// private are the secret numbers of the signing keys.
func private(t *testing.T, w *rptest.World) map[string][]byte {
	t.Helper()
	ring, err := w.Server.Keys.Ring(t.Context(), "default")
	must(t, err)
	out := map[string][]byte{}
	for _, alg := range []keys.Alg{keys.RS256, keys.ES256} {
		k, ok := ring.Signing(alg)
		if !ok {
			t.Fatalf("no %s key", alg)
		}
		switch s := k.Signer.(type) {
		case *rsa.PrivateKey:
			out["RSA exponent"], out["RSA prime"] = s.D.Bytes(), s.Primes[0].Bytes()
		case *ecdsa.PrivateKey:
			d, err := s.Bytes()
			must(t, err)
			out["EC scalar"] = d
		}
	}
	if len(out) != 3 {
		t.Fatalf("found %d numbers", len(out))
	}
	return out
}

func jwksMembers(t *testing.T, raw string) {
	t.Helper()
	var set struct{ Keys []map[string]any }
	must(t, json.Unmarshal([]byte(raw), &set))
	if len(set.Keys) < 2 {
		t.Errorf("JWKS: %s", raw)
	}
	for _, k := range set.Keys {
		for member := range k {
			if !slices.Contains([]string{"kty", "use", "alg", "kid", "n", "e", "crv", "x", "y"}, member) {
				t.Errorf("a published key has %q", member)
			}
		}
	}
}

// TestKJ7_NoEndpointGivesAPrivateKey: what verifies is public, whatever is asked.
func TestKJ7_NoEndpointGivesAPrivateKey(t *testing.T) {
	t.Parallel()
	w := world(t)
	ring := private(t, signedInWorld(w))
	for _, route := range w.Server.Routes {
		for _, path := range paths(route) {
			for _, q := range []string{"", "?format=pem", "?private=true", "?" + url.Values{"kid": {"../master.key"}}.Encode()} {
				body := w.Do(request(w, http.MethodGet, path+q, "")).Body.String()
				for what, d := range ring {
					if strings.Contains(body, base64.RawURLEncoding.EncodeToString(d)) || strings.Contains(body, "PRIVATE") {
						t.Errorf("%s%s shows the %s", path, q, what)
					}
				}
			}
		}
	}
}

// signedInWorld has made its keys.
func signedInWorld(w *rptest.World) *rptest.World {
	w.Fetch("/.well-known/jwks.json")
	return w
}
