package op_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/web"
)

// tables are those in which a request could leave something.
var tables = strings.Fields("accounts identifiers keys revoked_tokens sessions participants grants refresh_tokens access_tokens progress consents devices throttle seen audit clients tenants objects")

// stored counts the rows of each table.
func stored(t *testing.T, w *rptest.World) string {
	t.Helper()
	var out strings.Builder
	for _, table := range tables {
		var n int
		if err := w.Server.DB.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		fmt.Fprintf(&out, "%s %d\n", table, n)
	}
	return out.String()
}

// TestHD9_MethodMatrix: of all routes and methods, only POST, and the GETs of
// /authorize and /endsession, leave anything behind.
func TestHD9_MethodMatrix(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	w.Wait(time.Hour)
	b := w.Browser()
	b.Enter("default", "ada.hd9@example.com", time.Minute)
	tokens := b.Tokens("web", nil)
	params := "?" + q("client_id", "web", "redirect_uri", rptest.Callback, "response_type", "code", "post_logout_redirect_uri", rptest.Bye, "id_token_hint", tokens.Get("id_token"),
		"identifier", ada, "password", rptest.Password, "email", "hd9@example.com", "action", "allow", "scope", "everywhere", "choice", "continue", "grant_type", "client_credentials",
		"token", tokens.Get("refresh_token"), "client_secret", rptest.Secret, "refresh_token", tokens.Get("refresh_token")).Encode()
	before := stored(t, w)
	for _, route := range w.Server.Routes {
		for _, path := range append(route.Aliases, route.Path) {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "QUERY", "get"} {
				if method == "GET" && (route.Path == "/authorize" || route.Path == "/endsession") || method == "CONNECT" {
					continue
				}
				p := b.Send(method, path+params, "", http.Header{"Authorization": {"Bearer " + tokens.Get("access_token")}, "Sec-Fetch-Site": {"same-origin"}})
				check(t, w, method+" "+path, route, method, p)
			}
		}
	}
	if after := stored(t, w); after != before {
		t.Errorf("something was left behind:\n%s\nwas\n%s", after, before)
	}
	if !b.Alive() || w.Refresh("web", tokens.Get("refresh_token")).Status != http.StatusOK {
		t.Error("something ended the session or its tokens")
	}
}

// check is one cell of the matrix.
func check(t *testing.T, w *rptest.World, what string, route web.Route, method string, p *rptest.Page) {
	t.Helper()
	_, listed := route.Methods[method]
	reads := method == "GET" || method == "HEAD"
	switch {
	case p.Status() >= 500:
		t.Errorf("%s: %d", what, p.Status())
	case method == "HEAD" && (route.Path == "/authorize" || route.Path == "/endsession"), !listed && !reads && method != "OPTIONS":
		if p.Status() != http.StatusMethodNotAllowed || p.Header().Get("Allow") == "" || strings.Contains(p.Header().Get("Allow"), method) {
			t.Errorf("%s: %d, Allow %q", what, p.Status(), p.Header().Get("Allow"))
		}
	case method == "OPTIONS" && p.Status() != http.StatusNoContent && p.Status() != http.StatusMethodNotAllowed:
		t.Errorf("%s: %d", what, p.Status())
	}
	for _, c := range p.Header()["Set-Cookie"] {
		if !strings.Contains(c, ".lang=") {
			t.Errorf("%s: set %q", what, c)
		}
	}
	if strings.Contains(p.Body.String(), rptest.Password) || method == "TRACE" && strings.Contains(p.Body.String(), "Bearer") {
		t.Errorf("%s: repeats what was sent", what)
	}
}
