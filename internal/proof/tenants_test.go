package proof

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestMT1_MT2_NothingOfOneTenantCountsInAnother: every artifact of "default"
// at every endpoint of "acme", which has the same client, secret and person.
func TestMT1_MT2_NothingOfOneTenantCountsInAnother(t *testing.T) {
	t.Parallel()
	rptest.Both(t, twoTenants, func(t *testing.T, w *rptest.World) {
		b, a := signedIn(w, ada, "web")
		opaque := w.Call("/token", rptest.Basic("web"), url.Values{"grant_type": {"client_credentials"}, "scope": {"orders.read"}})
		code := b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
		sealed := strings.TrimPrefix(w.Browser().Get(w.Authorize("web", nil)).Location(), "/login?r=")
		basic := rptest.Basic("web")
		for _, form := range []url.Values{
			{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rptest.Callback}, "code_verifier": {rptest.Verifier}},
			{"grant_type": {"refresh_token"}, "refresh_token": {a.Get("refresh_token")}},
		} {
			if got := w.Call("/acme/token", basic, form); got.Status != http.StatusBadRequest || got.Get("error") != "invalid_grant" {
				t.Errorf("acme/token %s: %d %s", form.Get("grant_type"), got.Status, got.Raw)
			}
		}
		for name, tok := range map[string]string{"access token": a.Get("access_token"), "refresh token": a.Get("refresh_token"), "id token": a.Get("id_token"),
			"client's token": opaque.Get("access_token"), "cookie": b.Cookie(sessionCookie), "code": code} {
			for _, caller := range []string{"web", "https://api.example.com"} {
				got := introspect(w, "/acme", caller, tok)
				if got.Status != http.StatusOK || strings.TrimSpace(got.Raw) != `{"active":false}` {
					t.Errorf("acme/introspect of a %s: %d %s", name, got.Status, got.Raw)
				}
			}
			if got := w.Fetch("/acme/userinfo", "Authorization", "Bearer "+tok); got.Status != http.StatusUnauthorized {
				t.Errorf("acme/userinfo with a %s: %d", name, got.Status)
			}
			if got := w.Call("/acme/revoke", basic, url.Values{"token": {tok}}); got.Status != http.StatusOK {
				t.Errorf("acme/revoke of a %s: %d", name, got.Status)
			}
		}
		// Nothing of it was revoked there, and the code is still whole here.
		if got := w.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token")); got.Status != http.StatusOK {
			t.Errorf("userinfo at home after acme's revocations: %d", got.Status)
		}
		if got := w.Redeem("web", code); got.Status != http.StatusOK {
			t.Errorf("the code at home: %d %s", got.Status, got.Raw)
		}
		foreignPages(t, w, b, a, sealed)
	})
}

func introspect(w *rptest.World, base, caller, tok string) *rptest.Answer {
	w.T.Helper()
	r := request(w, http.MethodPost, base+"/introspect", url.Values{"token": {tok}}.Encode())
	r.SetBasicAuth(url.QueryEscape(caller), rptest.Secret)
	rec := w.Do(r)
	return &rptest.Answer{Status: rec.Code, Header: rec.Header(), Raw: rec.Body.String()}
}

// foreignPages: a hint names nobody, a sealed request is unreadable, a session
// is none, and acme's own sign-in is another person.
func foreignPages(t *testing.T, w *rptest.World, b *rptest.Browser, a *rptest.Answer, sealed string) {
	t.Helper()
	for _, path := range []string{"/acme/login?r=", "/acme/authorize?r=", "/acme/endsession?r=", "/acme/signout?r=", "/acme/consent?r="} {
		if p := b.Get(path + sealed); p.Status() != http.StatusBadRequest {
			t.Errorf("%s with a request of default: %d %q", path, p.Status(), p.Location())
		}
	}
	other := w.Browser()
	acme := "/acme" + w.Authorize("web", nil)
	code := other.Follow(other.Login(acme, ada, rptest.Password)).Code(t)
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rptest.Callback}, "code_verifier": {rptest.Verifier}}
	theirs := w.Call("/acme/token", rptest.Basic("web"), form)
	ours, there := w.Claims(a.Get("id_token")), w.Claims(theirs.Get("id_token"))
	if there["iss"] != w.Base+"/acme" || there["sub"] == ours["sub"] || there["sid"] == ours["sid"] {
		t.Errorf("acme's id_token: %v; default's: %v", there, ours)
	}
	w.Wait(time.Second) // the sign-in is older than the request
	p := other.Get("/acme" + w.Authorize("web", url.Values{"prompt": {"none"}, "id_token_hint": {a.Get("id_token")}}))
	if got := p.Answer().Get("error"); got != "login_required" {
		t.Errorf("a foreign id_token_hint at acme: error %q: %d %s", got, p.Status(), p.Location())
	}
	p = other.Get("/acme/endsession?" + url.Values{"id_token_hint": {a.Get("id_token")}, "post_logout_redirect_uri": {rptest.Bye}}.Encode())
	if p.Location() != "" {
		t.Errorf("a foreign hint led acme's logout to %s", p.Location())
	}
	if got := other.Get("/acme" + w.Authorize("web", url.Values{"prompt": {"none"}})).Answer().Get("code"); got == "" {
		t.Error("a foreign hint ended acme's session")
	}
	var kids []string
	for _, base := range []string{"", "/acme"} {
		kids = append(kids, w.Fetch(base+"/.well-known/jwks.json").Raw)
	}
	if kids[0] == kids[1] || kids[0] == "" {
		t.Error("two tenants publish the same keys")
	}
}

