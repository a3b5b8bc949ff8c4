package screens

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
)

func TestOverrides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // in the login page
		wrong string // in the error
	}{
		{"a page is replaced", map[string]string{"login.html": `{{define "title"}}x{{end}}{{define "main"}}<h1>{{$.T "sign_in.title"}} to {{.Brand.Name}}!</h1>{{end}}`}, "<h1>Sign in to Northwind!</h1>", ""},
		{"the layout is replaced", map[string]string{"layout.html": `<!doctype html><p>mine {{template "title" .}}`}, "<p>mine Sign in", ""},
		{"other files are left alone", map[string]string{"README.md": "x"}, "<h1>Sign in</h1>", ""},
		{"a name that replaces nothing", map[string]string{"singin.html": "x"}, "", "singin.html"},
		{"a template that does not parse", map[string]string{"login.html": "{{if}}"}, "", "login.html"},
		{"a template that cannot be escaped", map[string]string{"login.html": `{{define "title"}}x{{end}}{{define "main"}}<a href="{{if .App}}x{{else}}"{{end}}>{{end}}`}, "", "login.html"},
		{"a sentence that does not exist", map[string]string{"login.html": `{{define "title"}}x{{end}}{{define "main"}}{{with .App}}{{template "rich" ($.Parts "no.such" "a" 1)}}{{else}}{{.T "sign_in.title"}}{{end}}{{end}}`}, "", `"no.such"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := fstest.MapFS{}
			for name, content := range c.files {
				dir[name] = &fstest.MapFile{Data: []byte(content)}
			}
			r, err := NewRenderer(Options{OverrideDir: dir})
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("error %v, want one that names %s", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if source, _ := render(t, r, LoginPage{Common: common(t, "en", plainly)}); !strings.Contains(source, c.want) {
				t.Errorf("no %q in:\n%s", c.want, source)
			}
		})
	}
}

func TestRenderFailsWhole(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	var b bytes.Buffer
	if err := r.Render(&b, HomePage{}); err == nil || b.Len() != 0 {
		t.Errorf("a page without a locale: error %v, %d bytes written", err, b.Len())
	}
	if err := r.Render(broken{}, HomePage{Common: common(t, "en", plainly)}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the writer's error is lost: %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Spec sign-in §3: under 60 KB on first load, everything together.
func TestFirstLoadIsSmall(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	static := 0
	for _, name := range []string{"foyer.css", "foyer.js", "icon.svg"} { // what layout.html links
		static += len(assets[name].content)
	}
	for _, f := range fixtures(common(t, "fr", plainly), plainly) {
		source, _ := render(t, r, f.page)
		if total := static + len(source) + maxBrandCSS + 6<<10; total > 60<<10 { // with the largest theme and sealed request
			t.Errorf("%s: %d bytes", f.name, total)
		}
	}
}

func TestAssetsAreServedForever(t *testing.T) {
	t.Parallel()
	get := func(method, target string) *http.Response {
		w := httptest.NewRecorder()
		Assets().ServeHTTP(w, httptest.NewRequest(method, target, nil))
		return w.Result()
	}
	for name, media := range map[string]string{"foyer.css": "text/css; charset=utf-8", "foyer.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"} {
		for _, base := range []string{"/", "/acme/"} {
			res := get("GET", base+AssetPath(name))
			body, err := io.ReadAll(res.Body)
			if err != nil || !bytes.Equal(body, assets[name].content) {
				t.Errorf("%s: wrong content (%v)", name, err)
			}
			h := res.Header
			if h.Get("Content-Type") != media || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v", name, h)
			}
		}
	}
	if res := get("GET", "/assets/foyer.0000000000000000.css"); res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("a name of another version: %d %s", res.StatusCode, res.Header.Get("Cache-Control"))
	}
	if res := get("HEAD", "/"+AssetPath("foyer.css")); res.ContentLength <= 0 {
		t.Error("HEAD without a length")
	}
	for _, missing := range []string{"/assets/", "/assets/foyer.css", "/assets/x.0000000000000000.css", "/assets/..%2f..%2fdoc.go"} {
		if res := get("GET", missing); res.StatusCode != 404 {
			t.Errorf("%s: %d", missing, res.StatusCode)
		}
	}
	if AssetPath("no.such") != "" || ThemePath(nil) != "" {
		t.Error("a path for nothing")
	}
}

func TestThemeIsServedAndLinked(t *testing.T) {
	t.Parallel()
	css := ThemeCSS(Brand{Accent: "#0a7"})
	c := common(t, "en", plainly)
	c.ThemePath = ThemePath(css)
	source, _ := render(t, newRenderer(t), ExpiredRequestPage{Common: c})
	if !strings.Contains(source, `<link rel="stylesheet" href="/acme/`+c.ThemePath+`">`) {
		t.Errorf("the theme is not linked:\n%s", source)
	}
	w := httptest.NewRecorder()
	ServeTheme(w, httptest.NewRequest("GET", "/acme/"+c.ThemePath, nil), css)
	if w.Body.String() != string(css) || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(path.Base(c.ThemePath), "theme.") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   Person
		want string
	}{
		{Person{Name: "Ada Lovelace"}, "AL"}, {Person{Name: "ada king-noel"}, "AN"}, {Person{Name: "Ada"}, "A"},
		{Person{Identifier: "grace.hopper@example.com"}, "G"}, {Person{Identifier: "+44 7700 900123"}, "•"}, {Person{}, "•"},
		{Person{Name: "ليلى حسن"}, "ل"}, {Person{Name: "山田 太郎"}, "山"}, {Person{Name: "Élodie Œuvrard"}, "ÉŒ"},
	} {
		if got := c.in.Initials(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWordsFitTheCase(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	c := common(t, "en", plainly)
	for _, f := range []struct {
		name       string
		page       Page
		has, lacks string
	}{
		{"a person who is asked again is not told that an address was wrong", LoginPage{Common: c, Fixed: &Person{Identifier: "a@b"}, Notice: NoticeWrongPair}, "That password isn’t right", "e-mail"},
		{"a phone tenant speaks of numbers", LoginPage{Common: c, Kind: IdentifierPhone, Notice: NoticeWrongPair}, "That mobile number", "e-mail"},
		{"a wait is rounded up", LoginPage{Common: c, Notice: NoticeThrottled, RetryAfter: 61 * time.Second}, "Wait 2 minutes", ""},
		{"a wait is at least a minute", LoginPage{Common: c, Notice: NoticeThrottled}, "Wait a minute", ""},
		{"a short wait is in seconds", RateLimitedPage{Common: c, RetryAfter: 1500 * time.Millisecond}, "Wait 2 seconds", ""},
		{"the rejected address is not shown", SignedOutPage{Common: c, ReturnRejected: true}, "was not accepted", `id="return"`},
		{"the host of a self-registered client is shown", SignedOutPage{Common: c, ReturnURL: "https://app.example:8443/x"}, "app.example:8443", ""},
		{"a private-use scheme is a way home", SignedOutPage{Common: c, ReturnURL: "com.example.app:/x"}, `href="com.example.app:/x"`, ""},
		{"one device is not counted", LogoutConfirmPage{Common: c, Devices: 1}, "Sign out everywhere<", "device)"},
		{"everywhere is first when preselected", LogoutConfirmPage{Common: c, Devices: 2, Everywhere: true}, `<button id="logout-everywhere" name`, `<button id="logout-confirm" name`},
		{"an operator's field has the operator's label", RegisterPage{Common: c, Fields: []Field{{Name: "badge", Label: "Badge"}}}, "<bdi>Badge</bdi>", ""},
		{"a field without a label has its name", RegisterPage{Common: c, Fields: []Field{{Name: "shoe_size"}}}, "<bdi>shoe_size</bdi>", ""},
		{"an unknown code is explained by its status", ErrorPage{Common: c, Status: 400, Code: "odd"}, "This request doesn’t work", ""},
		{"what a person reads of an unknown client names no parameter", ErrorPage{Common: c, Status: 403, Code: "unknown_client"}, "show them the lines below", "client_id"},
		{"a short password is told once how long it has to be", RegisterPage{Common: c, MinPassword: 15, PasswordError: i18n.WrongPasswordShort}, "Use at least 15", "At least 15"},
		{"405 has no page of its own", ErrorPage{Common: c, Status: 405}, "There is no page here", ""},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			source, _ := render(t, r, f.page)
			if !strings.Contains(source, f.has) || f.lacks != "" && strings.Contains(source[strings.Index(source, "<h1"):], f.lacks) {
				t.Errorf("want %q, not %q, in:\n%s", f.has, f.lacks, source)
			}
		})
	}
}

func BenchmarkLoginPage(b *testing.B) {
	r := newRenderer(b)
	p := LoginPage{Common: common(b, "en", plainly), App: "Orders", Identifier: "ada@example.com", Request: strings.Repeat("x", 700), Remember: true, ForgotURL: "forgot-password", RegisterURL: "register"}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Render(io.Discard, p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSentence(b *testing.B) {
	l := i18n.Offered([]string{"en"})[0]
	for b.Loop() {
		_ = l.T(i18n.SignInTitle)
	}
}

// The sealed request may have 6 KiB and the menu 27 languages: once is enough.
func TestLanguageMenuKeepsTheRequestOnce(t *testing.T) {
	t.Parallel()
	c := common(t, "fr", plainly)
	sealed := strings.Repeat("s", 6<<10)
	for i := range c.Locales {
		c.Locales[i].Href = "/acme/login?lang=" + c.Locales[i].Tag + "&r=" + sealed + "&%zz=1&prompt=a%20b&"
	}
	source, doc := render(t, newRenderer(t), ErrorPage{Common: c})
	if n := strings.Count(source, sealed); n != 1 {
		t.Errorf("the sealed request is there %d times", n)
	}
	got := map[string]string{}
	for _, n := range elements(doc) {
		if name, ok := attr(n, "name"); ok && (n.Data == "input" || n.Data == "button") {
			value, _ := attr(n, "value")
			_, current := attr(n, "aria-current")
			if current != (value == "fr") {
				t.Errorf("%s is current: %v", value, current)
			}
			got[name] += value + " "
		}
	}
	if got["r"] != sealed+" " || got["prompt"] != "a b " || got["lang"] != "ar en fr " && got["lang"] != "en fr ar " || len(got) != 3 {
		t.Errorf("the menu sends %d names, lang %q", len(got), got["lang"])
	}
}
