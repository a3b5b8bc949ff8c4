package screens

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// shape is the element tree with its attribute names, without any value.
func shape(doc *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node, int)
	walk = func(n *html.Node, depth int) {
		if n.Type == html.ElementNode {
			b.WriteString(strings.Repeat(" ", depth) + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key)
			}
			b.WriteByte('\n')
		}
		for c := range n.ChildNodes() {
			walk(c, depth+1)
		}
	}
	walk(doc, 0)
	return b.String()
}

// AZ11 and E16: whatever was written into a field, the parsed page has the
// same elements and attributes, no script but ours, no handler (CVE-2018-14655).
func TestAZ11_PolyglotsChangeNoElement(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, tag := range []string{"en", "ar"} {
		plain := fixtures(common(t, tag, plainly), plainly)
		for i := range polyglots {
			v := polyglot(i)
			for j, f := range fixtures(common(t, tag, v), v) {
				_, want := render(t, r, plain[j].page)
				_, got := render(t, r, f.page)
				if shape(got) != shape(want) {
					t.Errorf("%s/%s: another tree with %q:\n%s\nwant:\n%s", tag, f.name, polyglots[i], shape(got), shape(want))
				}
				for _, n := range elements(got) {
					checkInert(t, n)
				}
			}
		}
	}
}

// AZ11: hidden values arrive as they were, so that state is echoed byte for byte.
func TestAZ11_ValuesSurviveTheForm(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, p := range polyglots {
		if strings.Contains(p, "\x00") || strings.Contains(p, "\x80") {
			continue // not representable in HTML; the parser of parameters refuses them
		}
		_, doc := render(t, r, FormPostPage{Common: common(t, "en", plainly), Action: "https://app.example/cb", Fields: []Param{{"state", p}}})
		for _, n := range elements(doc) {
			if name, _ := attr(n, "name"); name == "state" {
				if got, _ := attr(n, "value"); got != p {
					t.Errorf("state %q became %q", p, got)
				}
			}
		}
	}
}

// AZ11: addresses that run are links nowhere.
func TestAZ11_NoPageLinksToScript(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	c := common(t, "en", plainly)
	for _, bad := range []string{"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:x"} {
		c.PrivacyURL, c.TermsURL, c.Brand.LogoURL = bad, bad, bad
		c.Locales[0].Href = bad
		for _, p := range []Page{
			SignedOutPage{Common: c, ReturnURL: bad}, SignedOutPage{Common: c, HomeURL: bad}, StillSignedInPage{Common: c, HomeURL: bad},
			ErrorPage{Common: c, HomeURL: bad}, RateLimitedPage{Common: c, RetryURL: bad}, FormPostPage{Common: c, Action: bad},
			LoginPage{Common: c, RegisterURL: bad, ForgotURL: bad}, HomePage{Common: c, SignInURL: bad},
		} {
			_, doc := render(t, r, p)
			for _, n := range elements(doc) {
				checkInert(t, n)
				for _, a := range n.Attr {
					if a.Val == bad {
						t.Errorf("%s: <%s %s=%q>", p.file(), n.Data, a.Key, a.Val)
					}
				}
			}
		}
	}
}

func TestPW8_PasswordFields(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	c := common(t, "en", plainly)
	for _, f := range []struct {
		page Page
		id   string
		want map[string]string
	}{
		{LoginPage{Common: c}, "login-password", map[string]string{"type": "password", "name": "password", "autocomplete": "current-password"}},
		{LoginPage{Common: c}, "login-identifier", map[string]string{"type": "email", "inputmode": "email", "autocomplete": "username webauthn"}},
		{LoginPage{Common: c, Kind: IdentifierPhone}, "login-identifier", map[string]string{"type": "tel", "inputmode": "tel", "autocomplete": "username webauthn"}},
		{LoginPage{Common: c, Kind: IdentifierEither}, "login-identifier", map[string]string{"type": "text", "autocomplete": "username webauthn"}},
		{LoginPage{Common: c, Fixed: &Person{Identifier: "a@b.example"}}, "login-identifier", map[string]string{"value": "a@b.example", "autocomplete": "username"}},
		{RegisterPage{Common: c, MinPassword: 15}, "register-password", map[string]string{"type": "password", "autocomplete": "new-password", "minlength": "15"}},
		{RegisterPage{Common: c}, "register-email", map[string]string{"autocomplete": "username", "inputmode": "email"}},
	} {
		_, doc := render(t, r, f.page)
		found := byID(doc, f.id)
		if len(found) != 1 {
			t.Fatalf("%d elements %s", len(found), f.id)
		}
		for name, want := range f.want {
			if got, _ := attr(found[0], name); got != want {
				t.Errorf("%s %s=%q, want %q", f.id, name, got, want)
			}
		}
		if got, has := attr(found[0], "value"); has && strings.Contains(f.id, "password") {
			t.Errorf("a password came back: %q", got)
		}
	}
}

