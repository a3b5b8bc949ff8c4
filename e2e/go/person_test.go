package e2e

import (
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// person is somebody with a browser: cookies, redirects up to an application's
// address, and forms.
type person struct {
	*testing.T
	http.Client
	issuer string
}

// errArrived stops at the first address that is not Foyer's.
var errArrived = errors.New("arrived")

func newPerson(t *testing.T, issuer string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{T: t, issuer: issuer}
	p.Jar = jar
	p.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), issuer+"/") {
			return errArrived
		}
		return nil
	}
	return p
}

// visit opens an address. It returns where an application was reached, or the
// form of the page that was.
func (p *person) visit(r *http.Request) (arrived *url.URL, page *http.Response) {
	p.Helper()
	r.Header.Set("Accept", "text/html")
	res, err := p.Do(r)
	var stopped *url.Error
	if errors.As(err, &stopped) && errors.Is(err, errArrived) {
		u, err := res.Location()
		if err != nil {
			p.Fatal(err)
		}
		return u, nil
	}
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { res.Body.Close() })
	return nil, res
}

func (p *person) get(address string) (*url.URL, *http.Response) {
	p.Helper()
	r, err := http.NewRequestWithContext(p.Context(), http.MethodGet, address, nil)
	if err != nil {
		p.Fatal(err)
	}
	return p.visit(r)
}

// submit posts the page's form with its hidden fields and these.
func (p *person) submit(page *http.Response, fields url.Values) (*url.URL, *http.Response) {
	p.Helper()
	doc, err := html.Parse(page.Body)
	if err != nil {
		p.Fatal(err)
	}
	action := ""
	for n := range doc.Descendants() {
		if n.Data == "form" && value(n, "method") == "post" {
			action = value(n, "action")
			for in := range n.Descendants() {
				if in.Data == "input" && value(in, "type") == "hidden" {
					fields.Set(value(in, "name"), value(in, "value"))
				}
			}
		}
	}
	if action == "" {
		p.Fatalf("%s has no form", page.Request.URL)
	}
	r, err := http.NewRequestWithContext(p.Context(), http.MethodPost, p.issuer+action, strings.NewReader(fields.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", p.issuer)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.visit(r)
}

func value(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
