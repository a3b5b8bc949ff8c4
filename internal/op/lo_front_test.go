package op_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// listening is a tenant of applications that are told in the browser.
var listening = strings.Replace(rptest.Tenant, "resources:\n", `
  - <<: *web
    client_id: orders
    client_name: Orders
    redirect_uris: [`+rptest.Callback+`, "https://orders.example.com:8443/cb"]
    frontchannel_logout_uri: "https://orders.example.com:8443/fc?a=1&b=%22"
    frontchannel_logout_session_required: true
  - <<: *web
    client_id: wiki
    client_name: Wiki "&' <b>
    redirect_uris: [`+rptest.Callback+`, "https://wiki.example.com/cb"]
    frontchannel_logout_uri: https://wiki.example.com/fc
    client_uri: https://wiki.example.com/
resources:
`, 1)

// frames are the addresses of a page's frames; each is in its sandbox.
func frames(t *testing.T, p *rptest.Page) (list []string) {
	t.Helper()
	p.Elements(func(n *html.Node) {
		if n.Data != "iframe" {
			return
		}
		a := map[string]string{}
		for _, x := range n.Attr {
			a[x.Key] = x.Val
		}
		if a["sandbox"] != "allow-scripts allow-same-origin allow-forms" || a["title"] == "" {
			t.Errorf("frame %v", a)
		}
		list = append(list, a["src"])
	})
	return list
}

// policy is a directive of a page's Content-Security-Policy.
func policy(p *rptest.Page, name string) string {
	for d := range strings.SplitSeq(p.Header().Get("Content-Security-Policy"), "; ") {
		if n, value, _ := strings.Cut(d, " "); n == name {
			return value
		}
	}
	return ""
}

const bye = "https://app.example.com/bye"

// enter signs in and takes part in clients' sessions.
func enter(t *testing.T, w *rptest.World, b *rptest.Browser, who string, clients ...string) (sid string) {
	t.Helper()
	sid = b.Enter("default", who, time.Minute).SID
	for _, c := range clients {
		b.Get(w.Authorize(c, nil)).Code(t)
	}
	return sid
}

func told(sid string) string {
	return "https://orders.example.com:8443/fc?a=1&b=%22&iss=https%3A%2F%2Fid.example.com&sid=" + url.QueryEscape(sid)
}

// TestLO9_FramesOfTheEndedSession: the page tells each participant, with iss and
// sid where it asks for them, may frame their origins and no others, and leads
// on to the application.
func TestLO9_FramesOfTheEndedSession(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, listening, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		sid := enter(t, w, b, "ada.lo9@example.com", "web", "orders", "wiki")
		p := b.Get("/endsession?" + q("client_id", "web", "post_logout_redirect_uri", bye, "state", `s "1"`).Encode())
		if got, want := frames(t, p), []string{told(sid), "https://wiki.example.com/fc"}; p.Status() != 200 || !slices.Equal(got, want) {
			t.Fatalf("%d, frames %q, want %q", p.Status(), got, want)
		}
		if got := policy(p, "frame-src"); got != "https://orders.example.com:8443 https://wiki.example.com" {
			t.Errorf("frame-src %q", got)
		}
		if policy(p, "frame-ancestors") != "'none'" || p.Header().Get("X-Frame-Options") != "DENY" || p.Header().Get("Cache-Control") != "no-store" || p.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers %v", p.Header())
		}
		if got := p.Attr("return", "href"); got != bye+"?logout=success&state=s+%221%22" || !strings.Contains(p.Body.String(), " data-onward autofocus") {
			t.Errorf("leads on to %q", got)
		}
		if strings.Contains(p.Body.String(), "http-equiv") || !p.Has("signed-out") || !strings.Contains(p.Text("applications"), "Orders") || !strings.Contains(p.Text("applications"), `Wiki "&' <b>`) {
			t.Errorf("the page says %q", p.Text("applications"))
		}
		if c := p.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-foyer-default=;") || b.Alive() {
			t.Errorf("Set-Cookie %q", c)
		}
		// A reload: there is nobody to tell any more, and the way on is the same.
		p = b.Get("/endsession?" + q("client_id", "web", "post_logout_redirect_uri", bye, "state", `s "1"`).Encode())
		if p.Location() != bye+"?logout=success&state=s+%221%22" {
			t.Errorf("reloaded: %d %q", p.Status(), p.Location())
		}
	})
}

// TestLO9_WithoutListenersNothingChanges: 303, as ever.
func TestLO9_WithoutListenersNothingChanges(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, listening, rptest.Options{})
	b := w.Browser()
	enter(t, w, b, "ada.quiet@example.com", "web", "other")
	p := b.Get("/endsession?" + q("client_id", "web", "post_logout_redirect_uri", bye).Encode())
	if p.Status() != http.StatusSeeOther || p.Location() != bye+"?logout=success" {
		t.Errorf("%d %q", p.Status(), p.Location())
	}
	enter(t, w, b, "ada.quiet@example.com", "web")
	p = b.Submit(b.Get("/endsession"), q("scope", "device"))
	if p.Status() != http.StatusOK || !p.Has("signed-out") || p.Has("applications") || policy(p, "frame-src") != "" {
		t.Errorf("%d %v", p.Status(), p.Header())
	}
}