// TestMT2_LimitsArePerTenant: what was guessed at one costs nothing at the other.
func TestMT2_LimitsArePerTenant(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, twoTenants, rptest.Options{})
	for i := range 11 {
		guess(w, ada, "wrong", addr(i))
	}
	if got := guess(w, ada, rptest.Password, addr(99)); got != http.StatusTooManyRequests {
		t.Errorf("at default: %d", got)
	}
	if p := w.Browser().Post("/acme/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}); p.Status() != http.StatusSeeOther {
		t.Errorf("at acme: %d", p.Status())
	}
}

// dead asks everywhere with what somebody held.
func dead(t *testing.T, w *rptest.World, what, clientID string, b *rptest.Browser, a *rptest.Answer, code string) {
	t.Helper()
	if got := w.Redeem(clientID, code); got.Status == http.StatusOK {
		t.Errorf("%s: the code was redeemed", what)
	}
	if got := w.Refresh(clientID, a.Get("refresh_token")); got.Status == http.StatusOK {
		t.Errorf("%s: the refresh token works", what)
	}
	if got := w.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token")); got.Status != http.StatusUnauthorized {
		t.Errorf("%s: userinfo answers %d", what, got.Status)
	}
	if got := w.Call("/introspect", rptest.Basic("other"), url.Values{"token": {a.Get("access_token")}}); strings.Contains(got.Raw, `"active":true`) {
		t.Errorf("%s: introspection answers %s", what, got.Raw)
	}
	if b != nil && isSignedIn(w, b, "other") {
		t.Errorf("%s: the session lives", what)
	}
}

// TestTK7_DeathReachesEverythingAtItsNextUse: over HTTP: disabling, a password
// change, deletion, and the client's end.
func TestTK7_DeathReachesEverythingAtItsNextUse(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(w *rptest.World, a *account.Account){
		"account disabled": func(w *rptest.World, a *account.Account) { disable(w, a) },
		"disabled and enabled again": func(w *rptest.World, a *account.Account) {
			disable(w, a)
			w.Wait(time.Second)
			must(w.T, w.Server.Store.SetDisabled(w.T.Context(), "default", a.Sub, false, w.Now(), audit.Event{Kind: audit.AccountEnabled, Sub: a.Sub}))
		},
		"password changed": func(w *rptest.World, a *account.Account) {
			hash, err := w.Server.Hasher.Hash(w.T.Context(), "another fine passphrase")
			must(w.T, err)
			must(w.T, w.Server.Store.SetPassword(w.T.Context(), "default", a.Sub, hash, 0, w.Now(), audit.Event{Kind: audit.PasswordSet, Sub: a.Sub}))
		},
		"account deleted": func(w *rptest.World, a *account.Account) { remove(w, a) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
				a := addAccount(w, "eve@example.com", true)
				b, tokens := signedIn(w, "eve@example.com", "web")
				code := b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
				w.Wait(time.Second)
				change(w, a)
				dead(t, w, what, "web", b, tokens, code)
			})
		})
	}
	for _, what := range []string{"client disabled", "client deleted"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
				b, tokens := signedIn(w, ada, "web")
				code := b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
				found, err := w.Server.Clients.Find(t.Context(), "default", "web")
				must(t, err)
				if what == "client deleted" {
					must(t, w.Server.Clients.Delete(t.Context(), "default", "web"))
				} else {
					off := false
					found.Spec.Enabled = &off
					_, err = w.Server.Clients.Update(t.Context(), "default", found.Spec, 0, client.CheckContext{Origin: found.Origin})
					must(t, err)
				}
				w.Wait(2 * time.Second)
				dead(t, w, what, "web", nil, tokens, code)
				if p := b.Get(w.Authorize("web", nil)); p.Status() != http.StatusForbidden {
					t.Errorf("%s: /authorize answers %d", what, p.Status())
				}
				if !isSignedIn(w, b, "other") {
					t.Errorf("%s: the person was signed out of everything", what)
				}
			})
		})
	}
}

