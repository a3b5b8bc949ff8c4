package web

import (
	"net/http"
	"net/url"
	"strings"
)

// pattern is a route with values in its path, by segments.
type pattern struct {
	route *Route
	parts []string
}

func newPattern(r *Route, path string) pattern {
	return pattern{r, strings.Split(path[1:], "/")}
}

// match finds the route whose pattern an escaped path has, and gives its values
// to the request: a client_id may be an address, whose slashes come escaped. One
// trailing slash is accepted, as everywhere.
func (t *routes) match(r *http.Request, escaped string) *Route {
	if len(escaped) < 2 || len(t.patterns) == 0 {
		return nil
	}
	parts := strings.Split(strings.TrimSuffix(escaped[1:], "/"), "/")
	for _, p := range t.patterns {
		if values, ok := p.values(parts); ok {
			for name, v := range values {
				r.SetPathValue(name, v)
			}
			return p.route
		}
	}
	return nil
}

func (p pattern) values(parts []string) (map[string]string, bool) {
	if len(parts) != len(p.parts) {
		return nil, false
	}
	values := map[string]string{}
	for i, want := range p.parts {
		got, err := url.PathUnescape(parts[i])
		name, ok := strings.CutPrefix(want, "{")
		switch {
		case err != nil || got == "":
			return nil, false
		case ok:
			values[strings.TrimSuffix(name, "}")] = got
		case got != want:
			return nil, false
		}
	}
	return values, true
}
