package proof

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// everyAnswer asks every path with every method, bare and with a request that
// leads somewhere, signed in and not.
func everyAnswer(t *testing.T, w *rptest.World, fn func(what string, rec *httptest.ResponseRecorder)) {
	t.Helper()
	b, _ := signedIn(w, ada, "web")
	cookie := sessionCookie + "=" + b.Cookie(sessionCookie)
	sealed := strings.TrimPrefix(b.Get(w.Authorize("web", url.Values{"prompt": {"login"}, "max_age": {"0"}})).Location(), "/login?r=")
	queries := []string{"", "?r=" + sealed, "?r=broken", strings.TrimPrefix(w.Authorize("web", nil), "/authorize"),
		strings.TrimPrefix(w.Authorize("third", url.Values{"response_mode": {"form_post"}}), "/authorize"),
		"?client_id=nobody", "?client_id=web&redirect_uri=https%3A%2F%2Fevil.example%2F"}
	list := []string{"/healthz", "/readyz", "/metrics", "/nothing", "/acme/login", "//evil.example/", "/login/../token"}
	for _, r := range w.Server.Routes {
		list = append(list, paths(r)...)
	}
	for _, path := range list {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			for i, q := range queries {
				for _, c := range []string{"", cookie} {
					header := []string{"Accept", "text/html", "Origin", w.Base, "Sec-Fetch-Site", "same-origin"}
					if c != "" && !(path == "/endsession" || strings.Contains(path, "end")) { // those would end it
						header = append(header, "Cookie", c)
					}
					r := request(w, method, "/", strings.TrimPrefix(q, "?"), header...)
					r.URL.Path, r.URL.RawQuery = path, strings.TrimPrefix(q, "?")
					if method == "POST" {
						r.URL.RawQuery = ""
					}
					fn(method+" "+path+" #"+string(rune('0'+i)), w.Do(r))
				}
			}
		}
	}
}

// directives of a Content-Security-Policy.
func directives(t *testing.T, policy string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, d := range strings.Split(policy, ";") {
		f := strings.Fields(d)
		if len(f) == 0 {
			t.Errorf("empty directive in %q", policy)
			continue
		}
		if _, dup := out[f[0]]; dup {
			t.Errorf("%s twice in %q", f[0], policy)
		}
		out[f[0]] = f[1:]
	}
	return out
}

func TestHD2_HD3_HD4_EveryAnswerHasItsHeaders(t *testing.T) {
	t.Parallel()
	w := world(t)
	pages, seen := 0, map[string]bool{}
	everyAnswer(t, w, func(what string, rec *httptest.ResponseRecorder) {
		h := rec.Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(h.Get("Strict-Transport-Security"), "max-age=31536000") {
			t.Errorf("%s: nosniff %q, HSTS %q", what, h.Get("X-Content-Type-Options"), h.Get("Strict-Transport-Security"))
		}
		if h.Get("Server") != "" || h.Get("X-Powered-By") != "" {
			t.Errorf("%s says what serves it", what)
		}
		if rec.Code >= 500 && rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", what, rec.Code, rec.Body)
		}
		if !strings.HasPrefix(h.Get("Content-Type"), "text/html") {
			return
		}
		pages++
		checkPage(t, what, rec, seen)
	})
	if pages < 100 {
		t.Errorf("only %d pages seen", pages)
	}
}

func checkPage(t *testing.T, what string, rec *httptest.ResponseRecorder, nonces map[string]bool) {
	t.Helper()
	h := rec.Header()
	d := directives(t, h.Get("Content-Security-Policy"))
	deny := "DENY"
	if strings.Contains(what, "/checksession ") && rec.Code == http.StatusOK {
		// The one page that applications frame: their origins, and nobody else's.
		if s := strings.Join(d["frame-ancestors"], " "); s != "http://127.0.0.1 https://app.example.com" {
			t.Errorf("%s: frame-ancestors %q", what, s)
		}
		d["frame-ancestors"], deny = []string{"'none'"}, ""
	}
	want := map[string]string{"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "style-src": "'self'", "img-src": "'self'"}
	for name, value := range want {
		if strings.Join(d[name], " ") != value {
			t.Errorf("%s: %s is %v", what, name, d[name])
		}
	}
	if s := d["script-src"]; len(s) != 1 || !strings.HasPrefix(s[0], "'nonce-") || nonces[s[0]] {
		t.Errorf("%s: script-src %v, want a fresh nonce", what, s)
	} else {
		nonces[s[0]] = true
	}
	for _, s := range d["form-action"] {
		if s != "'self'" && s != "'none'" && s != "https:" {
			t.Errorf("%s: form-action %v", what, d["form-action"])
		}
	}
	referrer := "no-referrer"
	elements(t, rec.Body.String(), func(n *html.Node) {
		if method, _ := attribute(n, "method"); n.Data == "form" && method == "post" {
			referrer = "same-origin"
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			}
		}
		if n.Data == "style" || n.Data == "iframe" || n.Data == "base" || n.Data == "object" {
			t.Errorf("%s: <%s>", what, n.Data)
		}
		if n.Data == "meta" {
			if equiv, ok := attribute(n, "http-equiv"); ok {
				t.Errorf("%s: <meta http-equiv=%q>", what, equiv)
			}
		}
	})
	if h.Get("Referrer-Policy") != referrer && rec.Body.Len() > 0 {
		t.Errorf("%s: Referrer-Policy %q, want %q", what, h.Get("Referrer-Policy"), referrer)
	}
	for name, value := range map[string]string{"X-Frame-Options": deny, "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
		if h.Get(name) != value {
			t.Errorf("%s: %s is %q", what, name, h.Get(name))
		}
	}
	if h.Get("Permissions-Policy") == "" {
		t.Errorf("%s: no Permissions-Policy", what)
	}
}