// TestLO9_AfterAForm: the form leads to a page that can be reloaded and come
// back to, in this browser, for a while.
func TestLO9_AfterAForm(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, listening, func(t *testing.T, w *rptest.World) {
		far := w.Browser()
		there := enter(t, w, far, "ada.form@example.com", "orders")
		b := w.Browser()
		here := enter(t, w, b, "ada.form@example.com", "wiki", "orders")
		done := b.Submit(b.Get("/endsession?"+q("client_id", "other", "post_logout_redirect_uri", bye, "state", "ä☃").Encode()), q("scope", "everywhere"))
		if done.Status() != http.StatusSeeOther || !strings.HasPrefix(done.Location(), "/signout?r=") || !strings.HasPrefix(done.Header().Get("Set-Cookie"), "__Host-foyer-default=;") {
			t.Fatalf("%d %v", done.Status(), done.Header())
		}
		if far.Alive() || b.Alive() {
			t.Error("everywhere did not end everything")
		}
		want := []string{told(here), "https://wiki.example.com/fc", told(there)}
		for _, visit := range []string{"the page", "reloaded", "come back to"} {
			p := b.Get(done.Location())
			if got := frames(t, p); p.Status() != 200 || !slices.Equal(got, want) || p.Attr("return", "href") != bye+"?logout=success&state=%C3%A4%E2%98%83" {
				t.Errorf("%s: %d, frames %q, on to %q", visit, p.Status(), got, p.Attr("return", "href"))
			}
		}
		if p := w.Browser().Get(done.Location()); p.Location() != bye+"?logout=success&state=%C3%A4%E2%98%83" {
			t.Errorf("in another browser: %d %q", p.Status(), p.Location())
		}
		enter(t, w, b, "ada.form@example.com", "web")
		if p := b.Get(done.Location()); !p.Has("logout-confirm") || len(frames(t, p)) != 0 || !b.Alive() {
			t.Errorf("signed in again: %d", p.Status())
		}
		b.SetCookie("__Host-foyer-default", "")
		w.Wait(11 * time.Minute)
		if p := b.Get(done.Location()); p.Location() != bye+"?logout=success&state=%C3%A4%E2%98%83" {
			t.Errorf("later: %d %q", p.Status(), p.Location())
		}
		for _, broken := range []string{"/signout?done=x", strings.Replace(done.Location(), "&done=", "&done=x", 1)} {
			if p := b.Get(broken); p.Status() >= 400 || len(frames(t, p)) != 0 {
				t.Errorf("%.20s: %d", broken, p.Status())
			}
		}
	})
}

// TestLO9_ByTheProfileAndByPOST: every page that ends this browser's session
// tells the applications.
func TestLO9_ByTheProfileAndByPOST(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, listening, rptest.Options{})
	b := w.Browser()
	for what, end := range map[string]func() *rptest.Page{
		"the profile page": func() *rptest.Page { return b.Submit(b.Get("/personal-details"), q("action", "sign_out")) },
		"everywhere": func() *rptest.Page {
			return b.Submit(b.Get("/personal-details"), q("action", "sign_out_everywhere"))
		},
		"POST with a hint": func() *rptest.Page {
			return b.Post("/endsession", q("id_token_hint", b.Tokens("orders", nil).Get("id_token")))
		},
	} {
		sid := enter(t, w, b, "ada.profile@example.com", "orders")
		p := end()
		if p = b.Follow(p); !slices.Equal(frames(t, p), []string{told(sid)}) || !p.Has("signed-out") || b.Alive() {
			t.Errorf("%s: %d, frames %q", what, p.Status(), frames(t, p))
		}
	}
}

// TestLO9_WithoutTheBrowsersCookie: one that keeps only the session's is told at
// once; the page after a form would know it no more.
func TestLO9_WithoutTheBrowsersCookie(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, listening, rptest.Options{})
	b := w.Browser()
	sid := enter(t, w, b, "ada.cookieless@example.com", "orders")
	b.SetCookie("__Host-foyer-default.browser", "")
	p := b.Submit(b.Get("/endsession"), q("scope", "device"))
	if !slices.Equal(frames(t, p), []string{told(sid)}) || !p.Has("signed-out") || b.Alive() {
		t.Errorf("%d %q, frames %q", p.Status(), p.Location(), frames(t, p))
	}
}

