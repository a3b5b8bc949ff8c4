package op_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestLogoutConfirmationByDialect: applications of IdentityServer know a
// question where no hint proves it; those of the other two do not
// (spec/logout.md §1.5, logout_confirmation).
func TestLogoutConfirmationByDialect(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, tenants, func(t *testing.T, w *rptest.World) {
		for id, c := range map[string]struct {
			base, authorize, endsession string
			asks                        bool
		}{
			"default": {"", "/authorize", "/endsession", false},
			"acme":    {"/acme", "/login/authorize", "/login/end_session", false},
			"ids":     {"/ids", "/connect/authorize", "/connect/endsession", true},
			"hosted":  {"https://login.example.org", "/authorize", "/endsession", false},
		} {
			b := w.Browser()
			b.Enter(id, "dialect@example.com", 0)
			p := b.Get(c.base + strings.Replace(w.Authorize("web", nil), "/authorize", c.authorize, 1))
			p.Code(t)
			ask := "?" + q("client_id", "web", "post_logout_redirect_uri", rptest.Bye).Encode()
			p = b.Get(c.base + c.endsession + ask)
			if p.Has("logout-confirm") != c.asks || (p.Location() == rptest.Bye+"?logout=success") == c.asks {
				t.Errorf("%s: %d %q", id, p.Status(), p.Location())
			}
			if !c.asks {
				continue
			}
			// Its own hint is proof in every dialect.
			b.Enter(id, "dialect@example.com", 0)
			code := b.Get(c.base + strings.Replace(w.Authorize("web", nil), "/authorize", c.authorize, 1)).Code(t)
			a := w.Call(c.base+"/connect/token", rptest.Basic("web"), q("grant_type", "authorization_code", "code", code, "redirect_uri", rptest.Callback, "code_verifier", rptest.Verifier))
			p = b.Get(c.base + c.endsession + "?" + q("id_token_hint", a.Get("id_token"), "post_logout_redirect_uri", rptest.Bye, "state", "x").Encode())
			if p.Location() != rptest.Bye+"?logout=success&state=x" {
				t.Errorf("%s with its hint: %d %q", id, p.Status(), p.Location())
			}
		}
	})
}

// TestLogoutInTwoTabs: the same question in two tabs, answered in both, and a
// third that asks for everywhere after it is over.
func TestLogoutInTwoTabs(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		b.Enter("default", "tabs@example.com", 0)
		ask := "/endsession?" + q("client_id", "web", "post_logout_redirect_uri", rptest.Bye, "state", "x").Encode()
		one, two, three := b.Get(ask), b.Get(ask), b.Get("/signout")
		for name, p := range map[string]*rptest.Page{"the first": b.Submit(one, q("scope", "device")), "the second": b.Submit(two, q("scope", "everywhere"))} {
			if p.Location() != rptest.Bye+"?logout=success&state=x" {
				t.Errorf("%s tab: %d %q", name, p.Status(), p.Location())
			}
		}
		if p := b.Submit(three, q("scope", "everywhere")); p.Status() != http.StatusOK || !p.Has("signed-out") {
			t.Errorf("the third tab: %d %q", p.Status(), p.Location())
		}
		// Cancel afterwards: nobody is signed in, and it is no dead end.
		if p := b.Submit(two, q("action", "cancel")); p.Status() != http.StatusSeeOther || p.Location() != rptest.Bye+"?state=x" {
			t.Errorf("cancelled afterwards: %d %q", p.Status(), p.Location())
		}
		if p := b.Submit(three, q("action", "cancel")); !p.Has("signed-out") || p.Has("still-signed-in") {
			t.Errorf("cancelled when nobody is signed in any more: %d", p.Status())
		}
		if n := len(w.Audit("default", string(audit.SessionEnded))); n != 1 {
			t.Errorf("%d ends were recorded", n)
		}
	})
}

