package rptest

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

// Browser keeps cookies and sends what a browser sends. It does not follow
// redirects by itself.
type Browser struct {
	w      *World
	jar    *cookiejar.Jar
	Remote string      // address and port of the connection
	Header http.Header // sent with every request
}

// Browser returns a browser without cookies.
func (w *World) Browser() *Browser {
	jar, err := cookiejar.New(nil)
	check(w.T, err)
	return &Browser{w: w, jar: jar, Remote: "192.0.2.1:50000", Header: http.Header{"Accept": {"text/html,*/*"}}}
}

// Page is an answer.
type Page struct {
	*httptest.ResponseRecorder
	T   testing.TB
	URL *url.URL

	parse sync.Once // many may press its button at once
	doc   *html.Node
}

func (b *Browser) send(method, path, body string, header http.Header) *Page {
	b.w.T.Helper()
	u, err := url.Parse(b.w.Base)
	check(b.w.T, err)
	ref, err := url.Parse(path)
	check(b.w.T, err)
	u = u.ResolveReference(ref)
	r := httptest.NewRequest(method, u.String(), strings.NewReader(body))
	r.RemoteAddr = b.Remote
	for _, h := range []http.Header{b.Header, header} {
		for k, v := range h {
			r.Header[k] = v
		}
	}
	for _, c := range b.jar.Cookies(u) {
		r.AddCookie(c)
	}
	rec := b.w.Do(r)
	b.jar.SetCookies(u, rec.Result().Cookies())
	return &Page{ResponseRecorder: rec, T: b.w.T, URL: u}
}

// Send is any request, with the browser's own headers under the given ones.
func (b *Browser) Send(method, path, body string, header http.Header) *Page {
	b.w.T.Helper()
	return b.send(method, path, body, header)
}

// Get is a top-level navigation that the person or another site began.
func (b *Browser) Get(path string) *Page {
	b.w.T.Helper()
	return b.send(http.MethodGet, path, "", http.Header{"Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Mode": {"navigate"}})
}

// GetWith is Get with headers of one's own instead of a navigation's.
func (b *Browser) GetWith(path string, header http.Header) *Page {
	b.w.T.Helper()
	return b.send(http.MethodGet, path, "", header)
}

// Post is a same-origin form post.
func (b *Browser) Post(path string, form url.Values) *Page {
	b.w.T.Helper()
	return b.PostWith(path, form, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {b.w.Base}})
}

// PostWith is a form post with headers of one's own.
func (b *Browser) PostWith(path string, form url.Values, header http.Header) *Page {
	b.w.T.Helper()
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(http.MethodPost, path, form.Encode(), h)
}

// Submit sends the page's form with its hidden fields and the given ones.
func (b *Browser) Submit(p *Page, with url.Values) *Page {
	b.w.T.Helper()
	form := p.Find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "method") == "post" })
	if form == nil {
		b.w.T.Fatalf("no form on %s:\n%s", p.URL, p.Body)
	}
	v := url.Values{}
	each(form, func(n *html.Node) {
		if n.Data == "input" && attr(n, "type") == "hidden" {
			v.Set(attr(n, "name"), attr(n, "value"))
		}
	})
	for k, list := range with {
		v[k] = list
	}
	return b.Post(attr(form, "action"), v)
}

// Follow follows redirects for as long as they stay at Foyer.
func (b *Browser) Follow(p *Page) *Page {
	b.w.T.Helper()
	for range 10 {
		loc := p.Header().Get("Location")
		if loc == "" || strings.Contains(loc, "://") && !strings.HasPrefix(loc, b.w.Base+"/") || !strings.HasPrefix(loc, "/") && !strings.Contains(loc, "://") {
			return p
		}
		p = b.Get(strings.TrimPrefix(loc, b.w.Base))
	}
	b.w.T.Fatalf("ten redirects and no end at %s", p.URL)
	return nil
}

// Login opens an address and submits the login screen that it leads to.
func (b *Browser) Login(path, identifier, password string) *Page {
	b.w.T.Helper()
	return b.Submit(b.Follow(b.Get(path)), url.Values{"identifier": {identifier}, "password": {password}})
}

// SignIn is Login that must end at the client with a code, which it returns.
func (b *Browser) SignIn(path, identifier, password string) (code string) {
	b.w.T.Helper()
	return b.Follow(b.Login(path, identifier, password)).Code(b.w.T)
}

// Cookie returns the value of a cookie of Foyer's, "" when there is none.
func (b *Browser) Cookie(name string) string {
	u, err := url.Parse(b.w.Base)
	check(b.w.T, err)
	for _, c := range b.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// SetCookie gives the browser a cookie.
func (b *Browser) SetCookie(name, value string) {
	u, err := url.Parse(b.w.Base)
	check(b.w.T, err)
	b.jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/", Secure: u.Scheme == "https"}})
}

// Location is where the answer redirects to.
func (p *Page) Location() string { return p.Header().Get("Location") }

// Answer are the parameters of a redirect to a client, of query or fragment.
func (p *Page) Answer() url.Values {
	u, err := url.Parse(p.Location())
	check(p.T, err)
	v := u.Query()
	f, err := url.ParseQuery(u.EscapedFragment())
	check(p.T, err)
	for k, list := range f {
		v[k] = list
	}
	return v
}

// Code is the code of a redirect to a client.
func (p *Page) Code(t testing.TB) string {
	t.Helper()
	code := p.Answer().Get("code")
	if p.ResponseRecorder.Code != http.StatusSeeOther || code == "" {
		t.Fatalf("%s answered %d %q, not a code:\n%s", p.URL, p.ResponseRecorder.Code, p.Location(), p.Body)
	}
	return code
}

// Status is the answer's status.
func (p *Page) Status() int { return p.ResponseRecorder.Code }

// Find returns the first element for which ok is true, nil when there is none.
func (p *Page) Find(ok func(*html.Node) bool) *html.Node {
	p.parse.Do(func() {
		var err error
		p.doc, err = html.Parse(strings.NewReader(p.Body.String()))
		check(p.T, err)
	})
	var found *html.Node
	each(p.doc, func(n *html.Node) {
		if found == nil && ok(n) {
			found = n
		}
	})
	return found
}

// Has tells whether the page has an element with that id.
func (p *Page) Has(id string) bool {
	return p.Find(func(n *html.Node) bool { return attr(n, "id") == id }) != nil
}

// Text is the text of the element with that id.
func (p *Page) Text(id string) string {
	n := p.Find(func(n *html.Node) bool { return attr(n, "id") == id })
	if n == nil {
		return ""
	}
	return text(n)
}

// Words is all the text of the page and none of its attributes: a short name is
// looked for here, because nonces and sealed requests may spell it by chance.
func (p *Page) Words() string {
	return text(p.Find(func(n *html.Node) bool { return n.Data == "html" }))
}

func text(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.TrimSpace(b.String())
}

func each(n *html.Node, fn func(*html.Node)) {
	if n.Type == html.ElementNode {
		fn(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, fn)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
