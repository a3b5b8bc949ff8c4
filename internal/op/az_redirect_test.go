package op_test

import (
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// shape is a registered address and its parts, as the corpus describes.
type shape struct {
	id, scheme, host, port, path, query string
	native                              bool
}

var shapes = []shape{
	{id: "exact", scheme: "https", host: "app.example.com", path: "/callback"},
	{id: "full", scheme: "https", host: "app.example.com", port: ":8443", path: "/cb/", query: "?tenant=one"},
	{id: "loopback", scheme: "http", host: "127.0.0.1", path: "/native/callback", native: true},
}

func (s shape) uri() string { return s.scheme + "://" + s.host + s.port + s.path + s.query }

// corpus is internal/client/testdata/redirect_corpus.txt for a shape.
func corpus(t *testing.T, s shape) []string {
	t.Helper()
	text, err := os.ReadFile("../client/testdata/redirect_corpus.txt")
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{uri}", s.uri(), "{scheme}", s.scheme, "{host}", s.host, "{port}", s.port, "{path}", s.path, "{query}", s.query)
	var out []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' || line[0] == '~' && s.native {
			continue
		}
		v, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.TrimPrefix(line, "~"), `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("corpus: %s: %v", line, err)
		}
		if v = fill.Replace(v); v != s.uri() {
			out = append(out, v)
		}
	}
	if len(out) < 60 {
		t.Fatalf("%d vectors for %s, want 60", len(out), s.uri())
	}
	return out
}

// register stores a client as it is, without any rule looked at.
func register(w *rptest.World, spec client.Spec) {
	w.T.Helper()
	if spec.TokenEndpointAuthMethod == "" {
		spec.TokenEndpointAuthMethod = client.MethodNone
	}
	err := w.Server.Store.CreateClient(w.T.Context(), "default", &client.Client{Spec: spec, Version: 1,
		CreatedAt: w.Now().UnixMicro(), Origin: client.FromOperator}, audit.Event{})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Server.Directory.Invalidate()
}

func registerShapes(w *rptest.World) {
	for _, s := range shapes {
		spec := client.Spec{ClientID: s.id, RedirectURIs: []string{s.uri()}, PostLogoutRedirectURIs: []string{s.uri()}}
		if s.native {
			spec.ApplicationType = "native"
		}
		register(w, spec)
	}
}

// nowhere checks that an answer leads a browser nowhere by itself: a status of
// spec/product.md, no redirect, no form that posts itself, no refresh (AZ2).
func nowhere(t *testing.T, what string, p *rptest.Page) {
	t.Helper()
	if s := p.Status(); s != http.StatusForbidden && s != http.StatusBadRequest {
		t.Errorf("%s: status %d", what, s)
	}
	for _, name := range []string{"Location", "Refresh", "Content-Location", "Link"} {
		if v := p.Header().Values(name); len(v) > 0 {
			t.Errorf("%s: %s %q", what, name, v)
		}
	}
	p.Elements(func(n *html.Node) {
		for _, a := range n.Attr {
			switch {
			case a.Key == "http-equiv", a.Key == "data-auto", strings.HasPrefix(a.Key, "on"),
				n.Data == "form" && a.Key == "method" && !strings.EqualFold(a.Val, "get"), n.Data == "base", n.Data == "iframe":
				t.Errorf("%s: <%s %s=%q>", what, n.Data, a.Key, a.Val)
			case a.Key == "href" || a.Key == "src" || a.Key == "action":
				if strings.Contains(a.Val, ":") || strings.HasPrefix(a.Val, "//") {
					t.Errorf("%s: the page leads to %q", what, a.Val)
				}
			}
		}
	})
}

// TestAZ1_RedirectURIExactMatch asks with every vector of the corpus, signed in,
// so that a redirect would carry a code.
func TestAZ1_RedirectURIExactMatch(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		registerShapes(w)
		b := w.Browser()
		b.Enter("default", "ada.az1@example.com", 0)
		for _, s := range shapes {
			if p := b.Get(w.Authorize(s.id, q("redirect_uri", s.uri()))); p.Answer().Get("code") == "" {
				t.Fatalf("%s is not accepted: %d", s.uri(), p.Status())
			}
			for _, v := range corpus(t, s) {
				p := b.Get(w.Authorize(s.id, q("redirect_uri", v)))
				nowhere(t, s.id+" "+strconv.Quote(v), p)
				if strings.Contains(v, "evil.example") && strings.Contains(p.Body.String(), "evil.example") {
					t.Errorf("%q is on the page", v)
				}
			}
		}
	})
}

// TestAZ2_ErrorPageNeverARedirect: the same for every way in: modes, prompts,
// methods, screens opened with parameters, sealed requests.
func TestAZ2_ErrorPageNeverARedirect(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.az2@example.com", 0)
	bad := []url.Values{
		q("client_id", "nobody"), q("client_id", "off"), q("client_id", ""), q("redirect_uri", ""),
		q("redirect_uri", "https://evil.example/cb"), q("redirect_uri", "javascript:alert(1)"),
	}
	ways := []url.Values{nil, q("prompt", "none"), q("response_mode", "form_post"), q("response_mode", "fragment"),
		q("response_type", "token"), q("request", "x"), q("request_uri", "https://evil.example/r"), q("scope", "x", "state", strings.Repeat("x", 3000))}
	for _, wrong := range bad {
		for _, way := range ways {
			with := url.Values{}
			for _, m := range []url.Values{way, wrong} {
				for k, list := range m {
					with[k] = list
				}
			}
			address := w.Authorize("web", with)
			what := with.Encode()
			nowhere(t, "GET "+what, b.Get(address))
			nowhere(t, "POST "+what, b.Send(http.MethodPost, "/authorize", strings.TrimPrefix(address, "/authorize?"),
				http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}))
			if wrong.Get("client_id") != "" || !wrong.Has("client_id") {
				nowhere(t, "GET /login "+what, b.Get(strings.Replace(address, "/authorize", "/login", 1)))
				nowhere(t, "GET /register "+what, b.Get(strings.Replace(address, "/authorize", "/register", 1)))
			}
			bounced := w.Browser()
			p := bounced.Send(http.MethodPost, "/authorize", strings.TrimPrefix(address, "/authorize?"),
				http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
			nowhere(t, "bounced "+what, bounced.Follow(p))
		}
	}
}

// TestAZ3_SchemesAtUse: what may not be registered is not used either, however
// it came to be stored.
func TestAZ3_SchemesAtUse(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	b := w.Browser()
	b.Enter("default", "ada.az3@example.com", 0)
	for i, uri := range []string{
		"http://app.example.com/cb", "http://10.0.0.1/cb", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
		"data:text/html,<script>alert(1)</script>", "DATA:text/html,x", "vbscript:msgbox(1)", "file:///etc/passwd", "blob:https://app.example.com/x",
		"about:blank", "view-source:https://app.example.com/", "//app.example.com/cb", "/callback", "callback", "https://app.example.com/cb#f",
		"https://*.example.com/cb", "https://user:pw@app.example.com/cb", "ftp://app.example.com/", "urn:ietf:wg:oauth:2.0:oob", "https://", "com.example.app:/cb",
	} {
		id := "stored-" + strconv.Itoa(i)
		register(w, client.Spec{ClientID: id, RedirectURIs: []string{uri}})
		for _, mode := range []string{"", "fragment", "form_post"} {
			nowhere(t, uri, b.Get(w.Authorize(id, q("redirect_uri", uri, "response_mode", mode))))
		}
	}
}
