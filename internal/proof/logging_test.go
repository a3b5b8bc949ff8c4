package proof

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// line is what a log line of a request has.
type line struct {
	Time, Level, Msg, ID, Method, Route, Addr, Tenant, Actor, Error string
	Status                                                          int
	ClientID                                                        string `json:"client_id"`
}

func lines(t *testing.T, w *rptest.World) (all []line) {
	t.Helper()
	for _, raw := range strings.Split(strings.TrimSpace(w.Log.String()), "\n") {
		var l line
		if err := json.Unmarshal([]byte(raw), &l); err != nil {
			t.Fatalf("%q is no JSON: %v", raw, err)
		}
		if l.Msg == "request" {
			all = append(all, l)
		}
	}
	return all
}

// TestLG1_CanariesReachNoSink: a marked value through every input, right and
// wrong; then neither log, audit trail nor metrics holds any of them, nor the
// things that were handed out.
func TestLG1_CanariesReachNoSink(t *testing.T) {
	t.Parallel()
	const canary = "CANARY"
	w := rptest.New(t, strings.NewReplacer(
		rptest.Password, "CANARY-correct horse battery", rptest.Secret, rptest.Secret+"CANARY", "ada@", "canary-ada@",
	).Replace(rptest.Tenant), rptest.Options{})
	b := w.Browser()
	b.Header.Set("Referer", "https://app.example.com/?code=CANARY-ref")
	b.Header.Set("X-Custom", "CANARY-header")
	page := b.Follow(b.Get(w.Authorize("web", url.Values{"state": {"CANARY-state"}, "nonce": {"CANARY-nonce"}, "login_hint": {"canary-hint@example.com"}, "scope": {"openid offline_access"}})))
	b.Submit(page, url.Values{"identifier": {"canary-ada@example.com"}, "password": {"CANARY-wrong"}})
	b.Submit(page, url.Values{"identifier": {"CANARY-password-in-the-wrong-field"}, "password": {"x"}})
	p := b.Submit(page, url.Values{"identifier": {"canary-ada@example.com"}, "password": {"CANARY-correct horse battery"}})
	code, cookie, browser := p.Code(t), b.Cookie(sessionCookie), b.Cookie(browserCookie)
	redeem := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {rptest.Callback}, "code_verifier": {"CANARY-verifier-of-the-right-length-0123456789"}}
	w.Call("/token", "web:CANARY-guess", redeem)
	secret := "web:" + rptest.Secret + "CANARY"
	w.Call("/token", secret, redeem)
	redeem.Set("code_verifier", rptest.Verifier)
	a := w.Call("/token", secret, redeem)
	w.Call("/token", secret, redeem) // a replay
	if a.Get("refresh_token") == "" {
		t.Fatalf("token answered %d %s", a.Status, a.Raw)
	}
	handed := []string{code, cookie, browser, a.Get("access_token"), a.Get("refresh_token"), a.Get("id_token"), rptest.Verifier}
	for _, tok := range append(handed, "CANARY-token", "fo_rt_CANARYCANAR.CANARYCANARYCANARYCANARYCANARYCANARYCANARYCANA") {
		w.Call("/token", secret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tok}})
		w.Call("/introspect", secret, url.Values{"token": {tok}})
		w.Call("/revoke", secret, url.Values{"token": {tok}})
		w.Fetch("/userinfo", "Authorization", "Bearer "+tok)
		w.Fetch("/userinfo?access_token="+url.QueryEscape(tok), "Cookie", "x="+tok)
		b.Get("/endsession?id_token_hint=" + url.QueryEscape(tok) + "&logout_hint=CANARY&state=CANARY&post_logout_redirect_uri=https://evil.example/CANARY")
		b.Get("/login?r=" + url.QueryEscape(tok))
		b.Get(w.Authorize("web", url.Values{"id_token_hint": {tok}, "request": {tok}, "claims": {tok}, "prompt": {"none"}}))
		b.Get("/CANARY/" + url.PathEscape(tok) + "?code=" + url.QueryEscape(tok))
	}
	w.Call("/token", secret, url.Values{"grant_type": {"CANARY"}, "client_assertion": {"CANARY.CANARY.CANARY"}, "client_assertion_type": {"CANARY"}})
	register(w, 1, "canary-new@example.com", "CANARY-is a fine password")
	register(w, 2, "canary-new@example.com", "CANARY-short")
	b.Get("/authorize?client_id=web&redirect_uri=https://evil.example/?CANARY=CANARY")
	b.Post("/consent", url.Values{"asked": {"CANARY"}, "r": {"CANARY"}})
	sinks := map[string]string{"log": w.Log.String(), "metrics": metrics(w), "audit": strings.Join(tables(t, w.Database)["audit"], "\n")}
	for name, text := range sinks {
		if len(text) < 200 {
			t.Errorf("%s has only %d bytes", name, len(text))
		}
		for _, s := range append(handed, canary, "canary-") {
			if i := strings.Index(text, s); i >= 0 {
				t.Errorf("%s holds %.12s…: …%s…", name, s, text[max(0, i-150):min(len(text), i+50)])
			}
		}
	}
}

