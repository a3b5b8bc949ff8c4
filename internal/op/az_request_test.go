package op_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// known are the parameters of the table of spec/sign-in.md §1 that may be sent
// once, with a value that is right.
var known = map[string]string{
	"client_id": "web", "redirect_uri": rptest.Callback, "response_type": "code", "response_mode": "query", "state": "s", "scope": "openid",
	"nonce": "n", "prompt": "login", "max_age": "60", "acr_values": "urn:foyer:acr:1", "claims": "{}", "display": "page", "id_token_hint": "x",
	"login_hint": ada, "ui_locales": "en", "claims_locales": "en", "dpop_jkt": "x", "request": "x", "request_uri": "https://x.example/",
	"code_challenge": rptest.Challenge, "code_challenge_method": "S256", "access_type": "online", "response_format": "x", "anything": "x",
}

var asForm = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

// TestAZ4_DuplicateParameters: each known parameter twice in the query, twice in
// the body, and one in each.
func TestAZ4_DuplicateParameters(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.az4@example.com", time.Minute)
	for name, value := range known {
		params := strings.TrimPrefix(w.Authorize("web", q(name, "")), "/authorize?")
		one := url.Values{name: {value}}.Encode()
		for where, p := range map[string]*rptest.Page{
			"twice in the query": b.Get("/authorize?" + params + "&" + one + "&" + one),
			"twice in the body":  b.Send("POST", "/authorize", one+"&"+params+"&"+one, asForm),
			"one in each":        b.Send("POST", "/authorize?"+one, params+"&"+one, asForm),
			"with another value": b.Get("/authorize?" + params + "&" + one + "&" + name + "=other"),
		} {
			if name == "client_id" || name == "redirect_uri" {
				nowhere(t, name+" "+where, p)
				if p.Status() != http.StatusBadRequest || p.Text("error-code") != "invalid_request" {
					t.Errorf("%s %s: %d %s", name, where, p.Status(), p.Text("error-code"))
				}
			} else if p.Answer().Get("error") != "invalid_request" || !strings.Contains(p.Answer().Get("error_description"), name) {
				t.Errorf("%s %s: %d %q", name, where, p.Status(), p.Location())
			}
		}
	}
}

// TestAZ5_PKCE: required of public clients, S256 only, 43 to 128 unreserved
// characters.
func TestAZ5_PKCE(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.az5@example.com", time.Minute)
	for _, c := range []struct {
		challenge, method string
		public, web       bool
	}{
		{"", "", false, true},
		{"", "S256", false, false},
		{rptest.Challenge, "", false, false},
		{rptest.Challenge, "plain", false, false},
		{rptest.Challenge, "s256", false, false},
		{rptest.Challenge, "S512", false, false},
		{rptest.Challenge, "S256", true, true},
		{strings.Repeat("a", 43), "S256", true, true},
		{strings.Repeat("-._~", 32), "S256", true, true},
		{strings.Repeat("a", 42), "S256", false, false},
		{strings.Repeat("a", 129), "S256", false, false},
		{strings.Repeat("a", 43) + "=", "S256", false, false},
		{strings.Repeat("a", 43) + "+", "S256", false, false},
		{strings.Repeat("a", 43) + " ", "S256", false, false},
		{strings.Repeat("a", 43) + "é", "S256", false, false},
		{strings.Repeat("a", 43) + "\x00", "S256", false, false},
	} {
		for client, want := range map[string]bool{"spa": c.public, "pkce": c.public, "web": c.web} {
			a := b.Get(w.Authorize(client, q("code_challenge", c.challenge, "code_challenge_method", c.method))).Answer()
			if (a.Get("code") != "") != want || !want && a.Get("error") != "invalid_request" {
				t.Errorf("%s, %q %q: %v", client, c.challenge, c.method, a)
			}
		}
	}
}