// TestHD1_CrossOriginPostsAreRefused: on every screen, whatever it is about,
// and nothing has happened after it.
func TestHD1_CrossOriginPostsAreRefused(t *testing.T) {
	t.Parallel()
	w := world(t)
	b, _ := signedIn(w, ada, "web")
	cookie := sessionCookie + "=" + b.Cookie(sessionCookie)
	out := b.Get("/endsession")
	var sealed string
	elements(t, out.Body.String(), func(n *html.Node) {
		if name, _ := attribute(n, "name"); name == "r" {
			sealed, _ = attribute(n, "value")
		}
	})
	body := url.Values{"r": {sealed}, "identifier": {bob}, "password": {rptest.Password}, "scope": {"everywhere"}}.Encode()
	forgeries := map[string][]string{
		"another site":             {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Cookie", cookie},
		"a sibling":                {"Origin", "https://blog.example.com", "Sec-Fetch-Site", "same-site", "Cookie", cookie},
		"an old browser":           {"Origin", "https://evil.example", "Cookie", cookie},
		"a prefix":                 {"Origin", w.Base + ".evil.example", "Cookie", cookie},
		"a sandbox":                {"Origin", "null", "Cookie", cookie},
		"a sandbox that navigates": {"Origin", "null", "Sec-Fetch-Site", "none", "Cookie", cookie},
		"a sandbox elsewhere":      {"Origin", "null", "Sec-Fetch-Site", "cross-site", "Cookie", cookie},
		"a forged Origin":          {"Origin", w.Base, "Sec-Fetch-Site", "cross-site", "Cookie", cookie},
		"no headers with a cookie": {"Cookie", cookie},
		"login CSRF":               {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"login CSRF of a sibling":  {"Origin", "https://blog.example.com", "Sec-Fetch-Site", "same-site"},
	}
	screens := 0
	for _, route := range w.Server.Routes {
		if !route.Screen {
			continue
		}
		for _, path := range paths(route) {
			screens++
			for name, header := range forgeries {
				rec := w.Do(request(w, http.MethodPost, path, body, header...))
				if rec.Code != http.StatusForbidden || len(rec.Result().Cookies()) > 0 || rec.Header().Get("Location") != "" {
					t.Errorf("POST %s from %s: %d, cookies %v, Location %q", path, name, rec.Code, rec.Result().Cookies(), rec.Header().Get("Location"))
				}
			}
		}
	}
	if screens < 5 {
		t.Errorf("only %d screens", screens)
	}
	if !isSignedIn(w, b, "web") {
		t.Error("a forged post ended the session")
	}
	// A program without cookies that sends neither header is no forgery.
	if rec := w.Do(request(w, http.MethodPost, "/login", "identifier=x&password=y")); rec.Code != http.StatusUnauthorized {
		t.Errorf("a post without headers and cookie: %d", rec.Code)
	}
}

// TestHD5_BrandingReachesNoScript: a look that never met its check (stored by
// an older release, say) still adds nothing to the page but itself.
func TestHD5_BrandingReachesNoScript(t *testing.T) {
	t.Parallel()
	w := world(t)
	shape := func(page string) (out string) {
		elements(t, page, func(n *html.Node) { out += n.Data + " " })
		return out
	}
	var plain string
	for i, payload := range []string{"", `"><script>alert(1)</script>`, `javascript:alert(1)`, `data:text/html,<script>1</script>`,
		`https://evil.example/x.svg" onerror="alert(1)`, `//evil.example/x.png`, `https://evil.example;script-src *`, `red;}</style><script>1</script>`,
		`body{background:url(https://evil.example/?)}`, `@import "https://evil.example/x.css";`, `\75rl(https://evil.example)`,
		`input[value^="a"]{background:image-set("https://evil.example/a" 1x)}`, "a\r\nSet-Cookie: x=y"} {
		all, err := w.Server.Store.Tenants(t.Context())
		must(t, err)
		tenant := all[0]
		tenant.DisplayName = payload
		s := &tenant.Settings.Branding
		s.LogoURL, s.Accent, s.Background, s.CSS = payload, payload, payload, payload
		must(t, w.Server.Store.PutTenant(t.Context(), tenant, audit.Event{Kind: audit.TenantUpdated}))
		w.Server.Directory.Invalidate()
		p := w.Browser().Get("/login")
		if p.Status() != http.StatusOK {
			t.Fatalf("%q: %d", payload, p.Status())
		}
		if i == 0 {
			plain = shape(p.Body.String())
			continue
		}
		if got := strings.ReplaceAll(strings.ReplaceAll(shape(p.Body.String()), "link ", ""), "img ", "svg "); !strings.HasPrefix(got, strings.ReplaceAll(plain, "link ", "")[:20]) {
			t.Errorf("%q changes the page to %s", payload, got)
		}
		elements(t, p.Body.String(), func(n *html.Node) { branded(t, w, payload, n) })
		checkBrandPolicy(t, payload, p.Header().Get("Content-Security-Policy"))
		if p.Header().Get("Set-Cookie") != "" {
			t.Errorf("%q sets a cookie", payload)
		}
	}
}

func branded(t *testing.T, w *rptest.World, payload string, n *html.Node) {
	t.Helper()
	src, hasSrc := attribute(n, "src")
	switch {
	case n.Data == "script" && (!hasSrc || !strings.HasPrefix(src, "/assets/")):
		t.Errorf("%q makes a script %q", payload, src)
	case n.Data == "img" && !strings.HasPrefix(src, "https://") && !strings.HasPrefix(src, "/assets/"):
		t.Errorf("%q makes an image %q", payload, src)
	case n.Data == "link":
		href, _ := attribute(n, "href")
		if rel, _ := attribute(n, "rel"); rel != "stylesheet" {
			return
		}
		css := w.Browser().Get(href).Body.String()
		for _, bad := range []string{"url(", "@import", "image-set", "<script", "\\"} {
			if strings.Contains(css, bad) {
				t.Errorf("%q: %s contains %s", payload, href, bad)
			}
		}
	}
}

func checkBrandPolicy(t *testing.T, payload, policy string) {
	t.Helper()
	d := directives(t, policy)
	if len(d["script-src"]) != 1 || !strings.HasPrefix(d["script-src"][0], "'nonce-") || d["default-src"][0] != "'none'" {
		t.Errorf("%q: policy %q", payload, policy)
	}
	for _, s := range d["img-src"] {
		if s != "'self'" && s != "https://evil.example" { // an https logo is the operator's to choose
			t.Errorf("%q: img-src %q", payload, s)
		}
	}
}

func TestHD6_CORSOnNoPageAndForNoStranger(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, strings.Replace(twoTenants, "https://app.example.com/callback]\n    post", "https://app.example.com/callback, https://acme-app.example.com/cb]\n    post", 1), rptest.Options{})
	strangers := []string{"null", "https://evil.example", "https://app.example.com.evil.example", "https://evil-app.example.com", "https://evilapp.example.com",
		"http://app.example.com", "https://app.example.com:8443", "https://APP.example.com", "https://app.example.com/", "https://app.example.com@evil.example",
		"https://sub.app.example.com", "file://", "https://app.example.com https://evil.example", "*", "https://xn--pp-example"}
	for _, route := range w.Server.Routes {
		for _, path := range paths(route) {
			for _, method := range []string{"GET", "POST", "OPTIONS"} {
				for _, origin := range append(strangers, "https://app.example.com") {
					rec := w.Do(request(w, method, path, "", "Origin", origin, "Access-Control-Request-Method", "POST"))
					h := rec.Header()
					allowed := h.Get("Access-Control-Allow-Origin")
					if h.Get("Access-Control-Allow-Credentials") != "" {
						t.Errorf("%s %s: credentials", method, path)
					}
					document := strings.Contains(path, ".well-known") || path == "/login/jwk"
					switch {
					case route.Screen || strings.Contains(path, "authorize") || strings.Contains(path, "end") || path == "/auth-ui/logout":
						if allowed != "" {
							t.Errorf("%s %s for %s: %q on a page", method, path, origin, allowed)
						}
					case document && method != "POST":
						if allowed != "*" {
							t.Errorf("%s %s: %q, want *", method, path, allowed)
						}
					case origin != "https://app.example.com" && allowed != "":
						t.Errorf("%s %s for %s: %q", method, path, origin, allowed)
					}
				}
			}
		}
	}
	if got := w.Do(request(w, "OPTIONS", "/token", "", "Origin", "https://app.example.com")).Header(); got.Get("Access-Control-Allow-Origin") != "https://app.example.com" || got.Get("Vary") == "" {
		t.Errorf("the application's own origin: %v", got)
	}
}

// TestHD8_ErrorsSayNothingOfUs: whatever is sent, on both databases, no answer
// is a 500, shows a stack or a version, or returns markup as it came.
func TestHD8_ErrorsSayNothingOfUs(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b, tokens := signedIn(w, ada, "web")
		garbage := []string{"\x00", "\xff\xfe", "<script>alert(1)</script>", `"'><img src=x onerror=alert(1)>`, strings.Repeat("é", 3000), "%s%d%n", "' OR 1=1 --",
			"a\r\nX-Injected: 1", "\u202eabc", "[]", "{\"a\":", "-1", "99999999999999999999", "fo_rt_", "eyJhbGciOiJub25lIn0.e30.", tokens.Get("access_token") + "x"}
		names := []string{"client_id", "redirect_uri", "state", "nonce", "scope", "prompt", "max_age", "claims", "ui_locales", "login_hint", "acr_values", "resource",
			"id_token_hint", "request", "r", "identifier", "password", "grant_type", "code", "refresh_token", "token", "client_secret", "code_verifier", "response_mode",
			"response_type", "code_challenge", "email", "given_name", "lang", "post_logout_redirect_uri", "logout_hint", "asked", "choice", "action", "display"}
		turn := 0
		for _, route := range w.Server.Routes {
			for _, method := range []string{"GET", "POST"} {
				for _, name := range names {
					for i, g := range garbage {
						if turn++; turn%5 != 0 { // every name with every route, every fifth value
							continue
						}
						v := url.Values{"client_id": {"web"}, "redirect_uri": {rptest.Callback}, "response_type": {"code"}, "grant_type": {"authorization_code"}, "code": {"x"}, "token": {"x"}}
						v.Set(name, g)
						harmless(t, w, b, method, route.Path, name, v, i)
					}
				}
			}
		}
	})
}

