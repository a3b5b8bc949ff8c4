package op_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// redeem presents a code with everything right except what with says.
func redeem(w *rptest.World, path, client, code string, with url.Values) *rptest.Answer {
	v := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rptest.Callback}, "code_verifier": {rptest.Verifier}}
	for k, list := range with {
		if v[k] = list; list[0] == "" {
			delete(v, k)
		}
	}
	basic := rptest.Basic(client)
	if client == "spa" {
		basic = ""
		v.Set("client_id", client)
	}
	return w.Call(path, basic, v)
}

// TestAZ6_CodeBinding: client, redirect_uri, challenge, session, tenant, once,
// 60 seconds. What does not fit spends nothing.
func TestAZ6_CodeBinding(t *testing.T) {
	t.Parallel()
	rptest.Both(t, tenants, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		code := func() string {
			b.Enter("default", "ada.az6@example.com", 0)
			return b.Get(w.Authorize("web", nil)).Code(t)
		}
		wrong := func(what string, a *rptest.Answer) {
			t.Helper()
			if a.Status != http.StatusBadRequest || a.Get("error") != "invalid_grant" {
				t.Errorf("%s: %d %s", what, a.Status, a.Raw)
			}
		}
		c := code()
		wrong("another client", redeem(w, "/token", "other", c, nil))
		wrong("a public client", redeem(w, "/token", "spa", c, nil))
		wrong("another redirect_uri", redeem(w, "/token", "web", c, q("redirect_uri", rptest.Callback+"/")))
		wrong("no redirect_uri", redeem(w, "/token", "web", c, q("redirect_uri", "")))
		wrong("another verifier", redeem(w, "/token", "web", c, q("code_verifier", rptest.Challenge)))
		wrong("the challenge's own spelling", redeem(w, "/token", "web", c, q("code_verifier", rptest.Verifier+"=")))
		wrong("no verifier", redeem(w, "/token", "web", c, q("code_verifier", "")))
		wrong("another tenant", redeem(w, "/acme/token", "web", c, nil))
		for _, cut := range []string{c[:len(c)-1], c + "A", c + " ", " " + c, c[:20], "FO" + c[2:], c[:8] + "A" + c[9:]} {
			wrong("code "+cut, redeem(w, "/token", "web", cut, nil))
		}
		w.Wait(59 * time.Second)
		if a := redeem(w, "/token", "web", c, nil); a.Status != http.StatusOK || w.Claims(a.Get("id_token"))["nonce"] != "n" {
			t.Errorf("after all that, within a minute: %d %s", a.Status, a.Raw)
		}
		wrong("the second time", redeem(w, "/token", "web", c, nil))

		c = code()
		w.Wait(time.Minute)
		wrong("after a minute", redeem(w, "/token", "web", c, nil))
		c = code()
		b.Submit(b.Get("/signout"), q("scope", "device"))
		wrong("after its session", redeem(w, "/token", "web", c, nil))
	})
}

// TestAZ8_RedirectsAre303: a browser never posts a password on (RFC 9700 §4.12).
func TestAZ8_RedirectsAre303(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	j := &journey{t, w, w.Browser()}
	see := func(what string, p *rptest.Page) *rptest.Page {
		t.Helper()
		if p.Status() != http.StatusSeeOther || p.Location() == "" {
			t.Errorf("%s answered %d %q", what, p.Status(), p.Location())
		}
		return j.b.Follow(p)
	}
	password := q("identifier", ada, "password", rptest.Password)
	see("login", j.b.Submit(j.open("web", nil), password))
	see("login without a request", j.b.Post("/login", password))
	see("choose", j.b.Submit(j.open("web", q("prompt", "select_account")), q("choice", "continue")))
	see("choose another", j.b.Submit(j.open("web", q("prompt", "select_account")), q("choice", "other")))
	see("choose cancelled", j.b.Submit(j.open("web", q("prompt", "select_account")), q("action", "cancel")))
	see("consent", j.b.Submit(j.open("third", nil), q("action", "allow")))
	see("consent denied", j.b.Submit(j.open("third", q("prompt", "consent")), q("action", "deny")))
	see("register", j.b.Submit(j.open("web", q("prompt", "create")), q("email", "az8@example.com", "password", rptest.Password)))
	see("authorize by POST", j.b.Post("/authorize", q("client_id", "web", "redirect_uri", rptest.Callback, "response_type", "code")))
	see("endsession by POST", j.b.Post("/endsession", q("client_id", "web", "post_logout_redirect_uri", rptest.Bye)))
	j.enter(bob, 0)
	see("signout", j.b.Submit(j.b.Get("/endsession?client_id=other&post_logout_redirect_uri="+url.QueryEscape(rptest.Bye)), q("scope", "device")))
	j.enter(bob, 0)
	see("signout cancelled", j.b.Submit(j.b.Get("/endsession?client_id=other&post_logout_redirect_uri="+url.QueryEscape(rptest.Bye)), q("action", "cancel")))
	see("bounced", w.Browser().Post("/authorize", q("client_id", "web")))
	see("login cancelled", w.Browser().Submit(w.Browser().Follow(w.Browser().Get(w.Authorize("web", nil))), q("action", "cancel")))
}

