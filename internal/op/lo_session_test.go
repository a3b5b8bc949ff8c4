package op_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// ask is the question of the session iframe's script; 403 is no answer.
func ask(b *rptest.Browser, clientID, origin, state string, header ...string) (answer string, p *rptest.Page) {
	h := http.Header{"Sec-Fetch-Site": {"same-origin"}, "Accept": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	p = b.GetWith("/checksession?"+q("client_id", clientID, "origin", origin, "session_state", state).Encode(), h)
	var got struct{ Session string }
	_ = json.Unmarshal(p.Body.Bytes(), &got)
	return got.Session, p
}

const appOrigin = "https://app.example.com"

// signedInPage enters as somebody and returns the session_state of a client.
func signedInPage(t *testing.T, w *rptest.World, b *rptest.Browser, who, clientID string) string {
	t.Helper()
	b.Enter("default", who, time.Minute)
	state := b.Get(w.Authorize(clientID, nil)).Answer().Get("session_state")
	if state == "" {
		t.Fatal("no session_state")
	}
	return state
}

// TestLO12_SessionStateFollowsTheSession: unchanged while the session is the
// same, also after the person proved themselves again; changed after it ended
// and after another one began.
func TestLO12_SessionStateFollowsTheSession(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		is := func(what, state, want string) {
			t.Helper()
			if got, p := ask(b, "web", appOrigin, state); got != want || p.Header().Get("Cache-Control") != "no-store" || p.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s: %q, want %q (%d %v)", what, got, want, p.Status(), p.Header())
			}
		}
		code := b.SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password)
		state := b.Get(w.Authorize("web", nil)).Answer().Get("session_state")
		is("signed in", state, "unchanged")
		w.Wait(time.Second)
		b.SignIn(w.Authorize("web", q("prompt", "login")), "ada@example.com", rptest.Password)
		is("signed in again", state, "unchanged")
		w.Wait(time.Second)
		b.SignIn(w.Authorize("web", q("prompt", "login")), "bob@example.com", rptest.Password)
		is("another account", state, "changed")
		state = b.Get(w.Authorize("web", nil)).Answer().Get("session_state")
		is("another account, anew", state, "unchanged")
		p := b.Get("/endsession?" + q("client_id", "web", "post_logout_redirect_uri", rptest.Bye).Encode())
		if !strings.HasPrefix(p.Location(), rptest.Bye) || code == "" {
			t.Fatalf("sign out: %d %q", p.Status(), p.Location())
		}
		is("signed out", state, "changed")
		b.SignIn(w.Authorize("web", nil), "bob@example.com", rptest.Password)
		is("the same account in another session", state, "changed")
		is("garbage", "garbage", "changed")
	})
}

// TestLO12_OnlyRegisteredOriginsAreAnswered: whoever asks for whatever page,
// only the client's own origins get an answer, and only the iframe itself asks.
func TestLO12_OnlyRegisteredOriginsAreAnswered(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		err := w.Server.Store.CreateClient(t.Context(), "default", &client.Client{
			Spec: client.Spec{ClientID: "self", RedirectURIs: []string{"https://self.example/cb", "http://localhost:3000/cb"}, CORSOrigins: []string{"https://cors.example"},
				TokenEndpointAuthMethod: client.MethodNone, GrantTypes: []string{"authorization_code"}},
			Version: 1, CreatedAt: w.Now().UnixMicro(), Origin: client.FromSelf,
		}, audit.Event{})
		if err != nil {
			t.Fatal(err)
		}
		w.Server.Directory.Invalidate()
		b := w.Browser()
		state := signedInPage(t, w, b, "ada.lo12@example.com", "web")
		for name, c := range map[string]struct {
			client, origin string
			header         []string
			want           int
		}{
			"its own origin":                {"web", appOrigin, nil, 200},
			"another client of that origin": {"other", appOrigin, nil, 200},
			"a stranger":                    {"web", "https://evil.example", nil, 403},
			"a prefix":                      {"web", appOrigin + ".evil.example", nil, 403},
			"another port":                  {"web", appOrigin + ":8443", nil, 403},
			"another scheme":                {"web", "http://app.example.com", nil, 403},
			"capitals":                      {"web", "https://APP.example.com", nil, 403},
			"an opaque origin":              {"web", "null", nil, 403},
			"no origin":                     {"web", "", nil, 403},
			"an address":                    {"web", rptest.Callback, nil, 403},
			"an unknown client":             {"nobody", appOrigin, nil, 403},
			"a disabled client":             {"off", appOrigin, nil, 403},
			"no client":                     {"", appOrigin, nil, 403},
			"a client without pages":        {"native", "com.example.app://callback", nil, 403},
			"one that registered itself":    {"self", "https://self.example", nil, 200},
			"one that registered itself, on loopback":   {"self", "http://localhost:3000", nil, 403},
			"an origin that may only read (CORS)":       {"self", "https://cors.example", nil, 403},
			"asked by another site":                     {"web", appOrigin, []string{"Sec-Fetch-Site", "cross-site"}, 403},
			"asked by a sibling":                        {"web", appOrigin, []string{"Sec-Fetch-Site", "same-site"}, 403},
			"asked by hand":                             {"web", appOrigin, []string{"Sec-Fetch-Site", "none"}, 403},
			"asked by a browser that does not say whom": {"web", appOrigin, []string{"Sec-Fetch-Site", ""}, 200},
		} {
			answer, p := ask(b, c.client, c.origin, state, c.header...)
			if p.Status() != c.want || (answer == "") == (c.want == 200) || p.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %d %q", name, p.Status(), answer)
			}
			if answer == "unchanged" && c.client != "web" {
				t.Errorf("%s: somebody else's session_state is good", name)
			}
		}
	})
}

