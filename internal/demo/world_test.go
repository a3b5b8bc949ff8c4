package demo_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/demo"
	"github.com/foyer-id/foyer/internal/rptest"
)

// world is a real Foyer on localhost and the demo on 127.0.0.1, both listening.
type world struct {
	*rptest.World
	t    *testing.T
	demo string
	told chan int // statuses that the demo answered logout tokens with
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var foyer, app http.Handler
	fs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { foyer.ServeHTTP(w, r) }))
	told := make(chan int, 16)
	ds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/backchannel-logout") {
			app.ServeHTTP(w, r)
			return
		}
		rec := httptest.NewRecorder()
		app.ServeHTTP(rec, r)
		w.WriteHeader(rec.Code)
		told <- rec.Code
	}))
	t.Cleanup(fs.Close)
	t.Cleanup(ds.Close)
	w := rptest.New(t, rptest.Tenant, rptest.Options{
		PublicURL: strings.Replace(fs.URL, "127.0.0.1", "localhost", 1), Flags: map[string]string{"egress-allow-private-networks": "127.0.0.1/32"},
	})
	clients := demo.Clients(ds.URL)
	for _, spec := range clients {
		got, err := w.Server.Clients.Create(t.Context(), "default", spec, client.CheckContext{Origin: client.FromOperator})
		if err != nil || len(got.Warnings) > 0 {
			t.Fatalf("register %s: %v %v", spec.ClientID, err, got.Warnings)
		}
	}
	o := demo.Options{Issuer: w.Base, Base: ds.URL, Clients: clients, Now: w.Now}
	o.Account.Identifier, o.Account.Password = "ada@example.com", rptest.Password
	a, err := demo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	foyer, app = w.Server.Handler, a.Handler()
	return &world{World: w, t: t, demo: ds.URL, told: told}
}

// deliver lets Foyer tell the demo of n sign-outs.
func (w *world) deliver(n int) {
	w.t.Helper()
	ctx, stop := context.WithTimeout(w.t.Context(), 10*time.Second)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Server.Worker.Run(ctx)
	}()
	for i := range n {
		select {
		case status := <-w.told:
			if status != http.StatusOK {
				w.t.Errorf("the demo answered %d", status)
			}
		case <-done:
			w.t.Fatalf("told %d of %d times", i, n)
		}
	}
	stop()
	<-done
}

// browser follows redirects between the two sites, each with its cookies.
type browser struct {
	w    *world
	http *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w, &http.Client{Jar: jar}}
}

// page is where a browser ended up.
type page struct {
	t      *testing.T
	status int
	url    *url.URL
	header http.Header
	body   string
	doc    *html.Node
}

func (b *browser) send(method, address string, form url.Values, header ...string) *page {
	t := b.w.t
	t.Helper()
	if strings.HasPrefix(address, "/") {
		address = b.w.demo + address
	}
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	return &page{t, res.StatusCode, res.Request.URL, res.Header, string(body), doc}
}

func (b *browser) get(address string) *page {
	b.w.t.Helper()
	return b.send(http.MethodGet, address, nil)
}

// click follows a link or submits the form of the element with an id.
func (b *browser) click(p *page, id string, with ...string) *page {
	b.w.t.Helper()
	n := p.element(id)
	if n == nil {
		b.w.t.Fatalf("no %s at %s:\n%s", id, p.url, p.body)
	}
	if n.Data == "a" {
		return b.get(p.resolve(attr(n, "href")))
	}
	form := n
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	v := url.Values{}
	walk(form, func(n *html.Node) {
		if n.Data == "input" && attr(n, "name") != "" {
			v.Set(attr(n, "name"), attr(n, "value"))
		}
	})
	if name := attr(n, "name"); name != "" {
		v.Set(name, attr(n, "value"))
	}
	for i := 0; i < len(with); i += 2 {
		v.Set(with[i], with[i+1])
	}
	return b.send(http.MethodPost, p.resolve(attr(form, "action")), v)
}

// signIn goes from the demo's button through Foyer's login form.
func (b *browser) signIn(who string) *page {
	b.w.t.Helper()
	login := b.click(b.get("/"), "demo-sign-in")
	if login.url.Hostname() != "localhost" {
		b.w.t.Fatalf("not at Foyer but at %s:\n%s", login.url, login.body)
	}
	return b.click(login, "login-submit", "identifier", who, "password", rptest.Password)
}

func (p *page) resolve(ref string) string {
	u, err := p.url.Parse(ref)
	if err != nil {
		p.t.Fatal(err)
	}
	return u.String()
}

func (p *page) element(id string) (found *html.Node) {
	walk(p.doc, func(n *html.Node) {
		if attr(n, "id") == id {
			found = n
		}
	})
	return found
}

// want fails unless the page has an element with that id.
func (p *page) want(id string) *page {
	p.t.Helper()
	if p.element(id) == nil {
		p.t.Fatalf("no %s at %s (%d):\n%s", id, p.url, p.status, p.body)
	}
	return p
}

// claim is a row of the page's tables.
func (p *page) claim(name string) string {
	var value string
	walk(p.doc, func(n *html.Node) {
		if n.Data != "tr" {
			return
		}
		var cells []string
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if c.Type == html.ElementNode {
				cells = append(cells, text(c))
			}
		}
		if len(cells) == 3 && cells[0] == name && value == "" {
			value = cells[1]
		}
	})
	return value
}

// hops are the headings of the journey.
func (p *page) hops() (titles []string) {
	walk(p.doc, func(n *html.Node) {
		if n.Data == "h2" {
			titles = append(titles, text(n))
		}
	})
	return titles
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return strings.TrimSpace(b.String())
}

func walk(n *html.Node, fn func(*html.Node)) {
	if n.Type == html.ElementNode {
		fn(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, fn)
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
