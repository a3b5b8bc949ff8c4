package op_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestLO1_ReturnAddressExactMatch: the corpus of AZ1 at /endsession: never a
// redirect, never a link.
func TestLO1_ReturnAddressExactMatch(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		registerShapes(w)
		nobody, b := w.Browser(), w.Browser()
		for _, s := range shapes {
			if p := nobody.Get("/endsession?" + q("client_id", s.id, "post_logout_redirect_uri", s.uri()).Encode()); !strings.HasPrefix(p.Location(), s.uri()) {
				t.Fatalf("%s is not accepted: %d", s.uri(), p.Status())
			}
			b.Enter("default", "ada.lo1@example.com", 0)
			b.Get(w.Authorize(s.id, q("redirect_uri", s.uri()))).Code(t)
			for i, v := range corpus(t, s) {
				what := s.id + " " + strconv.Quote(v)
				ask := "/endsession?" + q("client_id", s.id, "post_logout_redirect_uri", v, "state", "x").Encode()
				pages := map[string]*rptest.Page{"nobody": nobody.Get(ask), "the question": b.Get(ask)}
				if i%10 == 0 { // the answer to the question, and Cancel
					pages["cancel"] = b.Submit(b.Get(ask), q("action", "cancel"))
					pages["the end"] = b.Submit(b.Get(ask), q("scope", "device"))
					b.Enter("default", "ada.lo1@example.com", 0)
				}
				for where, p := range pages {
					if p.Location() != "" || p.Status() != http.StatusOK || p.Attr("return", "href") != "" || p.LeadsTo("evil.example") {
						t.Errorf("%s, %s: %d %q %q", what, where, p.Status(), p.Location(), p.Attr("return", "href"))
					}
				}
				if !pages["nobody"].Has("signed-out") || !pages["nobody"].Has("notice") || !pages["the question"].Has("logout-confirm") {
					t.Errorf("%s: not the pages of spec/logout.md §1.3", what)
				}
			}
		}
	})
}

// TestLO2_NoSilentLogoutByOthers: whatever another site's page makes the browser
// send, without a valid hint the session lives.
func TestLO2_NoSilentLogoutByOthers(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.lo2@example.com", time.Minute)
	tokens := b.Tokens("web", nil)
	ask := q("client_id", "web", "post_logout_redirect_uri", rptest.Bye)
	for _, dest := range strings.Fields("image iframe frame embed object script style font audio video track manifest empty worker serviceworker report") {
		for _, site := range []string{"cross-site", "same-site", "same-origin"} {
			h := http.Header{"Sec-Fetch-Dest": {dest}, "Sec-Fetch-Site": {site}, "Sec-Fetch-Mode": {"no-cors"}}
			if p := b.GetWith("/endsession?"+ask.Encode(), h); p.Status() != http.StatusOK || p.Location() != "" || len(p.Header()["Set-Cookie"]) > 0 {
				t.Errorf("%s %s: %d %q", site, dest, p.Status(), p.Location())
			}
		}
	}
	for _, purpose := range []string{"prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"} {
		h := http.Header{"Sec-Fetch-Dest": {"document"}, "Sec-Purpose": {purpose}}
		for name, p := range map[string]*rptest.Page{
			"client_id": b.GetWith("/endsession?"+ask.Encode(), h),
			"hint":      b.GetWith("/endsession?"+q("id_token_hint", tokens.Get("id_token")).Encode(), h),
			"POST":      b.PostWith("/endsession", ask, h),
		} {
			if p.Status() != http.StatusServiceUnavailable {
				t.Errorf("%s with %s: %d", name, purpose, p.Status())
			}
		}
	}
	_, form := b.Get("/signout").Form()
	form.Set("scope", "everywhere")
	for _, h := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://app.example.com"}}, {"Origin": {"null"}}, {},
	} {
		if p := b.PostWith("/signout", form, h); p.Status() != http.StatusForbidden {
			t.Errorf("the answer from %v: %d", h, p.Status())
		}
	}
	if !b.Alive() || w.Fetch("/userinfo", "Authorization", "Bearer "+tokens.Get("access_token")).Status != http.StatusOK {
		t.Error("the session ended")
	}
	// A valid hint is proof, wherever it comes from.
	b.GetWith("/endsession?"+q("id_token_hint", tokens.Get("id_token")).Encode(), http.Header{"Sec-Fetch-Dest": {"image"}})
	if b.Alive() {
		t.Error("a valid hint of this session did not end it")
	}
}

// TestLO3_Hints: own issuer, a signature of a key that is trusted, any age; the
// session it names is this one, or the person is asked.
func TestLO3_Hints(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, tenants, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		b := w.Browser()
		ends := func(hint string) bool {
			t.Helper()
			p := b.Get("/endsession?" + q("id_token_hint", hint, "post_logout_redirect_uri", rptest.Bye).Encode())
			return strings.HasPrefix(p.Location(), rptest.Bye)
		}
		enter := func(email string) string {
			b.Enter("default", email, 0)
			return b.Tokens("web", nil).Get("id_token")
		}
		good := enter("ada.lo3@example.com")
		parts := strings.Split(good, ".")
		raw := base64.RawURLEncoding.EncodeToString
		other := w.Browser()
		other.Enter("default", "bob.lo3@example.com", 0)
		for what, hint := range map[string]string{
			"alg none":          raw([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
			"no signature":      parts[0] + "." + parts[1] + ".",
			"a changed payload": parts[0] + "." + raw([]byte(`{"iss":"https://id.example.com","aud":"web"}`)) + "." + parts[2],
			"another header":    raw([]byte(`{"alg":"HS256"}`)) + "." + parts[1] + "." + parts[2],
			"a cut signature":   good[:len(good)-4],
			"another person's":  other.Tokens("web", nil).Get("id_token"),
			"an access token":   other.Tokens("web", nil).Get("access_token"),
			"nothing":           "x",
		} {
			if ends(hint) || !b.Alive() {
				t.Errorf("%s ended the session", what)
			}
		}
		if !ends(good) || b.Alive() {
			t.Error("a good hint asked")
		}
		// Expired long ago, and signed by a key that has been replaced.
		old := enter("ada.lo3@example.com")
		w.Wait(10 * 24 * time.Hour)
		rotate(t, w)
		w.Wait(24 * time.Hour)
		if !ends(old) || b.Alive() {
			t.Error("an expired hint of a retired key asked")
		}
		// A key that was given away proves nothing.
		old = enter("ada.lo3@example.com")
		revoke(t, w, old)
		if ends(old) || !b.Alive() {
			t.Error("a hint of a revoked key ended the session")
		}
	})
}

// rotate makes a new RS256 key sign at once.
func rotate(t *testing.T, w *rptest.World) {
	t.Helper()
	if _, err := w.Server.Keys.Rotate(t.Context(), "default", keys.RS256, keys.Rotation{Force: true}); err != nil {
		t.Fatal(err)
	}
	w.Server.Keys.Invalidate("default")
}

// revoke gives up the key that signed a JWT.
func revoke(t *testing.T, w *rptest.World, jwt string) {
	t.Helper()
	var header struct{ Kid string }
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[0])
	if err == nil {
		err = json.Unmarshal(b, &header)
	}
	if err == nil {
		err = w.Server.Keys.Revoke(t.Context(), "default", header.Kid)
	}
	if err != nil {
		t.Fatal(err)
	}
}
