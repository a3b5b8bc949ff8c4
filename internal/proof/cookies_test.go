package proof

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

const (
	sessionCookie = "__Host-foyer-default"
	browserCookie = "__Host-foyer-default.browser"
)

// journey goes through everything that sets or clears a cookie.
func journey(w *rptest.World, b *rptest.Browser) (lines []string) {
	w.T.Helper()
	see := func(p *rptest.Page) *rptest.Page {
		lines = append(lines, p.Header().Values("Set-Cookie")...)
		return p
	}
	login := see(b.Follow(see(b.Get(w.Authorize("web", url.Values{"ui_locales": {"fr"}})))))
	see(b.Submit(login, url.Values{"identifier": {ada}, "password": {"wrong"}}))
	see(b.Submit(login, url.Values{"identifier": {ada}, "password": {rptest.Password}}))
	see(b.Get("/login?lang=de&other=1"))
	out := see(b.Get("/endsession"))
	see(b.Submit(out, url.Values{"scope": {"session"}}))
	return lines
}

func TestSC1_CookieAttributes(t *testing.T) {
	t.Parallel()
	for base, prefix := range map[string]string{"https://id.example.com": "__Host-foyer-default", "http://localhost:8080": "foyer-default"} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			w := rptest.New(t, rptest.Tenant, rptest.Options{PublicURL: base})
			seen := map[string]bool{}
			for _, line := range journey(w, w.Browser()) {
				c, err := http.ParseSetCookie(line)
				must(t, err)
				seen[c.Name] = true
				if c.Secure != strings.HasPrefix(base, "https:") || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
					t.Errorf("Set-Cookie: %s", line)
				}
			}
			for _, which := range []string{"", ".browser", ".lang"} {
				if !seen[prefix+which] {
					t.Errorf("no cookie %s among %v", prefix+which, seen)
				}
			}
			if len(seen) != 3 {
				t.Errorf("cookies %v, want three", seen)
			}
		})
	}
}

// TestSC1_SchemeIsTheIssuers: behind a proxy that ends TLS the connection is
// plain, and a header cannot take Secure away.
func TestSC1_SchemeIsTheIssuers(t *testing.T) {
	t.Parallel()
	w := world(t)
	r := request(w, http.MethodPost, "/login", "identifier="+url.QueryEscape(ada)+"&password="+url.QueryEscape(rptest.Password),
		"X-Forwarded-Proto", "http", "Forwarded", "proto=http;host=evil.example")
	r.TLS, r.Host = nil, "id.example.com"
	rec := w.Do(r)
	lines := rec.Result().Header.Values("Set-Cookie")
	if len(lines) == 0 {
		t.Fatalf("no cookie in %d %s", rec.Code, rec.Body)
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "__Host-") || !strings.Contains(line, "; Secure") {
			t.Errorf("Set-Cookie: %s", line)
		}
	}
}

func TestSC2_ADumpDoesNotLogIn(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b, _ := signedIn(w, ada, "web")
		value := b.Cookie(sessionCookie)
		secretPart := value[strings.IndexByte(value, '.')+1:]
		if len(secretPart) != 43 {
			t.Errorf("the cookie's secret has %d characters, want 43 (256 bits)", len(secretPart))
		}
		rows := tables(t, w.Database)
		if s := dump(t, w.Database); strings.Contains(s, secretPart) || strings.Contains(s, value) {
			t.Error("the cookie's secret is stored")
		}
		for _, row := range rows["sessions"] {
			for _, field := range strings.Split(row, "\t") {
				for _, guess := range []string{field, value[:strings.IndexByte(value, '.')+1] + field, "fo_se_" + field + "." + field} {
					thief := w.Browser()
					thief.SetCookie(sessionCookie, guess)
					if isSignedIn(w, thief, "web") {
						t.Errorf("%q from the sessions table signs in", guess)
					}
				}
			}
		}
	})
}

