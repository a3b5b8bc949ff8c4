package rptest

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Attr is an attribute of the element with that id, "" when there is none.
func (p *Page) Attr(id, name string) string {
	if n := p.Find(func(n *html.Node) bool { return attr(n, "id") == id }); n != nil {
		return attr(n, name)
	}
	return ""
}

// Form is the page's form other than the language menu: where it leads and its
// hidden fields. The action is "" when there is none.
func (p *Page) Form() (action string, fields url.Values) {
	form := p.Find(func(n *html.Node) bool { return n.Data == "form" && attr(n, "method") == "post" })
	if form == nil {
		return "", nil
	}
	fields = url.Values{}
	each(form, func(n *html.Node) {
		if n.Data == "input" && attr(n, "type") == "hidden" {
			fields.Add(attr(n, "name"), attr(n, "value"))
		}
	})
	return attr(form, "action"), fields
}

// Elements calls fn for each element of the page.
func (p *Page) Elements(fn func(n *html.Node)) {
	p.Find(func(n *html.Node) bool { fn(n); return false })
}

// LeadsTo tells whether anything on the page leads to an address that contains
// s: a link, a form, a picture, a refresh.
func (p *Page) LeadsTo(s string) bool {
	found := false
	p.Elements(func(n *html.Node) {
		for _, a := range n.Attr {
			switch a.Key {
			case "href", "src", "action", "formaction", "content", "srcset", "poster", "data", "ping":
				found = found || strings.Contains(a.Val, s)
			}
		}
	})
	return found
}
