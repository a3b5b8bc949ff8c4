package demo_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/demo"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.get("/").want("demo-signed-out")
	b.get("/journey").want("main")

	home := b.signIn("ada@example.com").want("demo-signed-in")
	if home.url.String() != w.demo+"/" {
		t.Errorf("came back to %s", home.url)
	}
	for name, want := range map[string]string{"aud": "demo", "iss": w.Base, "email": "ada@example.com", "form": "a signed JWT (RFC 9068)", "scope": "openid profile email", "amr": "pwd"} {
		if got := home.claim(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if regexp.MustCompile(`eyJ[\w-]+\.eyJ`).MatchString(home.body) || strings.Contains(home.body, "fo_rt_") {
		t.Error("the page holds a token")
	}
	want := []string{"Who are you?", "A click", "Off to Foyer", "At Foyer, in passing", "Back with an answer", "The code for tokens", "Which keys are yours?", "The ID token is checked", "Who is that?", "Signed in here"}
	journey := b.get("/journey").want("demo-journey")
	if d := cmp.Diff(want[1:], journey.hops()); d != "" {
		t.Errorf("journey: %s", d)
	}
	for _, secret := range []string{"fo_rt_[\\w-]{20}", "eyJ[\\w-]{20}", "code_verifier</code></dt><dd><code class=\"value\">[\\w-]{12}", "Basic [\\w=]{20}"} {
		if m := regexp.MustCompile(secret).FindString(journey.body); m != "" {
			t.Errorf("the journey holds a secret: %s", m)
		}
	}

	bye := b.click(home, "demo-sign-out").want("demo-goodbye")
	if bye.url.Path != "/signed-out" || bye.url.Query().Get("logout") != "success" || bye.url.Query().Get("state") == "" {
		t.Errorf("came back to %s", bye.url)
	}
	b.get(bye.url.String()) // again
	if d := cmp.Diff([]string{"A click", "Off to Foyer", "At Foyer, in passing", "Home again"}, b.get("/journey").hops()); d != "" {
		t.Errorf("journey: %s", d)
	}
	b.get("/").want("demo-signed-out")
	b.click(b.get("/"), "demo-sign-in").want("login-password")
}

func TestSingleSignOnAndOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	home := b.signIn("ada@example.com")
	reports := b.click(b.get("/reports/"), "reports-sign-in").want("reports-signed-in") // no screen
	if reports.claim("sid") != home.claim("sid") || reports.claim("aud") != demo.ReportsClientID || home.claim("sid") == "" {
		t.Errorf("sid %q and %q, aud %q", home.claim("sid"), reports.claim("sid"), reports.claim("aud"))
	}
	if got := reports.claim("form"); !strings.HasPrefix(got, "opaque") {
		t.Errorf("access token: %s", got)
	}
	b.click(reports, "reports-sign-out").want("demo-goodbye")
	if p := b.get("/").want("demo-signed-out"); !strings.Contains(p.body, "this sign-in is over") {
		t.Error("the demo does not say why")
	}
	b.get("/reports/").want("reports-signed-out")
}

func TestSignOutEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, desk := w.browser(), w.browser()
	phone.signIn("ada@example.com").want("demo-signed-in")
	p := desk.signIn("ada@example.com").want("demo-signed-in")
	desk.click(p, "demo-everywhere").want("demo-goodbye")
	phone.get("/").want("demo-signed-out")
	phone.click(phone.get("/"), "demo-sign-in").want("login-password")
}

func TestButtons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	if got := b.get("/login?prompt=none").want("demo-journey").hops(); !slices.Contains(got, "Nobody is signed in") {
		t.Errorf("silent check without a session: %v", got)
	}
	home := b.signIn("ada@example.com")
	w.Wait(2 * time.Minute)
	if got := b.click(home, "demo-silent").want("demo-journey").hops(); got[len(got)-1] != "Signed in here" {
		t.Errorf("silent check: %v", got)
	}
	if got := b.click(b.get("/"), "demo-refresh").want("demo-journey").hops(); !cmp.Equal(got, []string{"New tokens for the old"}) {
		t.Errorf("refresh: %v", got)
	}
	again := b.click(b.get("/"), "demo-again").want("login-password")
	b.click(again, "login-submit", "identifier", "ada@example.com", "password", "correct horse battery staple").want("demo-signed-in")
	if raw := b.click(b.get("/"), "demo-raw"); !strings.Contains(raw.body, "eyJ") || raw.header.Get("Cache-Control") != "no-store" {
		t.Error("no raw tokens")
	}
	w.Wait(70 * time.Minute) // the access token is over, the demo refreshes by itself
	b.get("/").want("demo-signed-in")
}

// TestCancel: leaving Foyer's page is access_denied, explained.
func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	login := b.click(b.get("/"), "demo-sign-in")
	if p := b.click(login, "cancel").want("demo-failed"); p.status != http.StatusBadRequest || !strings.Contains(p.body, "access_denied") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAnswersOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.get("/callback?code=x&state=y&iss=" + url.QueryEscape(w.Base)).want("demo-failed")
	b.get("/signed-out?state=invented").want("demo-goodbye")
	if p := b.send(http.MethodPost, "/logout", nil, "Sec-Fetch-Site", "cross-site"); p.status != http.StatusForbidden {
		t.Errorf("signing out from another site: %d", p.status)
	}
	if p := b.get("/raw"); p.url.Path != "/" {
		t.Errorf("raw tokens without a session: %s", p.url)
	}
	if p := b.get(strings.Replace(w.demo, "127.0.0.1", "localhost", 1) + "/journey"); p.url.String() != w.demo+"/" {
		t.Errorf("by Foyer's name the demo has another address: %s", p.url)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.signIn("ada@example.com")
	for _, path := range []string{"/", "/reports/", "/journey", "/raw", "/signed-out", "/callback"} {
		p := b.get(path)
		if got := p.header.Get("Content-Security-Policy"); got != "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+w.Base {
			t.Errorf("%s: %s", path, got)
		}
		if strings.Contains(p.body, "<script") || strings.Contains(p.body, "style=") || strings.Contains(p.body, "<style") {
			t.Errorf("%s has script or style inside", path)
		}
		if p.header.Get("X-Content-Type-Options") != "nosniff" || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, p.header)
		}
	}
	if p := b.get("/assets/demo.css"); p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "text/css") {
		t.Errorf("sheet: %d %s", p.status, p.header.Get("Content-Type"))
	}
}

// TestFoyerIsNotThereYet: the demo starts with Foyer and waits for nobody.
func TestFoyerIsNotThereYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	down, now := true, time.Now
	a, err := demo.New(demo.Options{Issuer: w.Base, Base: w.demo, Clients: demo.Clients(w.demo), Now: now, Transport: transport(func(r *http.Request) (*http.Response, error) {
		if down {
			return nil, http.ErrServerClosed
		}
		return http.DefaultTransport.RoundTrip(r)
	})})
	if err != nil {
		t.Fatal(err)
	}
	if status := serve(t, a, w.demo+"/"); status != http.StatusBadGateway {
		t.Errorf("down: %d", status)
	}
	down = false
	if status := serve(t, a, w.demo+"/"); status != http.StatusOK {
		t.Errorf("up: %d", status)
	}
	for _, o := range []demo.Options{{}, {Issuer: w.Base}, {Issuer: w.Base, Base: w.demo}, {Issuer: w.Base, Base: w.demo + "/", Clients: demo.Clients(w.demo)}} {
		if _, err := demo.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
