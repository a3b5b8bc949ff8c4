package proof

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/web"
)

const (
	ada = "ada@example.com"
	bob = "bob@example.com"
)

// world is a fresh Foyer on SQLite.
func world(t *testing.T) *rptest.World {
	t.Helper()
	return rptest.New(t, rptest.Tenant, rptest.Options{})
}

// tables returns every row of every table as text, by table.
func tables(t testing.TB, address string) map[string][]string {
	t.Helper()
	driver, names := "pgx", `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	if file, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, names, address = "sqlite", `SELECT name FROM sqlite_master WHERE type = 'table'`, file
	}
	db, err := sql.Open(driver, address)
	must(t, err)
	defer db.Close()
	out := map[string][]string{}
	for _, row := range read(t, db, names) {
		out[row] = read(t, db, `SELECT * FROM "`+row+`"`)
	}
	if len(out) < 10 {
		t.Fatalf("only %d tables", len(out))
	}
	return out
}

func read(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	var out []string
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		dest := make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		must(t, rows.Scan(dest...))
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = v.String
		}
		out = append(out, strings.Join(texts, "\t"))
	}
	must(t, rows.Err())
	return out
}

// dump is everything that is stored, as one text.
func dump(t testing.TB, address string) string {
	t.Helper()
	var b strings.Builder
	for name, rows := range tables(t, address) {
		for _, r := range rows {
			fmt.Fprintf(&b, "%s\t%s\n", name, r)
		}
	}
	return b.String()
}

// paths returns every path of a route: native and aliases.
func paths(r web.Route) []string {
	if r.Prefix {
		return []string{r.Path + "foyer.0000000000000000.css", r.Path + "nothing"}
	}
	return append([]string{r.Path}, r.Aliases...)
}

// request makes a request to the world; body is a form when it is a POST.
func request(w *rptest.World, method, path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(method, w.Base+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

// elements calls fn for each element of a page.
func elements(t testing.TB, page string, fn func(n *html.Node)) {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	must(t, err)
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			fn(n)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// signedIn returns a browser in which identifier is signed in, and the tokens
// that a client got.
func signedIn(w *rptest.World, identifier, clientID string) (*rptest.Browser, *rptest.Answer) {
	w.T.Helper()
	b := w.Browser()
	code := b.SignIn(w.Authorize(clientID, url.Values{"scope": {"openid profile email offline_access"}}), identifier, rptest.Password)
	a := w.Redeem(clientID, code)
	if a.Status != http.StatusOK {
		w.T.Fatalf("token answered %d %s", a.Status, a.Raw)
	}
	return b, a
}

// isSignedIn tells whether /authorize gives the browser a code without a screen.
func isSignedIn(w *rptest.World, b *rptest.Browser, clientID string) bool {
	w.T.Helper()
	return b.Get(w.Authorize(clientID, url.Values{"prompt": {"none"}})).Answer().Get("code") != ""
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