// TestLO9_SelfRegisteredClients: the same rules; they are returned to without a
// click only when a hint named the session, also after a form.
func TestLO9_SelfRegisteredClients(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, listening, rptest.Options{})
	err := w.Server.Store.CreateClient(t.Context(), "default", &client.Client{
		Spec: client.Spec{ClientID: "self", ClientName: "Self made", RedirectURIs: []string{rptest.Callback}, PostLogoutRedirectURIs: []string{bye}, GrantTypes: []string{"authorization_code"},
			FrontchannelLogoutURI: "https://app.example.com/self-fc"},
		Version: 1, CreatedAt: w.Now().UnixMicro(), Origin: client.FromSelf,
		Secrets: []client.Secret{{Hash: client.HashSecret(rptest.Secret), CreatedAt: w.Now().UnixMicro()}},
	}, audit.Event{})
	if err != nil {
		t.Fatal(err)
	}
	w.Server.Directory.Invalidate()
	b := w.Browser()
	for name, c := range map[string]struct {
		hinted, post, direct bool
	}{"hint": {true, false, true}, "hint, posted": {true, true, true}, "no hint": {false, false, false}} {
		b.Enter("default", "ada.self@example.com", time.Minute)
		allow(t, w, b, "self")
		tokens := b.Tokens("self", nil)
		v := q("client_id", "self", "post_logout_redirect_uri", bye)
		if c.hinted {
			v.Set("id_token_hint", tokens.Get("id_token"))
		}
		p := b.Get("/endsession?" + v.Encode())
		if c.post {
			b.Enter("default", "ada.self@example.com", time.Minute)
			v.Set("id_token_hint", b.Tokens("self", nil).Get("id_token"))
			p = b.Follow(b.Post("/endsession", v))
		}
		if !c.hinted {
			p = b.Follow(b.Submit(p, q("scope", "device")))
		}
		if got := frames(t, p); !slices.Equal(got, []string{"https://app.example.com/self-fc"}) || strings.Contains(p.Body.String(), "data-onward") != c.direct || p.Attr("return", "href") != bye {
			t.Errorf("%s: %d, frames %q, direct %v", name, p.Status(), got, !c.direct)
		}
	}
}

// allow gives consent to a client.
func allow(t *testing.T, w *rptest.World, b *rptest.Browser, id string) {
	t.Helper()
	if p := b.Get(w.Authorize(id, nil)); strings.HasPrefix(p.Location(), "/consent") {
		b.Follow(b.Submit(b.Follow(p), q("action", "allow")))
	}
}

// TestLO9_ManyApplications: the page says how many it has no room for, also
// after a form.
func TestLO9_ManyApplications(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	var ids []string
	for i := range 53 {
		ids = append(ids, fmt.Sprint("app", i))
		fmt.Fprintf(&many, "  - {client_id: app%d, client_secret: %s, redirect_uris: [%q], frontchannel_logout_uri: %q}\n", i, rptest.Secret, rptest.Callback, fmt.Sprintf("https://app.example.com/fc%d", i))
	}
	w := rptest.New(t, "tenant: default\nclients:\n"+many.String(), rptest.Options{})
	b := w.Browser()
	enter(t, w, b, "ada.many@example.com", ids...)
	p := b.Follow(b.Submit(b.Get("/endsession"), q("scope", "everywhere")))
	if got := frames(t, p); len(got) != 50 || !strings.Contains(p.Text("more-applications"), "3 more") || policy(p, "frame-src") != "https://app.example.com" {
		t.Errorf("%d frames, %q, frame-src %q", len(got), p.Text("more-applications"), policy(p, "frame-src"))
	}
}

// TestLO9_StoredAddressesAreJudged: an address that a check of today would not
// let in, however it came to be stored, is never framed.
func TestLO9_StoredAddressesAreJudged(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, listening, rptest.Options{})
	b := w.Browser()
	for i, bad := range []string{`https://app.example.com/"><script>alert(1)</script>`, "https://app.example.com; script-src *", "javascript:alert(1)", "http://app.example.com/fc", "https://evil.example/fc", "https://app.example.com/\r\nX: y", "//evil.example"} {
		id := fmt.Sprint("bad", i)
		err := w.Server.Store.CreateClient(t.Context(), "default", &client.Client{
			Spec:    client.Spec{ClientID: id, RedirectURIs: []string{rptest.Callback}, GrantTypes: []string{"authorization_code"}, FrontchannelLogoutURI: bad},
			Version: 1, CreatedAt: w.Now().UnixMicro(), Origin: client.FromOperator,
		}, audit.Event{})
		if err != nil {
			t.Fatal(err)
		}
		w.Server.Directory.Invalidate()
		enter(t, w, b, "ada.bad@example.com", id, "wiki")
		p := b.Follow(b.Submit(b.Get("/endsession"), q("scope", "device")))
		if !slices.Equal(frames(t, p), []string{"https://wiki.example.com/fc"}) || policy(p, "frame-src") != "https://wiki.example.com" || strings.Contains(p.Body.String(), "alert(1)") {
			t.Errorf("%q: frames %q, frame-src %q", bad, frames(t, p), policy(p, "frame-src"))
		}
	}
}