// TestSC3_Fixation: what an attacker planted before a sign-in is worth nothing
// after it, and each sign-in ends the secret before it.
func TestSC3_Fixation(t *testing.T) {
	t.Parallel()
	w := world(t)
	attacker, _ := signedIn(w, bob, "web")
	planted := attacker.Cookie(sessionCookie)
	victim := w.Browser()
	victim.SetCookie(sessionCookie, planted)
	w.Wait(time.Minute)
	victim.SignIn(w.Authorize("web", url.Values{"prompt": {"login"}}), ada, rptest.Password)
	first := victim.Cookie(sessionCookie)
	if first == planted || first == "" {
		t.Fatalf("the cookie after sign-in is %q", first)
	}
	if isSignedIn(w, attacker, "web") {
		t.Error("the planted cookie still signs somebody in")
	}
	w.Wait(time.Minute)
	victim.SignIn(w.Authorize("web", url.Values{"prompt": {"login"}}), ada, rptest.Password)
	second := victim.Cookie(sessionCookie)
	if second == first {
		t.Error("authenticating again kept the secret")
	}
	old := w.Browser()
	old.SetCookie(sessionCookie, first)
	if isSignedIn(w, old, "web") || !isSignedIn(w, victim, "web") {
		t.Error("the old secret lives, or the new one does not")
	}
}

func TestSC4_IdleAndAbsoluteTimeout(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, strings.Replace(rptest.Tenant, "settings: {", "settings: {session: {lifetime: 24h, idle_timeout: 1h, remember_me: true}, ", 1), rptest.Options{})
	b := w.Browser()
	b.SignIn(w.Authorize("web", nil), ada, rptest.Password)
	use := func() bool { return b.Get(w.Authorize("web", nil)).Answer().Get("code") != "" }
	for range 5 { // in use, it does not idle
		w.Wait(50 * time.Minute)
		if !use() {
			t.Fatal("the session ended while it was used")
		}
	}
	w.Wait(61 * time.Minute)
	if isSignedIn(w, b, "web") {
		t.Error("the session outlived its idle timeout")
	}
	page := b.Login(w.Authorize("web", nil), ada, rptest.Password)
	if c := page.Result().Cookies(); !slices.ContainsFunc(c, func(c *http.Cookie) bool { return c.Name == sessionCookie && c.MaxAge == 0 }) {
		t.Errorf("unticked, the cookie must end with the browser: %v", c)
	}
	for range 28 {
		w.Wait(50 * time.Minute)
		if !use() {
			t.Fatal("the session ended before its lifetime")
		}
	}
	w.Wait(41 * time.Minute) // 24 h and a minute
	if isSignedIn(w, b, "web") {
		t.Error("the session outlived its lifetime")
	}
	page = b.Submit(b.Follow(b.Get(w.Authorize("web", nil))), url.Values{"identifier": {ada}, "password": {rptest.Password}, "remember": {"on"}})
	if c := page.Result().Cookies(); !slices.ContainsFunc(c, func(c *http.Cookie) bool { return c.Name == sessionCookie && c.MaxAge == 86400 }) {
		t.Errorf("ticked, the cookie must last as long as the session: %v", c)
	}
}