// TestLogoutIsRecorded: one record for each session, with who, why, and an
// address that was not accepted (spec/logout.md §1.3, §2).
func TestLogoutIsRecorded(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		b, far := w.Browser(), w.Browser()
		s := b.Enter("default", "records@example.com", 0)
		far.Enter("default", "records@example.com", 0)
		hint := b.Tokens("web", nil).Get("id_token")
		b.Get("/endsession?" + q("id_token_hint", hint, "logout_hint", s.SID, "post_logout_redirect_uri", "https://evil.example/?token=secret").Encode())
		records := w.Audit("default", string(audit.SessionEnded))
		if len(records) != 2 {
			t.Fatalf("%d records", len(records))
		}
		for _, r := range records {
			if r.Sub != s.Sub || r.Actor.Name != "account:"+s.Sub || r.Actor.Address != "192.0.2.1" || r.Actor.RequestID == "" ||
				r.Data["reason"] != "end_session" || r.Data["return_address"] != "rejected" {
				t.Errorf("recorded %+v", r)
			}
		}
		if strings.Contains(w.Log.String(), "secret") {
			t.Error("the rejected address is in the log")
		}
	})
}

// TestStrangeBytesAreNoFault: NUL and bytes that are not UTF-8, wherever they
// can come in, on both databases.
func TestStrangeBytesAreNoFault(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		j := &journey{t, w, w.Browser()}
		j.b.Header.Set("User-Agent", "Caf\xe9 \xff\xfe "+strings.Repeat("é", 200))
		j.b.Header.Set("Accept-Language", "\xff, fr;q=\x00")
		j.want(j.signIn(j.open("web", q("nonce", "\x00", "state", "\x00", "scope", "openid \x00", "acr_values", "\x00")), ada), "issue")
		if a := j.b.Tokens("web", q("nonce", "a\x00b", "claims", `{"userinfo":{"\u0000":null}}`)); w.Claims(a.Get("id_token"))["nonce"] != "a\x00b" {
			t.Errorf("nonce became %q", w.Claims(a.Get("id_token"))["nonce"])
		}
		for _, x := range []string{"\x00", "a\x00@example.com", "a@exa\x00mple.com", strings.Repeat("x", 3000) + "@example.com", "\u202e@example.com"} {
			p := w.Browser().Submit(w.Browser().Follow(w.Browser().Get(w.Authorize("web", q("login_hint", x)))), q("identifier", x, "password", "\x00"+x))
			if p.Status() != http.StatusUnauthorized {
				t.Errorf("signing in as %.20q answered %d", x, p.Status())
			}
			p = w.Browser().Post("/register", q("email", x, "password", rptest.Password))
			if p.Status() != http.StatusUnprocessableEntity {
				t.Errorf("registering %.20q answered %d", x, p.Status())
			}
		}
		if p := w.Browser().Post("/register", q("email", "nul@example.com", "password", "a long one \x00 with a NUL")); p.Status() >= 500 {
			t.Errorf("a password with NUL answered %d", p.Status())
		}
		for _, form := range []string{"code", "refresh_token"} {
			v := q("grant_type", map[string]string{"code": "authorization_code", "refresh_token": "refresh_token"}[form], form, "\x00", "redirect_uri", "\x00", "scope", "\x00", "resource", "\x00")
			if a := w.Call("/token", rptest.Basic("web"), v); a.Status != http.StatusBadRequest {
				t.Errorf("a %s of NUL answered %d %s", form, a.Status, a.Raw)
			}
		}
		for _, path := range []string{"/introspect", "/revoke"} {
			if a := w.Call(path, rptest.Basic("web"), q("token", "\x00", "token_type_hint", "\x00")); a.Status != http.StatusOK {
				t.Errorf("%s of NUL answered %d %s", path, a.Status, a.Raw)
			}
			if a := w.Call(path, "we\x00b:x", q("token", "x")); a.Status != http.StatusUnauthorized {
				t.Errorf("%s by NUL answered %d %s", path, a.Status, a.Raw)
			}
		}
		if s := faults([]*rptest.World{w}); s != "" {
			t.Errorf("faults: %.2000s", s)
		}
	})
}