// TestLG2_InjectionIntoTheLog: what a request brings starts no line, moves no
// cursor and turns no text around.
func TestLG2_InjectionIntoTheLog(t *testing.T) {
	t.Parallel()
	w := world(t)
	for _, evil := range []string{"web\r\n{\"level\":\"ERROR\",\"msg\":\"forged\"}", "web\x1b[2J\x1b[31mred", "web\u202egnp.exe", "web\u2028next", "web\u009b31m",
		"web\x00nul", "web\x7f\b\b\b", "web\u200b\u2066x", strings.Repeat("long", 2000)} {
		for _, path := range []string{"/token", "/introspect", "/revoke", "/login", "/authorize", "/endsession", "/userinfo"} {
			w.Do(request(w, http.MethodPost, path, url.Values{"client_id": {evil}, "grant_type": {evil}, "code": {evil}, "identifier": {evil}, "password": {evil}, "token": {evil}}.Encode()))
			r := request(w, http.MethodGet, "/", "", "User-Agent", evil, "X-Forwarded-For", evil, "Accept-Language", evil)
			r.URL.Path, r.Method = path+"/"+evil, "GET"
			w.Do(r)
			r = request(w, http.MethodGet, path, "")
			r.Method = evil
			w.Do(r)
			r = request(w, http.MethodGet, path, "")
			r.SetBasicAuth(evil, evil)
			w.Do(r)
		}
	}
	log := w.Log.String()
	for _, l := range lines(t, w) {
		if l.Msg == "forged" {
			t.Fatal("a forged line")
		}
	}
	for _, r := range log {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x2069 {
			t.Fatalf("the log holds %U", r)
		}
	}
	for _, raw := range strings.Split(log, "\n") {
		if len(raw) > 4000 {
			t.Errorf("a line of %d bytes: %.200s", len(raw), raw)
		}
	}
}

// TestLG3_EventsSayWhoWhereAndWhen: success and failure of signing in, tokens,
// consent, logout and administration: time, actor, address, tenant, request id.
func TestLG3_EventsSayWhoWhereAndWhen(t *testing.T) {
	t.Parallel()
	w := world(t)
	const peer = "203.0.113.77"
	b := w.Browser()
	b.Remote = peer + ":443"
	page := b.Follow(b.Get(w.Authorize("third", nil)))
	b.Submit(page, url.Values{"identifier": {ada}, "password": {"wrong"}})
	consent := b.Follow(b.Submit(page, url.Values{"identifier": {ada}, "password": {rptest.Password}}))
	code := b.Follow(b.Submit(consent, url.Values{"action": {"allow"}})).Code(t)
	w.Redeem("third", code)
	w.Redeem("third", code)
	b.Submit(b.Get("/endsession"), url.Values{"scope": {"session"}})

	byRoute := map[string][]line{}
	for _, l := range lines(t, w) {
		at, err := time.Parse(time.RFC3339Nano, l.Time)
		if err != nil || at.IsZero() || l.ID == "" || l.Tenant != "default" || l.Level == "" {
			t.Errorf("a line without its members: %+v", l)
		}
		if _, err := netip.ParseAddr(l.Addr); err != nil {
			t.Errorf("address %q", l.Addr)
		}
		byRoute[l.Route+fmt.Sprint(l.Status)] = append(byRoute[l.Route+fmt.Sprint(l.Status)], l)
	}
	for key, want := range map[string]line{
		"/login401": {Addr: peer, Error: "wrong_credentials"}, "/login303": {Addr: peer, Actor: "account:"}, "/consent303": {Addr: peer, Actor: "account:"},
		"/token200": {Actor: "client:third"}, "/token400": {Actor: "client:third", Error: "invalid_grant"}, "/signout200": {Addr: peer, Actor: "account:"},
	} {
		got := byRoute[key]
		if len(got) == 0 || want.Addr != "" && got[0].Addr != want.Addr || !strings.HasPrefix(got[0].Actor, want.Actor) || got[0].Error != want.Error {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
	trail(t, w, peer)
}

// trail checks the audit records of TestLG3.
func trail(t *testing.T, w *rptest.World, peer string) {
	t.Helper()
	ids := map[string]bool{}
	for _, l := range lines(t, w) {
		ids[l.ID] = true
	}
	list, err := w.Server.Store.ListAudit(t.Context(), "default", 0, 1000)
	must(t, err)
	kinds := map[string]string{}
	for _, r := range list {
		kinds[string(r.Kind)] = r.Actor.Name
		if r.At <= 0 || r.Actor.Name == "" {
			t.Errorf("a record without time or actor: %+v", r)
		}
		switch r.Kind {
		case "session.begin", "session.end", "consent.give", "code.replay":
			if !ids[r.Actor.RequestID] || r.Kind != "code.replay" && (r.Actor.Address != peer || r.Sub == "") {
				t.Errorf("%s cannot be traced: %+v", r.Kind, r)
			}
		}
	}
	for kind, actor := range map[string]string{"session.begin": "account:", "session.end": "account:", "consent.give": "account:", "code.replay": "client:third",
		"client.create": "", "account.create": "", "tenant.create": ""} {
		if got, ok := kinds[kind]; !ok || !strings.HasPrefix(got, actor) {
			t.Errorf("%s: actor %q (recorded: %t)", kind, got, ok)
		}
	}
}

// TestLG4_NoQueryStringsInTheLog: codes, states and tokens travel there.
func TestLG4_NoQueryStringsInTheLog(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.Browser()
	for _, route := range w.Server.Routes {
		for _, path := range paths(route) {
			b.Get(path + "?code=querulous-code&state=querulous-state&access_token=querulous-token&id_token_hint=querulous-hint&email=querulous%40example.com")
		}
	}
	b.Get("/elsewhere/querulous-path?x=querulous")
	log := w.Log.String()
	for _, s := range []string{"querulous", "?"} { // long: ids of requests are random letters
		if i := strings.Index(log, s); i >= 0 {
			t.Errorf("the log has what was in an address: %.300s", log[max(0, i-100):])
		}
	}
}
