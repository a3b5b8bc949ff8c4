package op_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/rptest"
)

// elsewhere are addresses of another site in every disguise that browsers and
// frameworks are known to fall for.
var elsewhere = []string{
	"//evil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`, "/\t/evil.example", "/%09/evil.example", "https:evil.example", "https:/evil.example",
	"https:///evil.example", "/..//evil.example", "/.//evil.example", "///evil.example", "https://evil.example", "HTTPS://evil.example", "https://id.example.com@evil.example",
	"https://id.example.com.evil.example", "javascript:alert(1)//evil.example", "data:text/html,evil.example", "\x00//evil.example", " //evil.example", "/%2f%2fevil.example", "https://evil.example\\@id.example.com", "//evil%E3%80%82example",
}

// TestLO4_NoOpenRedirect: every page, with every parameter that elsewhere means
// "and then go there", GET and POST, signed in and not: nothing leads away.
func TestLO4_NoOpenRedirect(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	names := strings.Fields("return_to returnTo returnUrl ReturnUrl return next continue url uri target dest destination redirect redirect_url redirect_to RelayState referer referrer goto back callback login_url error_uri service TargetResource wctx wreply state r lang other choice action")
	paths := strings.Fields("/ /login /register /choose /consent /signout /authorize /endsession /auth-ui/login /auth-ui/logout /connect/endsession /forgot-password /personal-details")
	home, signed := w.Browser(), w.Browser()
	signed.Enter("default", "ada.lo4@example.com", time.Minute)
	for i, evil := range elsewhere {
		v := url.Values{}
		for _, n := range names {
			v.Set(n, evil)
		}
		for _, path := range paths {
			for who, b := range map[string]*rptest.Browser{"nobody": home, "somebody": signed} {
				h := http.Header{"Referer": {"https://evil.example/"}, "Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}, "X-Original-Url": {evil}, "X-Rewrite-Url": {evil}}
				stays(t, who+" GET "+path+" "+evil, b.GetWith(path+"?"+v.Encode(), h))
				for _, n := range names {
					if (i+len(n))%len(elsewhere) == 0 { // each alone too, in turns
						stays(t, who+" GET "+path+" "+n+"="+evil, b.Get(path+"?"+q(n, evil).Encode()))
					}
				}
				if path != "/signout" && path != "/endsession" {
					stays(t, who+" POST "+path+" "+evil, b.Post(path, v))
				}
			}
		}
		for _, path := range []string{evil, "/" + evil, "/login/" + evil, "/login?" + evil, "//login", "/./login", "/%2e%2e/login"} {
			if u, err := url.Parse(w.Base + "/" + path); err == nil && !strings.ContainsAny(path, " \t\x00") {
				stays(t, "GET "+path, home.GetWith(u.String(), nil))
			}
		}
	}
	p := signed.Post("/login", url.Values{"identifier": {"x"}, "password": {"y"}, "returnUrl": {"//evil.example"}})
	stays(t, "a wrong password", p)
	if !signed.Alive() {
		t.Error("the crawl signed somebody out")
	}
}

// stays checks that neither the answer nor anything on its page leads away.
func stays(t *testing.T, what string, p *rptest.Page) {
	t.Helper()
	if l := p.Location(); l != "" && (!strings.HasPrefix(l, "/") || strings.HasPrefix(l, "//") || strings.HasPrefix(l, `/\`)) && !strings.HasPrefix(l, "https://id.example.com/") {
		t.Errorf("%s: redirects to %q", what, l)
	}
	if p.Status() >= 500 || p.Header().Get("Refresh") != "" {
		t.Errorf("%s: %d", what, p.Status())
	}
	p.Elements(func(n *html.Node) {
		for _, a := range n.Attr {
			if (a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction") && strings.Contains(a.Val, "evil") && !strings.HasPrefix(a.Val, "/") {
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			}
		}
	})
}

// TestLO5_LogoutIsComplete: everything that was worth something before is worth
// nothing after the answer, but what was asked to outlive it.
func TestLO5_LogoutIsComplete(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		for name, end := range map[string]func(b *rptest.Browser, hint string) *rptest.Page{
			"by hint": func(b *rptest.Browser, hint string) *rptest.Page { return b.Get("/endsession?id_token_hint=" + hint) },
			"by hand": func(b *rptest.Browser, _ string) *rptest.Page {
				return b.Submit(b.Get("/signout"), q("scope", "device"))
			},
			"everywhere": func(b *rptest.Browser, _ string) *rptest.Page {
				return b.Submit(b.Get("/signout"), q("scope", "everywhere"))
			},
			"on the way": func(b *rptest.Browser, _ string) *rptest.Page {
				return b.Get("/endsession?" + q("client_id", "web", "post_logout_redirect_uri", rptest.Bye).Encode())
			},
			"as a replaced session": func(b *rptest.Browser, _ string) *rptest.Page {
				return b.Submit(b.Get("/login?other=1"), q("identifier", bob, "password", rptest.Password))
			},
		} {
			t.Run(name, func(t *testing.T) {
				j := &journey{t, w, w.Browser()}
				j.enter("ada.lo5@example.com", time.Minute)
				cookie := j.b.Cookie("__Host-foyer-default")
				jwt, opaque, spa := j.b.Tokens("web", nil), j.b.Tokens("opaque", nil), j.b.Tokens("spa", nil)
				offline := j.b.Tokens("web", q("scope", "openid offline_access"))
				code := j.b.Get(w.Authorize("other", nil)).Code(t)
				consent := j.open("third", nil)

				p := end(j.b, jwt.Get("id_token"))
				if s := p.Status(); s != http.StatusOK && s != http.StatusSeeOther {
					t.Fatalf("answered %d", s)
				}
				thief := &journey{t, w, w.Browser()}
				thief.b.SetCookie("__Host-foyer-default", cookie)
				if thief.b.Alive() {
					t.Error("the old cookie signs in")
				}
				thief.want(thief.b.Follow(thief.b.Submit(consent, q("action", "allow"))), "sign in")
				dead(t, w, "web", jwt)
				dead(t, w, "opaque", opaque)
				dead(t, w, "spa", spa)
				if a := w.Redeem("other", code); a.Get("error") != "invalid_grant" {
					t.Errorf("a code of the session answered %d %s", a.Status, a.Raw)
				}
				again := w.Refresh("web", offline.Get("refresh_token"))
				if again.Status != http.StatusOK {
					t.Fatalf("what was asked to outlive the session answered %d %s", again.Status, again.Raw)
				}
				if c := w.Claims(again.Get("access_token")); c["sid"] != nil {
					t.Errorf("after the session's end a token still names it: %v", c)
				}
			})
		}
	})
}

// TestLO10_SidIsNoCredential: somebody else's sid, however it is sent, ends
// nobody's session; one's own is everywhere.
func TestLO10_SidIsNoCredential(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		victim, mallory, stranger := w.Browser(), w.Browser(), w.Browser()
		sid := victim.Enter("default", "victim.lo10@example.com", time.Minute).SID
		attack := func(what string, b *rptest.Browser, params url.Values) {
			t.Helper()
			params.Set("logout_hint", sid)
			p := b.Get("/endsession?" + params.Encode())
			if strings.Contains(p.Body.String(), "victim.lo10") {
				t.Errorf("%s: the page says whose sid it is", what)
			}
			if p.Has("logout-everywhere") {
				b.Submit(p, q("scope", "everywhere"))
			}
			b.Post("/endsession", params)
			if !victim.Alive() {
				t.Fatalf("%s: ended the victim's session", what)
			}
		}
		mine := func() string {
			mallory.Enter("default", "mallory.lo10@example.com", time.Minute)
			return mallory.Tokens("web", nil).Get("id_token")
		}
		hint := mine()
		attack("with a hint of one's own", mallory, q("id_token_hint", hint))
		mine()
		attack("with a client", mallory, q("client_id", "web", "post_logout_redirect_uri", rptest.Bye))
		mine()
		attack("alone", mallory, url.Values{})
		attack("without a session", stranger, url.Values{})
		attack("without a session, with a client", stranger, q("client_id", "web"))
		attack("without a session, with a hint", stranger, q("id_token_hint", hint))
	})
}

// TestSC7_TwoPeopleInOneBrowser: one after the other, and both at once in two
// tabs: tokens, pages and logout are always of the person whose session it is.
func TestSC7_TwoPeopleInOneBrowser(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		j := &journey{t, w, w.Browser()}
		sub := func(a *rptest.Answer) string { return w.Claims(a.Get("id_token"))["sub"].(string) }
		first := j.open("web", nil) // two tabs, both at the login screen
		second := j.open("other", nil)
		j.want(j.signIn(first, ada), "issue")
		adas := j.b.Tokens("web", nil)
		bobs := w.Redeem("other", j.signIn(second, bob).Code(t)) // the second tab signs Bob in
		if sub(adas) == sub(bobs) {
			t.Fatal("two people have one sub")
		}
		dead(t, w, "web", adas)
		if got := sub(j.b.Tokens("web", nil)); got != sub(bobs) {
			t.Errorf("the browser is still %s", got)
		}
		// Ada's application signs her out with her hint: it is Bob who is here.
		p := j.b.Get("/endsession?" + q("id_token_hint", adas.Get("id_token"), "post_logout_redirect_uri", rptest.Bye).Encode())
		if !p.Has("logout-confirm") || !strings.Contains(p.Words(), "Bob") || strings.Contains(p.Words(), "Ada") {
			t.Errorf("asked %d %s", p.Status(), p.Location())
		}
		if !j.b.Alive() {
			t.Fatal("Ada's hint ended Bob's session")
		}
		// Cookies gone without a logout: whoever comes next is themself.
		gone := &journey{t, w, w.Browser()}
		if out := gone.b.Get("/endsession?" + q("id_token_hint", bobs.Get("id_token"), "post_logout_redirect_uri", rptest.Bye).Encode()); !strings.HasPrefix(out.Location(), rptest.Bye) {
			t.Errorf("logout without cookies answered %d", out.Status())
		}
		gone.want(gone.signIn(gone.open("web", nil), ada), "issue")
		if got := sub(gone.b.Tokens("web", nil)); got != sub(adas) {
			t.Errorf("Ada became %s", got)
		}
	})
}
