package rp_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/rp"
)

// application is a web application on a real listener.
type application struct {
	*httptest.Server
	t     *testing.T
	site  *rp.Site
	store *rp.Memory
	fails chan error
}

func newApplication(t *testing.T, p *provider, change func(*rp.SiteOptions)) *application {
	t.Helper()
	mux := http.NewServeMux()
	a := &application{Server: httptest.NewServer(mux), t: t, store: rp.NewMemory(100, p.clock), fails: make(chan error, 10)}
	t.Cleanup(a.Close)
	c, err := rp.NewClient(p.discover(t), rp.Config{ClientID: "app", ClientSecret: "s", RedirectURI: a.URL + "/callback"})
	if err != nil {
		t.Fatal(err)
	}
	o := rp.SiteOptions{
		Store: a.store, AfterLogout: a.URL + "/bye",
		Failed: func(w http.ResponseWriter, _ *http.Request, err error) {
			a.fails <- err
			http.Error(w, "failed", http.StatusTeapot)
		},
	}
	if change != nil {
		change(&o)
	}
	if a.site, err = rp.NewSite(c, o); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/login", a.site.Login())
	mux.Handle("/callback", a.site.Callback())
	mux.Handle("/logout", a.site.Logout())
	mux.Handle("/fresh", a.site.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := a.site.Fresh(r.Context(), rp.FromContext(r.Context()))
		if err != nil {
			http.Error(w, err.Error(), http.StatusGone)
			return
		}
		_, _ = io.WriteString(w, s.Tokens.AccessToken)
	})))
	mux.Handle("/", a.site.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.RequestURI()+" "+rp.FromContext(r.Context()).Tokens.IDToken.Subject)
	})))
	return a
}

// browser keeps cookies and does not follow redirects by itself.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get returns status, body and the redirect's target.
func (a *application) send(b *http.Client, method, address string, header ...string) (int, string, string) {
	a.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = a.URL + address
	}
	req, err := http.NewRequestWithContext(a.t.Context(), method, address, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header.Get("Location")
}

func (a *application) get(b *http.Client, address string) (int, string, string) {
	a.t.Helper()
	return a.send(b, http.MethodGet, address)
}

// signIn goes through login, provider and callback and returns where it ends.
func (a *application) signIn(b *http.Client, login string) string {
	a.t.Helper()
	_, _, to := a.get(b, login)
	_, _, back := a.get(b, to)
	status, body, end := a.get(b, back)
	if status != http.StatusSeeOther {
		a.t.Fatalf("callback: %d %s", status, body)
	}
	return end
}

func TestSite_InAndOut(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b := browser(t)
	status, _, to := a.get(b, "/page?x=y&z")
	if status != http.StatusSeeOther || to != "/login?return_to=%2Fpage%3Fx%3Dy%26z" {
		t.Fatalf("%d %s", status, to)
	}
	if end := a.signIn(b, to); end != "/page?x=y&z" {
		t.Errorf("came back to %s", end)
	}
	if _, body, _ := a.get(b, "/page?x=y&z"); body != "/page?x=y&z ada" {
		t.Errorf("page: %s", body)
	}
	status, _, to = a.send(b, http.MethodPost, "/logout")
	u, err := url.Parse(to)
	if err != nil || status != http.StatusSeeOther || u.Path != "/endsession" {
		t.Fatalf("%d %s", status, to)
	}
	q := u.Query()
	if strings.Count(q.Get("id_token_hint"), ".") != 2 || q.Get("post_logout_redirect_uri") != a.URL+"/bye" || q.Get("client_id") != "app" {
		t.Errorf("end session request: %v", q)
	}
	if status, _, _ := a.get(b, "/page"); status != http.StatusSeeOther || a.store.Len() != 0 {
		t.Error("still signed in")
	}
	if status, _, to := a.send(b, http.MethodPost, "/logout"); status != http.StatusSeeOther || !strings.Contains(to, "/endsession?client_id=app") {
		t.Errorf("signing out twice: %d %s", status, to)
	}
}

func TestSite_TabsAtOnce(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b := browser(t)
	var answers [8]string
	for i := range answers {
		_, _, to := a.get(b, "/login?return_to=/tab/"+string(rune('a'+i)))
		_, _, answers[i] = a.get(b, to)
		p.change(func() { p.now = p.now.Add(time.Second) })
	}
	// Each of the newest six is answered, in any order, and leads to its own page.
	for _, i := range []int{7, 2, 5, 3, 6, 4} {
		if status, body, to := a.get(b, answers[i]); status != http.StatusSeeOther || to != "/tab/"+string(rune('a'+i)) {
			t.Errorf("tab %d: %d %s %s", i, status, body, to)
		}
	}
	// The oldest two made room; whoever is signed in is led home.
	if status, _, to := a.get(b, answers[0]); status != http.StatusSeeOther || to != "/" {
		t.Errorf("oldest: %d %s", status, to)
	}
	// An answer that comes twice is led home too, and ends nothing.
	if status, _, to := a.get(b, answers[7]); status != http.StatusSeeOther || to != "/" {
		t.Errorf("twice: %d %s", status, to)
	}
	if a.store.Len() != 1 {
		t.Errorf("%d sessions", a.store.Len())
	}
}