// TestLO11_OtherNodesKnowAtOnce: what one node ended, another refuses without
// any time in between; client changes within the second that a snapshot may have.
func TestLO11_OtherNodesKnowAtOnce(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		far := w.Node()
		a := addAccount(w, "eve@example.com", true)
		b, tokens := signedIn(w, "eve@example.com", "web")
		if !isSignedIn(far, b.At(far), "other") {
			t.Fatal("the far node does not know the session")
		}
		code := b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
		disable(w, a)
		dead(t, far, "disabled at the other node", "web", b.At(far), tokens, code)
		b, tokens = signedIn(w, ada, "web")
		found, err := w.Server.Clients.Find(t.Context(), "default", "web")
		must(t, err)
		off := false
		found.Spec.Enabled = &off
		_, err = w.Server.Clients.Update(t.Context(), "default", found.Spec, 0, client.CheckContext{Origin: found.Origin})
		must(t, err)
		w.Wait(time.Second)
		if got := far.Refresh("web", tokens.Get("refresh_token")); got.Status == http.StatusOK {
			t.Error("a client disabled at one node refreshes at the other")
		}
		if p := b.At(far).Get(far.Authorize("web", nil)); p.Status() != http.StatusForbidden {
			t.Errorf("a client disabled at one node: the other answers %d", p.Status())
		}
	})
}

func remove(w *rptest.World, a *account.Account) {
	w.T.Helper()
	must(w.T, w.Server.Store.DeleteAccount(w.T.Context(), "default", a.Sub, w.Now(), audit.Event{Kind: audit.AccountDeleted, Sub: a.Sub}))
}

// TestMT3_MadeAgainIsSomebodyElse: an account, a client and a tenant that were
// deleted and made again under the same names do not revive what was.
func TestMT3_MadeAgainIsSomebodyElse(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		a := addAccount(w, "eve@example.com", true)
		b, tokens := signedIn(w, "eve@example.com", "web")
		code := b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
		w.Wait(time.Second)
		remove(w, a)
		again := addAccount(w, "eve@example.com", true)
		if again.Sub == a.Sub {
			t.Error("the sub was used again")
		}
		w.Wait(time.Second)
		dead(t, w, "account made again", "web", b, tokens, code)
		id, err := account.ParseIdentifier("mallory@example.com", []account.Kind{account.Email})
		must(t, err)
		if _, err := w.Server.CreateAccount(t.Context(), "default", &app.AccountSpec{Sub: a.Sub, Email: "mallory@example.com"}, []account.Identifier{id}); err == nil {
			t.Error("the sub of a deleted account was given to another")
		}

		b, tokens = signedIn(w, ada, "web")
		code = b.Follow(b.Get(w.Authorize("web", nil))).Code(t)
		found, err := w.Server.Clients.Find(t.Context(), "default", "web")
		must(t, err)
		must(t, w.Server.Clients.Delete(t.Context(), "default", "web"))
		w.Wait(2 * time.Second)
		spec := found.Spec
		spec.ClientSecret = rptest.Secret
		_, err = w.Server.Clients.Create(t.Context(), "default", spec, client.CheckContext{Origin: client.FromFile})
		must(t, err)
		w.Wait(2 * time.Second)
		dead(t, w, "client made again", "web", nil, tokens, code)
	})
}

// TestMT6_CachesAreKeyedByTenant: parallel requests about things of the same
// name in two tenants never see each other's.
func TestMT6_CachesAreKeyedByTenant(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, twoTenants+"settings: {branding: {accent: \"#aa0000\"}}\n", rptest.Options{})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			base, want, not := "", "Example web", "Acme"
			if i%2 == 1 {
				base, want, not = "/acme", "Acme web", "Example"
			}
			b := w.Browser()
			p := b.Follow(b.Get(base + w.Authorize("web", nil)))
			if s := p.Words(); !strings.Contains(s, want) || strings.Contains(s, not) {
				t.Errorf("%s/login shows another tenant's", base)
			}
			if d := w.Fetch(base + "/.well-known/openid-configuration"); d.Get("issuer") != w.Base+base {
				t.Errorf("%s: issuer %s", base, d.Get("issuer"))
			}
			if base == "" {
				if p := b.Get(w.Authorize("spa", nil)); p.Status() != http.StatusSeeOther {
					t.Errorf("spa at default: %d", p.Status())
				}
			} else if p := b.Get(base + w.Authorize("spa", nil)); p.Status() != http.StatusForbidden {
				t.Errorf("spa at acme: %d", p.Status())
			}
		})
	}
	wg.Wait()
}