// TestSC5_TamperedCookiesAreAbsent: every flipped bit, other lengths and
// garbage are no cookie and no error.
func TestSC5_TamperedCookiesAreAbsent(t *testing.T) {
	t.Parallel()
	w := world(t)
	b, _ := signedIn(w, ada, "web")
	value := b.Cookie(sessionCookie)
	try := func(header string) {
		t.Helper()
		rec := w.Do(request(w, http.MethodGet, w.Authorize("web", url.Values{"prompt": {"none"}}), "", "Cookie", header))
		if rec.Code != http.StatusSeeOther || !strings.Contains(rec.Header().Get("Location"), "error=login_required") {
			t.Errorf("Cookie: %.80q…: %d %s", header, rec.Code, rec.Header().Get("Location"))
		}
	}
	for i := range value {
		for bit := range 8 {
			c := []byte(value)
			c[i] ^= 1 << bit
			if c[i] <= ' ' || c[i] >= 0x7f || strings.IndexByte(`";,\`, c[i]) >= 0 {
				continue // no cookie octet: cannot arrive
			}
			try(sessionCookie + "=" + string(c))
		}
	}
	for _, v := range []string{"", value[1:], value[:len(value)-1], value + "A", value + "=", strings.ToUpper(value), strings.Repeat("A", 5000),
		value + strings.Repeat(" ", 4096) + "x", "fo_se_", "%00", "\xff\xfe", "../../etc/passwd", "' OR 1=1 --"} {
		try(sessionCookie + "=" + v)
	}
	try(sessionCookie + "=" + value + "; " + sessionCookie + "=another") // which one is ours?
	try(sessionCookie + "X=" + value)
	try(strings.TrimPrefix(sessionCookie, "__Host-") + "=" + value) // not the name on https: any subdomain can set that
	for _, name := range []string{browserCookie, "__Host-foyer-default.lang"} {
		for _, v := range []string{strings.Repeat("A", 5000), "\xff", "fo_br_x.y", "<script>"} {
			rec := w.Do(request(w, http.MethodGet, "/login", "", "Cookie", name+"="+v))
			if rec.Code != http.StatusOK {
				t.Errorf("%s=%.20q: %d", name, v, rec.Code)
			}
		}
	}
}

// TestSC8_TabsCostNoCookies: however many tabs are open, the jar stays small.
func TestSC8_TabsCostNoCookies(t *testing.T) {
	t.Parallel()
	w := world(t)
	b := w.Browser()
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			rec := w.Do(request(w, http.MethodGet, w.Authorize("web", url.Values{"state": {fmt.Sprint(i)}}), ""))
			if rec.Code != http.StatusSeeOther || len(rec.Result().Cookies()) != 0 {
				t.Errorf("authorize answered %d and set %v", rec.Code, rec.Result().Cookies())
			}
		})
	}
	wg.Wait()
	names := map[string]bool{}
	for i := range 20 {
		p := b.Follow(b.Get(w.Authorize("web", url.Values{"state": {fmt.Sprint(i)}, "prompt": {"select_account"}})))
		p = b.Submit(p, url.Values{"identifier": {ada}, "password": {rptest.Password}, "choice": {"this"}})
		for _, c := range p.Result().Cookies() {
			names[c.Name] = true
		}
	}
	if len(names) > 2 {
		t.Errorf("twenty journeys set %v", names)
	}
}

const twoTenants = rptest.Tenant + `---
tenant: acme
display_name: Acme
clients:
  - client_id: web
    client_name: Acme web
    token_endpoint_auth_method: client_secret_basic
    client_secret: ` + rptest.Secret + `
    redirect_uris: [` + rptest.Callback + `]
    post_logout_redirect_uris: [` + rptest.Bye + `]
    grant_types: [authorization_code, refresh_token, client_credentials]
    scope: openid profile email offline_access orders.read
resources:
  - {audience: "https://api.example.com", scopes: [orders.read], introspection_secret: ` + rptest.Secret + `}
accounts:
  - {email: ada@example.com, email_verified: true, password: ` + rptest.Password + `, given_name: Other, family_name: Ada}
`

// TestSC9_CookieOfAnotherTenant: under its own name or renamed, it is no cookie.
func TestSC9_CookieOfAnotherTenant(t *testing.T) {
	t.Parallel()
	rptest.Both(t, twoTenants, func(t *testing.T, w *rptest.World) {
		b, _ := signedIn(w, ada, "web")
		value := b.Cookie(sessionCookie)
		there := "/acme" + w.Authorize("web", url.Values{"prompt": {"none"}})
		for _, name := range []string{sessionCookie, "__Host-foyer-acme"} {
			thief := w.Browser()
			thief.SetCookie(name, value)
			thief.SetCookie(strings.Replace(name, "default", "acme", 1)+".browser", b.Cookie(browserCookie))
			if got := thief.Get(there).Answer().Get("error"); got != "login_required" {
				t.Errorf("%s of default at acme: error %q", name, got)
			}
		}
		if got := b.Get("/acme/").Body.String(); strings.Contains(got, "Lovelace") {
			t.Error("acme's home page shows the account of default")
		}
	})
}