// TestSite_CookieBomb: sign-ins that others make a browser begin do not fill its
// Cookie header; servers and proxies refuse more than 8 KiB.
func TestSite_CookieBomb(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b := browser(t)
	u, _ := url.Parse(a.URL)
	for range 20 {
		p.change(func() { p.now = p.now.Add(time.Second) })
		if status, _, _ := a.get(b, "/login?return_to=/"+strings.Repeat("x", 1000)); status != http.StatusSeeOther {
			t.Fatal(status)
		}
		size := 0
		for _, c := range b.Jar.Cookies(u) {
			size += len(c.Name) + len(c.Value)
		}
		if size > 4096 || size == 0 {
			t.Fatalf("%d bytes of cookies", size)
		}
	}
	if end := a.signIn(b, "/login?return_to=/page"); end != "/page" {
		t.Errorf("came back to %s", end)
	}
}

// TestSite_LoginCSRF: an answer planted in another browser, an old one, and one
// whose cookie was changed belong to no request.
func TestSite_LoginCSRF(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	attacker, victim := browser(t), browser(t)
	_, _, to := a.get(attacker, "/login")
	_, _, answer := a.get(attacker, to)
	a.get(victim, "/login")
	if status, _, _ := a.get(victim, answer); status != http.StatusTeapot || !errors.Is(<-a.fails, rp.ErrState) {
		t.Errorf("planted: %d", status)
	}
	p.change(func() { p.now = p.now.Add(25 * time.Hour) })
	if status, _, _ := a.get(attacker, answer); status != http.StatusTeapot || !errors.Is(<-a.fails, rp.ErrState) {
		t.Errorf("a day old: %d", status)
	}
	u, _ := url.Parse(a.URL)
	_, _, to = a.get(victim, "/login")
	_, _, answer = a.get(victim, to)
	a.get(victim, "/login")
	cookies := victim.Jar.Cookies(u) // two requests; each cookie under the other's name
	cookies[0].Value, cookies[1].Value = cookies[1].Value, cookies[0].Value
	for _, c := range cookies {
		c.Path = "/"
	}
	victim.Jar.SetCookies(u, cookies)
	if status, _, _ := a.get(victim, answer); status != http.StatusTeapot || !errors.Is(<-a.fails, rp.ErrState) || a.store.Len() != 0 {
		t.Errorf("moved: %d", status)
	}
}

func TestSite_ReturnTo(t *testing.T) {
	t.Parallel()
	a := newApplication(t, newProvider(t), nil)
	b := browser(t)
	for _, bad := range openRedirects {
		if status, _, to := a.get(b, "/login?"+url.Values{"return_to": {bad}}.Encode()); status != http.StatusBadRequest || to != "" {
			t.Errorf("%q: %d %s", bad, status, to)
		}
	}
	if end := a.signIn(b, "/login"); end != "/" {
		t.Errorf("without: %s", end)
	}
}

var openRedirects = []string{
	"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, `/%5Cevil.example`, "/%2F/evil.example", "/\t/evil.example",
	"/\n/evil.example", " /x", "/ x", "javascript:alert(1)", "evil.example", "/x\\..\\y", "///evil.example", "/\x00", "/é", "/" + strings.Repeat("x", 1024),
}

func TestLocalPath(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/", "/a/b?c=d&e=%C3%A9#f", "/?next=https://app.example.com/", "/a//b"} {
		if !rp.LocalPath(good) {
			t.Errorf("%q is a path of the site", good)
		}
	}
	for _, bad := range append(openRedirects, "") {
		if rp.LocalPath(bad) {
			t.Errorf("%q may lead away", bad)
		}
	}
}

func TestSite_SessionFixation(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b := browser(t)
	u, _ := url.Parse(a.URL)
	session := func() string {
		for _, c := range b.Jar.Cookies(u) {
			if c.Name == "rp-session" {
				return c.Value
			}
		}
		return ""
	}
	a.signIn(b, "/login")
	first := session()
	a.signIn(b, "/login")
	if second := session(); first == "" || first == second || a.store.Len() != 1 {
		t.Errorf("%q, %q, %d sessions", first, second, a.store.Len())
	}
}

func TestSite_WhoIsNotLetThrough(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b := browser(t)
	if status, _, _ := a.send(b, http.MethodPost, "/page"); status != http.StatusUnauthorized {
		t.Errorf("POST: %d", status)
	}
	if status, _, _ := a.send(b, http.MethodGet, "/page", "Sec-Fetch-Mode", "cors"); status != http.StatusUnauthorized {
		t.Errorf("fetch: %d", status)
	}
	a.signIn(b, "/login")
	if status, _, _ := a.get(b, "/logout"); status != http.StatusMethodNotAllowed {
		t.Errorf("signing out by a link: %d", status)
	}
	if status, _, _ := a.send(b, http.MethodPost, "/logout", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("signing out from another site: %d", status)
	}
	if status, _, _ := a.get(b, "/page"); status != http.StatusOK {
		t.Errorf("still signed in: %d", status)
	}
	p.change(func() { p.now = p.now.Add(12 * time.Hour) })
	if status, _, _ := a.get(b, "/page"); status != http.StatusSeeOther {
		t.Errorf("after the session's life: %d", status)
	}
}

