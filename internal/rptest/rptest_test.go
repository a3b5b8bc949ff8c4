package rptest_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestWholeWay: one sign-in, tokens, userinfo, sign-out, on both databases.
func TestWholeWay(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		a := w.Redeem("web", b.SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password))
		if a.Status != 200 || a.Get("access_token") == "" || a.Get("id_token") == "" {
			t.Fatalf("token answered %d %s", a.Status, a.Raw)
		}
		if c := w.Claims(a.Get("id_token")); c["aud"] != "web" || c["iss"] != w.Base || c["nonce"] != "n" {
			t.Errorf("id_token has %v", c)
		}
		u := w.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token"))
		if u.Get("email") != "ada@example.com" || u.Get("name") != "Ada Lovelace" {
			t.Errorf("userinfo answered %d %s", u.Status, u.Raw)
		}
		// Single sign-on: another client gets a code without a screen.
		if code := b.Follow(b.Get(w.Authorize("other", nil))).Code(t); code == "" {
			t.Error("no code for the second client")
		}
		out := b.Get("/endsession?" + url.Values{"id_token_hint": {a.Get("id_token")}, "post_logout_redirect_uri": {rptest.Bye}, "state": {"x"}}.Encode())
		if out.Location() != rptest.Bye+"?logout=success&state=x" {
			t.Errorf("endsession led to %q", out.Location())
		}
		if u := w.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token")); u.Status != 401 {
			t.Errorf("userinfo after logout answered %d", u.Status)
		}
		if p := b.Follow(b.Get(w.Authorize("web", nil))); !p.Has("login-identifier") {
			t.Errorf("after logout /authorize leads to %s", p.URL)
		}
	})
}

// TestKJ8_EveryRegisteredAlgorithmSigns: a client may ask for any algorithm that
// discovery names, though no key of it exists yet.
func TestKJ8_EveryRegisteredAlgorithmSigns(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{})
	b := w.Browser()
	b.SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password)
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		w.Apply(`
tenant: default
clients:
  - {client_id: a` + alg + `, client_secret: ` + rptest.Secret + `, redirect_uris: ["` + rptest.Callback + `"], id_token_signed_response_alg: ` + alg + `}
`)
		a := w.Redeem("a"+alg, b.Follow(b.Get(w.Authorize("a"+alg, nil))).Code(t))
		header, _, _ := strings.Cut(a.Get("id_token"), ".")
		raw, err := base64.RawURLEncoding.DecodeString(header)
		if err != nil || !strings.Contains(string(raw), `"alg":"`+alg+`"`) {
			t.Errorf("%s: token answered %d %s, header %s", alg, a.Status, a.Raw, raw)
		}
	}
}