// TestAZ7_IssuerInEveryAnswer: success and each error, in each mode and tenant
// (RFC 9207 §2).
func TestAZ7_IssuerInEveryAnswer(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, tenants, rptest.Options{})
	issuers := map[string]string{"/": w.Base, "/acme/": w.Base + "/acme/login", "/ids/": w.Base + "/ids", "https://login.example.org/": "https://login.example.org"}
	signedIn := w.Browser()
	for _, id := range []string{"default", "acme", "ids", "hosted"} {
		signedIn.Enter(id, "iss@example.com", time.Minute)
	}
	seen := map[string]bool{}
	for base, issuer := range issuers {
		for _, b := range []*rptest.Browser{signedIn, w.Browser()} {
			for _, mode := range []string{"", "query", "fragment", "form_post", "web_message"} {
				for _, with := range []url.Values{
					nil, q("prompt", "none"), q("prompt", "x"), q("response_type", "token"), q("state", strings.Repeat("s", 2049)), q("request", "x"),
					q("request_uri", "x"), q("resource", "x"), q("claims", "x"), q("max_age", "x"), q("code_challenge_method", "plain"),
					q("claims", `{"id_token":{"acr":{"essential":true,"value":"x"}}}`), q("claims_locales", strings.Repeat("x", 6000)),
				} {
					all := url.Values{"response_mode": {mode}, "prompt": {"none"}}
					for k, list := range with {
						all[k] = list
					}
					p := b.Get(strings.TrimSuffix(base, "/") + w.Authorize("web", all))
					_, a := p.Form()
					if len(a) == 0 {
						a = p.Answer()
					}
					if len(a["iss"]) != 1 || a.Get("iss") != issuer || a.Has("code") == a.Has("error") {
						t.Errorf("%s %v: %d %v", base, all, p.Status(), a)
					}
					seen[a.Get("error")] = true
				}
			}
		}
	}
	if len(seen) < 8 {
		t.Errorf("only these answers were seen: %v", seen)
	}
}

// TestAZ9_NoCORS: no page of another origin reads these answers.
func TestAZ9_NoCORS(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.az9@example.com", time.Minute)
	for _, origin := range []string{"https://evil.example", "https://app.example.com", "null", w.Base} {
		for _, path := range []string{w.Authorize("web", nil), w.Authorize("web", q("prompt", "login")), "/login?other=1", "/register", "/consent", "/choose", "/signout", "/", "/endsession"} {
			for _, method := range []string{"GET", "POST", "OPTIONS", "HEAD"} {
				p := b.Send(method, path, "", http.Header{"Origin": {origin}, "Content-Type": asForm["Content-Type"], "Access-Control-Request-Method": {"POST"}})
				for name := range p.Header() {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s %s from %s: %s", method, path, origin, name)
					}
				}
			}
		}
	}
}

// TestAZ10_AllowLists: what a client is not registered for it does not get.
func TestAZ10_AllowLists(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.az10@example.com", time.Minute)
	for _, c := range []struct {
		client string
		with   url.Values
		want   string
	}{
		{"machine", nil, "unauthorized_client"},
		{"web", q("response_type", "token"), "unsupported_response_type"},
		{"web", q("response_type", "id_token token"), "unsupported_response_type"},
		{"web", q("response_type", "code id_token"), "unsupported_response_type"},
		{"web", q("response_mode", "query.jwt"), "invalid_request"},
		{"web", q("response_mode", "QUERY"), "invalid_request"},
	} {
		if a := b.Get(w.Authorize(c.client, c.with)).Answer(); a.Get("error") != c.want || a.Has("code") {
			t.Errorf("%s %v: %v", c.client, c.with, a)
		}
	}
	// spa has no scope list: identity only. web has one: no orders.write.
	for client, want := range map[string]string{"spa": "openid email", "web": "openid email orders.read"} {
		if a := b.Tokens(client, q("scope", "openid email orders.read orders.write admin")); a.Get("scope") != want {
			t.Errorf("%s was granted %q, want %q", client, a.Get("scope"), want)
		}
	}
	for client, want := range map[string]string{"machine": "unauthorized_client", "spa": "invalid_grant"} {
		if a := w.Redeem(client, "fo_ac_x"); a.Get("error") != want {
			t.Errorf("redemption by %s: %s", client, a.Raw)
		}
	}
}
