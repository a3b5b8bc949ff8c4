package screens

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/web"
)

func TestAPageThatCouldNotBeShownOffersItselfAgain(t *testing.T) {
	t.Parallel()
	s := &Screens{Renderer: newRenderer(t)}
	at := &tenant.Live{Tenant: tenant.New("acme"), BasePath: "/acme"}
	for _, c := range []struct{ method, target, route, want string }{
		{http.MethodGet, "/acme/login?r=abc_-&lang=fr", "/login", "/acme/login?r=abc_-&lang=fr"},
		{http.MethodGet, "/acme/connect/authorize?state=%22%3E%3Cb", "/authorize", "/acme/authorize?state=%22%3E%3Cb"},
		{http.MethodGet, "/acme//evil.example/", "", ""},
		{http.MethodPost, "/acme/login", "/login", ""},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.Header.Set("Accept", "text/html")
		q := &web.Request{Tenant: at, Route: c.route, Now: time.Now()}
		w := httptest.NewRecorder()
		s.Fail(w, web.With(r, q), web.Status(http.StatusServiceUnavailable))
		doc, err := html.Parse(strings.NewReader(w.Body.String()))
		if err != nil {
			t.Fatal(err)
		}
		var got string
		for _, n := range byID(doc, "retry") {
			got, _ = attr(n, "href")
		}
		if got != c.want || w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s %s: %d, again at %q, want %q", c.method, c.target, w.Code, got, c.want)
		}
	}
}
