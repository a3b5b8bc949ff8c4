package op_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/rptest"
)

const (
	ada = "ada@example.com"
	bob = "bob@example.com"
)

// journey is one person's browser on its way through an authorization request.
type journey struct {
	*testing.T
	w *rptest.World
	b *rptest.Browser
}

// q makes parameters of name and value in turn.
func q(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// open begins a request of a client and returns the screen it leads to, or the
// answer that goes to the client.
func (j *journey) open(client string, with url.Values) *rptest.Page {
	j.Helper()
	return j.b.Follow(j.b.Get(j.w.Authorize(client, with)))
}

// sealed begins a request and returns it as it travels.
func (j *journey) sealed(client string, with url.Values) string {
	j.Helper()
	p := j.b.Get(j.w.Authorize(client, with))
	u, err := url.Parse(p.Location())
	if err != nil || !u.Query().Has("r") {
		j.Fatalf("%v leads to %q, not to a screen", with, p.Location())
	}
	return u.Query().Get("r")
}

// resume opens a sealed request again.
func (j *journey) resume(sealed string) *rptest.Page {
	j.Helper()
	return j.b.Follow(j.b.Get("/authorize?r=" + sealed))
}

// signIn submits the login screen; where that leads is followed.
func (j *journey) signIn(p *rptest.Page, email string) *rptest.Page {
	j.Helper()
	return j.b.Follow(j.b.Submit(p, q("identifier", email, "password", rptest.Password)))
}

// submit presses a button; where that leads is followed.
func (j *journey) submit(p *rptest.Page, pairs ...string) *rptest.Page {
	j.Helper()
	return j.b.Follow(j.b.Submit(p, q(pairs...)))
}

func (j *journey) enter(email string, ago time.Duration) { j.b.Enter("default", email, ago) }

// stands names where a request stands, in the words of docs/next.md; an error of
// the client's is its code.
func stands(p *rptest.Page) string {
	switch a := p.Answer(); {
	case a.Get("code") != "":
		return "issue"
	case a.Get("error") != "":
		return a.Get("error")
	case p.Has("login-identifier"):
		return "sign in"
	case p.Has("register-email"):
		return "register"
	case p.Has("choose-continue"):
		return "choose"
	case p.Has("error-code"):
		return p.Text("error-code")
	case p.Has("consent-allow"):
		list := p.Find(func(n *html.Node) bool {
			return n.Data == "ul" && len(n.Attr) > 0 && strings.Contains(n.Attr[0].Val, "scopes")
		})
		if list == nil {
			return "continue"
		}
		return "consent"
	}
	return "?"
}

// want checks where a page stands.
func (j *journey) want(p *rptest.Page, step string) {
	j.Helper()
	if got := stands(p); got != step {
		j.Errorf("%s stands at %s, want %s (%d %q)", p.URL.Path, got, step, p.Status(), p.Location())
	}
}

// oneTenant is the default tenant of this package's tests alone.
var oneTenant = strings.TrimSuffix(tenants, otherTenants)

// replace changes a tenant file where it is written.
func replace(t *testing.T, file, old, with string) string {
	t.Helper()
	if !strings.Contains(file, old) {
		t.Fatalf("the tenant file has no %q", old)
	}
	return strings.Replace(file, old, with, 1)
}
