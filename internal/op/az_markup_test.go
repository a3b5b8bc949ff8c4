package op_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// payloads are what an attacker would have a page say.
var payloads = []string{
	`<script>alert(1)</script>`, `"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `"onmouseover="alert(1)`, `' autofocus onfocus='alert(1)`,
	`</title><svg/onload=alert(1)>`, `</textarea><script>alert(1)</script>`, `javascript:alert(1)`, `data:text/html,<script>alert(1)</script>`,
	`{{.}}{{constructor.constructor('alert(1)')()}}`, `<a href="javascript:alert(1)">x</a>`, `--><script>alert(1)</script><!--`, `]]><script>alert(1)</script>`,
	"<scr\x00ipt>alert(1)</scr\x00ipt>", "\u2028<script>alert(1)</script>", `<iframe srcdoc="<script>alert(1)</script>">`, `<meta http-equiv=refresh content="0;url=https://evil.example">`,
	`<base href="https://evil.example/">`, `<form action="https://evil.example/"><input name=password>`, `"><link rel=stylesheet href=//evil.example>`, `&#60;script&#62;alert(1)`, "%3Cscript%3Ealert(1)%3C/script%3E",
}

// inert checks that a page has its own script and nothing that anybody put
// there.
func inert(t *testing.T, what string, p *rptest.Page) {
	t.Helper()
	csp := p.Header().Get("Content-Security-Policy")
	scripts := 0
	p.Elements(func(n *html.Node) {
		allowed := "html head body meta link title script main div span header footer h1 h2 p bdi strong small form input button label a ul li details summary svg path circle code img nav"
		if !slices.Contains(strings.Fields(allowed), n.Data) {
			t.Errorf("%s: element <%s>", what, n.Data)
		}
		for _, a := range n.Attr {
			v := strings.ToLower(strings.TrimSpace(a.Val))
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "srcdoc", a.Key == "http-equiv":
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			case (a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "formaction") &&
				(strings.HasPrefix(v, "javascript:") || strings.HasPrefix(v, "data:") || strings.HasPrefix(v, "//") || strings.HasPrefix(v, "https://evil")):
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			case n.Data == "script" && a.Key == "nonce" && !strings.Contains(csp, "'nonce-"+a.Val+"'"):
				t.Errorf("%s: a script's nonce is not the policy's", what)
			}
		}
		if n.Data == "script" {
			if scripts++; n.FirstChild != nil {
				t.Errorf("%s: a script with a body", what)
			}
		}
	})
	if scripts != 1 || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "script-src 'nonce-") {
		t.Errorf("%s: %d scripts, policy %q", what, scripts, csp)
	}
}

// TestAZ11_NothingSentBecomesMarkup: payloads in everything that a request or a
// client's metadata can bring onto a page; the answer is parsed.
func TestAZ11_NothingSentBecomesMarkup(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	third := false
	for i, x := range payloads {
		id := "named-" + string(rune('a'+i))
		register(w, client.Spec{ClientID: id, ClientName: x, ClientURI: x, LogoURI: x, PolicyURI: x, TOSURI: x, FirstParty: &third,
			RedirectURIs: []string{rptest.Callback}, PostLogoutRedirectURIs: []string{rptest.Bye}})
		stranger, b := w.Browser(), w.Browser()
		b.Enter("default", "ada.az11@example.com", time.Hour)
		all := url.Values{"state": {x}, "nonce": {x}, "login_hint": {x}, "ui_locales": {x}, "claims_locales": {x}, "display": {x}, "acr_values": {x}}
		form := q("response_mode", "form_post")
		for k, list := range all {
			form[k] = list
		}
		p := stranger.Follow(stranger.Get(w.Authorize(id, all)))
		inert(t, "login "+x, p)
		if got := p.Attr("login-identifier", "value"); got != strings.ReplaceAll(x, "\x00", "\ufffd") {
			t.Errorf("the hint became %q, sent %q", got, x)
		}
		inert(t, "login again "+x, stranger.Submit(p, q("identifier", x, "password", "")))
		inert(t, "register "+x, stranger.Get(strings.Replace(w.Authorize(id, all), "/authorize", "/register", 1)))
		inert(t, "consent "+x, b.Follow(b.Get(w.Authorize(id, all))))
		inert(t, "choose "+x, b.Follow(b.Get(w.Authorize(id, q("prompt", "select_account", "state", x)))))
		form.Set("prompt", "none")
		p = b.Get(w.Authorize(id, form))
		inert(t, "form_post "+x, p)
		if _, fields := p.Form(); fields.Get("state") != strings.ReplaceAll(x, "\x00", "\ufffd") {
			t.Errorf("form_post carries state %q, sent %q", fields.Get("state"), x)
		}
		for where, path := range map[string]string{
			"unknown client": "/authorize?" + q("client_id", x, "redirect_uri", x).Encode(), "unknown address": w.Authorize(id, q("redirect_uri", x)),
			"repeated": "/authorize?client_id=" + id + "&" + url.QueryEscape(x) + "=1&client_id=" + id, "no such page": "/" + url.PathEscape(x),
			"logout":                 "/endsession?" + q("client_id", id, "state", x, "logout_hint", x, "ui_locales", x, "post_logout_redirect_uri", x).Encode(),
			"logout of a stranger's": "/endsession?" + q("client_id", x, "state", x).Encode(), "unreadable": "/login?r=" + url.QueryEscape(x),
			"language": "/login?other=1&lang=" + url.QueryEscape(x), "hint": "/login?other=1&login_hint=" + url.QueryEscape(x),
		} {
			inert(t, where+" "+x, b.Get(path))
		}
		inert(t, "signed out "+x, b.Submit(b.Get("/endsession?"+q("client_id", id, "post_logout_redirect_uri", x).Encode()), q("scope", "device")))
	}
}