// TestLO12_WithoutCookiesNothingIsClaimed: a browser that withholds the cookies
// in a frame of another site looks like one that has signed out. It is told
// neither.
func TestLO12_WithoutCookiesNothingIsClaimed(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{})
	b := w.Browser()
	state := signedInPage(t, w, b, "ada.blind@example.com", "web")
	if got, _ := ask(w.Browser(), "web", appOrigin, state); got != "error" {
		t.Errorf("without cookies: %q", got)
	}
	if got, p := ask(w.Browser(), "web", "https://evil.example", state); got != "" || p.Status() != http.StatusForbidden {
		t.Errorf("without cookies, a stranger: %d %q", p.Status(), got)
	}
	b.SetCookie("__Host-foyer-default", "") // ended by closing the browser, say
	if got, _ := ask(b, "web", appOrigin, state); got != "changed" {
		t.Errorf("without the session cookie alone: %q", got)
	}
}

// TestLO12_HD2_WhoMayFrameIt: the document may be framed by the tenant's
// registered origins, sets no cookie, and is not there when the tenant does not
// want it.
func TestLO12_HD2_WhoMayFrameIt(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant+`---
tenant: off
settings: {session_management: false}
clients: [{client_id: web, token_endpoint_auth_method: none, redirect_uris: [`+rptest.Callback+`]}]
---
tenant: ids
dialect: identityserver
`, rptest.Options{})
	for _, path := range []string{"/checksession", "/checksession/", "/connect/checksession", "/ids/connect/checksession"} {
		p := w.Browser().Get(path)
		want := "frame-ancestors http://127.0.0.1 https://app.example.com"
		if strings.HasPrefix(path, "/ids") {
			want = "frame-ancestors 'none'" // no client, no application
		}
		policy := p.Header().Get("Content-Security-Policy")
		if p.Status() != 200 || !strings.HasSuffix(policy, want) || p.Header().Get("X-Frame-Options") != "" || p.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v", path, p.Status(), p.Header())
		}
	}
	for _, path := range []string{"/off/checksession", "/off/connect/checksession", "/off/checksession?client_id=web&origin=https%3A%2F%2Fapp.example.com&session_state=x"} {
		if p := w.Browser().Get(path); p.Status() != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.Status())
		}
	}
	if p := w.Browser().Post("/checksession", nil); p.Status() != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", p.Status())
	}
	for base, want := range map[string]any{"": w.Base + "/checksession", "/off": nil, "/ids": w.Base + "/ids/connect/checksession"} {
		var m map[string]any
		if err := json.Unmarshal(w.Browser().Get(base+"/.well-known/openid-configuration").Body.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if m["check_session_iframe"] != want {
			t.Errorf("%s: check_session_iframe %v", base, m["check_session_iframe"])
		}
	}
	b := w.Browser()
	b.Enter("off", "ada.off@example.com", time.Minute)
	p := b.Get("/off" + w.Authorize("web", nil))
	if p.Code(t); p.Answer().Has("session_state") {
		t.Error("session_state although it is off")
	}
}

// TestLO12_ManyOriginsDoNotFillTheHeader: with more than fit, the page that is
// about to frame it is named, if it is registered.
func TestLO12_ManyOriginsDoNotFillTheHeader(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 110 {
		many.WriteString("  - {client_id: c" + strings.Repeat("x", i) + ", token_endpoint_auth_method: none, redirect_uris: [\"https://app-" + strings.Repeat("x", i%50) + string(rune('a'+i/50)) + ".example.com/cb\"]}\n")
	}
	w := rptest.New(t, "tenant: default\nclients:\n"+many.String(), rptest.Options{})
	for referer, want := range map[string]string{
		"https://app-a.example.com/page?x":       "https://app-a.example.com",
		"https://evil.example/":                  "'none'",
		"https://app-a.example.com.evil.example": "'none'",
		"https://app-a.example.com;script-src *": "'none'",
		"not an address":                         "'none'",
		"":                                       "'none'",
	} {
		p := w.Browser().GetWith("/checksession", http.Header{"Referer": {referer}})
		if policy := p.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "; frame-ancestors "+want) || p.Status() != 200 {
			t.Errorf("%q: %d %s", referer, p.Status(), policy)
		}
	}
}