// TestAZ12_PromptNone: no screen, no cookie, no longer session.
func TestAZ12_PromptNone(t *testing.T) {
	t.Parallel()
	idle := "settings: {self_registration: true, session: {idle_timeout: 30m}}"
	rptest.Both(t, replace(t, oneTenant, "settings: {self_registration: true}", idle), func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		b.Enter("default", "ada.az12@example.com", 0)
		cookie := b.Cookie("__Host-foyer-default")
		silent := func() *rptest.Page {
			p := b.Get(w.Authorize("web", q("prompt", "none")))
			if p.Status() != http.StatusSeeOther || len(p.Header()["Set-Cookie"]) > 0 {
				t.Errorf("answered %d %v", p.Status(), p.Header())
			}
			return p
		}
		for range 2 {
			w.Wait(14 * time.Minute)
			silent().Code(t)
		}
		w.Wait(2*time.Minute + time.Second)
		if a := silent().Answer(); a.Get("error") != "login_required" {
			t.Errorf("a session that nobody used for 30 minutes lives on by prompt=none: %v", a)
		}
		if b.Cookie("__Host-foyer-default") != cookie {
			t.Error("prompt=none changed the cookie")
		}
		// Somebody's own navigation does count as use.
		b.Enter("default", "ada.az12@example.com", 0)
		for range 4 {
			w.Wait(20 * time.Minute)
			b.Get(w.Authorize("web", nil)).Code(t)
		}
		stranger := w.Browser()
		if p := stranger.Get(w.Authorize("web", q("prompt", "none"))); p.Answer().Get("error") != "login_required" || len(p.Header()["Set-Cookie"]) > 0 {
			t.Errorf("a stranger: %v %v", p.Answer(), p.Header())
		}
	})
}

// TestAZ13_ReauthenticationNeverMixesPeople: login A, prompt=login, cancel, then
// B: A's session is over, and the tokens are B's with a sid of their own.
func TestAZ13_ReauthenticationNeverMixesPeople(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		j := &journey{t, w, w.Browser()}
		j.want(j.signIn(j.open("web", nil), ada), "issue")
		old := j.b.Cookie("__Host-foyer-default")
		first := j.b.Tokens("web", q("scope", "openid"))
		a := w.Claims(first.Get("id_token"))
		w.Wait(time.Hour)

		j.want(j.submit(j.open("web", q("prompt", "login")), "action", "cancel"), "access_denied")
		if !j.b.Alive() {
			t.Fatal("cancelling ended the session")
		}
		// Again as the same person: the same sid under a new cookie (SC3).
		again := w.Redeem("web", j.signIn(j.open("web", q("prompt", "login")), ada).Code(t))
		c := w.Claims(again.Get("id_token"))
		if c["sid"] != a["sid"] || c["sub"] != a["sub"] || c["auth_time"] == a["auth_time"] {
			t.Errorf("the same person again: %v, before %v", c, a)
		}
		stale := w.Browser()
		stale.SetCookie("__Host-foyer-default", old)
		if stale.Alive() || j.b.Cookie("__Host-foyer-default") == old {
			t.Error("the cookie of before signing in again still works")
		}
		// As somebody else.
		w.Wait(time.Hour)
		other := w.Redeem("web", j.signIn(j.open("web", q("prompt", "login")), bob).Code(t))
		c = w.Claims(other.Get("id_token"))
		if c["sid"] == a["sid"] || c["sub"] == a["sub"] {
			t.Errorf("somebody else: %v, before %v", c, a)
		}
		for _, tokens := range []*rptest.Answer{first, again} {
			dead(t, w, "web", tokens)
		}
		ended := w.Audit("default", "session.end")
		if len(ended) != 1 || ended[0].SID != a["sid"] || ended[0].Data["reason"] != "replaced" {
			t.Errorf("recorded %v", ended)
		}
		if u := w.Fetch("/userinfo", "Authorization", "Bearer "+other.Get("access_token")); u.Get("sub") != c["sub"] {
			t.Errorf("userinfo answered %s", u.Raw)
		}
	})
}

// dead checks that tokens are worth nothing any more, wherever they are shown.
func dead(t *testing.T, w *rptest.World, client string, tokens *rptest.Answer) {
	t.Helper()
	if u := w.Fetch("/userinfo", "Authorization", "Bearer "+tokens.Get("access_token")); u.Status != http.StatusUnauthorized {
		t.Errorf("userinfo with a dead access token answered %d %s", u.Status, u.Raw)
	}
	for _, name := range []string{"access_token", "refresh_token"} {
		if i := w.Call("/introspect", rptest.Basic("web"), q("token", tokens.Get(name))); i.Raw != `{"active":false}` {
			t.Errorf("introspection of a dead %s answered %s", name, i.Raw)
		}
	}
	if r := w.Refresh(client, tokens.Get("refresh_token")); r.Get("error") != "invalid_grant" {
		t.Errorf("a dead refresh token answered %d %s", r.Status, r.Raw)
	}
}