func TestSite_Fresh(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b := browser(t)
	a.signIn(b, "/login")
	var once sync.Once
	p.token = func(w http.ResponseWriter, form url.Values) bool {
		fresh := false
		once.Do(func() { fresh = form.Get("grant_type") == "refresh_token" })
		if !fresh {
			t.Errorf("a second request: %v", form)
		}
		p.json(w, 200, map[string]any{"access_token": "second", "token_type": "Bearer", "expires_in": 3600})
		return true
	}
	if _, body, _ := a.get(b, "/fresh"); body != "the-access-token" {
		t.Errorf("before it is due: %s", body)
	}
	p.change(func() { p.now = p.now.Add(59*time.Minute + time.Second) })
	var g sync.WaitGroup
	for range 16 {
		g.Go(func() {
			if _, body, _ := a.get(b, "/fresh"); body != "second" {
				t.Errorf("due: %s", body)
			}
		})
	}
	g.Wait()
	p.change(func() {
		p.now = p.now.Add(time.Hour)
		p.token = func(w http.ResponseWriter, _ url.Values) bool {
			p.json(w, 400, map[string]string{"error": "invalid_grant"})
			return true
		}
	})
	if status, body, _ := a.get(b, "/fresh"); status != http.StatusGone || !strings.Contains(body, rp.ErrNoSession.Error()) || a.store.Len() != 0 {
		t.Errorf("after the provider ended it: %d %s", status, body)
	}
}

func TestSite_CookiesAndAnswers(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c, err := rp.NewClient(p.discover(t), rp.Config{ClientID: "app", RedirectURI: "https://app.example.com/callback"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := rp.NewSite(c, rp.SiteOptions{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	site.Login().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/login?return_to=/secret-page", nil))
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	k := cookies[0]
	if !strings.HasPrefix(k.Name, "__Host-shop-request-") || !k.Secure || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.MaxAge != 86400 {
		t.Errorf("%+v", k)
	}
	if strings.Contains(k.Value, "secret") || w.Header().Get("Cache-Control") != "no-store" {
		t.Error("readable, or stored by caches")
	}
	w = httptest.NewRecorder()
	site.Callback().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/callback?state=x&code=y", nil))
	if w.Code != http.StatusBadRequest || w.Header().Get("Referrer-Policy") != "no-referrer" || !strings.Contains(w.Body.String(), "begin again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, o := range []rp.SiteOptions{{Key: make([]byte, 31)}, {Name: "a;b"}, {LoginPath: "https://evil.example"}, {AfterLogin: "//evil.example"}} {
		if _, err := rp.NewSite(c, o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestSite_SignedIn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	no := errors.New("not a member")
	a := newApplication(t, p, func(o *rp.SiteOptions) { o.SignedIn = func(*http.Request, *rp.Session) error { return no } })
	b := browser(t)
	_, _, to := a.get(b, "/login")
	_, _, back := a.get(b, to)
	if status, _, _ := a.get(b, back); status != http.StatusTeapot || !errors.Is(<-a.fails, no) || a.store.Len() != 0 {
		t.Errorf("%d", status)
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	m := rp.NewMemory(2, func() time.Time { return now })
	make := func(id string) *rp.Session {
		return &rp.Session{ID: id, Expires: now.Add(time.Minute), Values: map[string]string{"a": "b"}}
	}
	ctx := t.Context()
	for _, id := range []string{"1", "2"} {
		if err := m.Create(ctx, make(id)); err != nil {
			t.Fatal(err)
		}
	}
	one, err := m.Load(ctx, "1") // used: 2 is now the oldest
	if err != nil {
		t.Fatal(err)
	}
	one.Values["a"] = "changed"
	if again, _ := m.Load(ctx, "1"); again.Values["a"] != "b" {
		t.Error("a loaded session is not a copy")
	}
	_ = m.Create(ctx, make("3"))
	if _, err := m.Load(ctx, "2"); !errors.Is(err, rp.ErrNoSession) || m.Len() != 2 {
		t.Errorf("the one not used for longest stayed: %v, %d", err, m.Len())
	}
	if err := m.Update(ctx, one); err != nil {
		t.Error(err)
	}
	if again, _ := m.Load(ctx, "1"); again.Values["a"] != "changed" {
		t.Error("not updated")
	}
	_ = m.Delete(ctx, "1")
	if err := m.Update(ctx, one); !errors.Is(err, rp.ErrNoSession) {
		t.Errorf("an ended session came back: %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := m.Load(ctx, "3"); !errors.Is(err, rp.ErrNoSession) || m.Len() != 0 {
		t.Errorf("an expired session: %v, %d", err, m.Len())
	}
}