func TestHD3_ContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	c := common(t, "en", plainly)
	logo := c
	logo.Brand.LogoURL = "https://cdn.example:8443/logo.png"
	bare := c
	bare.Locales = nil
	for _, f := range []struct {
		name  string
		page  Page
		nonce string
		form  []string
		want  map[string]string
	}{
		{"a form", LoginPage{Common: c}, "", nil, map[string]string{"form-action": "'self'", "script-src": "'self'", "img-src": "'self'"}},
		{"a form that ends at an application", LoginPage{Common: c}, "bm9uY2U=", []string{"'self'", "https:", "com.example.app:"}, map[string]string{"form-action": "'self' https: com.example.app:", "script-src": "'nonce-bm9uY2U='"}},
		{"no form but the language menu", ErrorPage{Common: c}, "", []string{"https:"}, map[string]string{"form-action": "'self'"}},
		{"no form", ErrorPage{Common: bare}, "", []string{"https:"}, map[string]string{"form-action": "'none'"}},
		{"a logo elsewhere", SignedOutPage{Common: logo}, "", nil, map[string]string{"img-src": "'self' https://cdn.example:8443"}},
		{"sources that break out", LoginPage{Common: c}, "x'; script-src *", []string{"https://a; script-src *", "*,", "'unsafe-inline'", "", "a b"}, map[string]string{"form-action": "'self'", "script-src": "'self'"}},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			for _, directive := range strings.Split(CSP(f.page, f.nonce, f.form), "; ") {
				name, value, _ := strings.Cut(directive, " ")
				if _, twice := got[name]; twice {
					t.Errorf("%s twice", name)
				}
				got[name] = value
			}
			f.want["default-src"], f.want["base-uri"], f.want["frame-ancestors"], f.want["style-src"] = "'none'", "'none'", "'none'", "'self'"
			for name, want := range f.want {
				if got[name] != want {
					t.Errorf("%s %q, want %q", name, got[name], want)
				}
			}
		})
	}
}

// HD4: a page with a form must not send "Origin: null" with it.
func TestHD4_ReferrerPolicyFollowsTheForm(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, f := range fixtures(common(t, "en", plainly), plainly) {
		_, doc := render(t, r, f.page)
		hasForm := false
		for _, n := range elements(doc) {
			_, posts := attr(n, "data-auto")
			method, _ := attr(n, "method")
			hasForm = hasForm || posts || method == "post"
		}
		if want := map[bool]string{true: "same-origin", false: "no-referrer"}[hasForm]; ReferrerPolicy(f.page) != want {
			t.Errorf("%s: %s, want %s", f.name, ReferrerPolicy(f.page), want)
		}
	}
}

// HD3: the nonce is on the one script, and only when there is one.
func TestHD3_NonceIsOnTheScript(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	c := common(t, "en", plainly)
	if source, _ := render(t, r, LoginPage{Common: c}); strings.Contains(source, "nonce") {
		t.Error("an empty nonce")
	}
	c.Nonce = "bm9uY2U="
	source, _ := render(t, r, LoginPage{Common: c})
	if !regexp.MustCompile(`<script type="module" src="/acme/assets/foyer\.[0-9a-f]{16}\.js" nonce="bm9uY2U="></script>`).MatchString(source) {
		t.Errorf("no nonce on the script:\n%s", source)
	}
}