func harmless(t *testing.T, w *rptest.World, b *rptest.Browser, method, path, name string, v url.Values, i int) {
	t.Helper()
	header := []string{"Accept", "text/html", "Origin", w.Base, "Sec-Fetch-Site", "same-origin"}
	if i%2 == 0 && !strings.Contains(path, "end") && path != "/signout" {
		header = append(header, "Cookie", sessionCookie+"="+b.Cookie(sessionCookie))
	}
	if path == "/token" || path == "/revoke" || path == "/introspect" {
		v.Del("client_id")
		header = append(header, "Authorization", "Basic d2ViOg==")
	}
	if i%3 == 0 {
		header = append(header, "User-Agent", v.Get(name), "Accept-Language", v.Get(name), "Authorization", v.Get(name))
	}
	r := request(w, method, path, v.Encode(), header...)
	if method == "GET" {
		r.URL.RawQuery = v.Encode()
	}
	rec := w.Do(r)
	body := rec.Body.String()
	if rec.Code >= 500 {
		t.Errorf("%s %s with %s=%.40q: %d", method, path, name, v.Get(name), rec.Code)
	}
	for _, bad := range []string{"<script>alert", "<img src=x", "goroutine ", ".go:", "panic", "sqlstore", "SELECT ", "go1."} {
		if strings.Contains(body, bad) {
			t.Errorf("%s %s with %s=%.40q shows %q", method, path, name, v.Get(name), bad)
		}
	}
	if rec.Header().Get("X-Injected") != "" {
		t.Errorf("%s %s with %s: header injected", method, path, name)
	}
}

// TestHD8_AnyUserAgentSignsIn: what is kept of a browser is text, however it was
// sent and wherever it is cut.
func TestHD8_AnyUserAgentSignsIn(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		for _, agent := range []string{"\xff\xfe", "Mozilla \xe9", strings.Repeat("é", 299) + "x", "x" + strings.Repeat("é", 299), strings.Repeat("\U0001f98a", 100)} {
			b := w.Browser()
			b.Header.Set("User-Agent", agent)
			if p := login(w, b, ada, rptest.Password); p.Status() != http.StatusSeeOther {
				t.Errorf("%.12q: %d", agent, p.Status())
			}
		}
	})
}
