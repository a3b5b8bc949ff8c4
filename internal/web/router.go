package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/tenant"
)

// Route is one endpoint: its native path below a tenant's base, the aliases
// that are the same handler, and a handler for each method. A segment in braces
// stands for one of any text, which the handler reads with PathValue.
type Route struct {
	Path    string
	Aliases []string
	Methods map[string]Handler
	CORS    bool // answers OPTIONS with 204 (spec/tokens.md §5)
	Screen  bool // state-changing requests must be same-origin (HD1)
	Prefix  bool // Path is the start of many paths
	// Named: where neither host nor path names a tenant, the header Tenant-ID may.
	Named bool
}

// routes finds a Route by path with one map lookup. An exact table, not a
// ServeMux: aliases are data, one trailing slash is accepted, and no path is
// ever cleaned by redirect (docs/decisions/0002-routes-are-a-table.md).
type routes struct {
	exact    map[string]*Route
	patterns []pattern
	prefixes []*Route
}

func newRoutes(list []Route) *routes {
	t := &routes{exact: map[string]*Route{}}
	for i := range list {
		r := &list[i]
		if r.Prefix {
			t.prefixes = append(t.prefixes, r)
			continue
		}
		for _, p := range append([]string{r.Path}, r.Aliases...) {
			if strings.Contains(p, "{") {
				t.patterns = append(t.patterns, newPattern(r, p))
				continue
			}
			if _, dup := t.exact[p]; dup {
				panic("two routes for " + p)
			}
			t.exact[p] = r
		}
	}
	return t
}

func (t *routes) find(path string) *Route {
	if r, ok := t.exact[path]; ok {
		return r
	}
	if len(path) > 1 && path[len(path)-1] == '/' && !strings.HasSuffix(path, "//") {
		if r, ok := t.exact[path[:len(path)-1]]; ok {
			return r
		}
	}
	return nil
}

// prefix is find for the starts of paths.
func (t *routes) prefix(path string) *Route {
	for _, r := range t.prefixes {
		if strings.HasPrefix(path, r.Path) {
			return r
		}
	}
	return nil
}

// pick returns the handler for a method; HEAD is GET unless GET changes
// something, which such routes say by listing HEAD themselves.
func (r *Route) pick(method string) Handler {
	if h, ok := r.Methods[method]; ok {
		return h
	}
	if method == http.MethodHead {
		return r.Methods[http.MethodGet]
	}
	return nil
}

// Allow is the Allow header of a 405 (RFC 9110 §10.2.1).
func (r *Route) Allow() string {
	var out []string
	for m, h := range r.Methods {
		if h == nil {
			continue
		}
		out = append(out, m)
		if m == http.MethodGet && r.pick(http.MethodHead) != nil {
			out = append(out, http.MethodHead)
		}
	}
	if r.CORS {
		out = append(out, http.MethodOptions)
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), ", ")
}

// Guard refuses state-changing requests to screens that another site made
// (HD1): by Sec-Fetch-Site or Origin, and, when a request has neither, if it
// carries a cookie of ours.
func Guard(r *http.Request, t *tenant.Live) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return !HasCookie(r)
	}
	if r.Header.Get("Origin") == "null" && r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return false // a sandboxed frame, which may navigate by itself ("none")
	}
	p := http.NewCrossOriginProtection()
	if err := p.AddTrustedOrigin(t.Origin); err != nil {
		return false
	}
	// A trusted Origin is believed only where the browser does not say
	// otherwise: another site's page cannot forge Sec-Fetch-Site.
	if s := r.Header.Get("Sec-Fetch-Site"); s != "" && s != "same-origin" && s != "none" {
		return false
	}
	return p.Check(r) == nil
}
