package op

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/web"
)

var (
	varyOrigin     = []string{"Origin"}
	allowedMethods = []string{"GET, POST"}
	documentMethod = []string{"GET"}
	allowedHeaders = []string{"Authorization, Content-Type"}
	exposedHeaders = []string{"WWW-Authenticate, Retry-After"}
	preflightAge   = []string{"600"}
)

// allowOrigin lets pages of the tenant's own applications read the answer
// (spec/tokens.md §5): an origin that a client is registered with, byte for
// byte, never with credentials.
func (p *Provider) allowOrigin(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h["Vary"] = append(h["Vary"], varyOrigin...)
	origins := r.Header["Origin"]
	if len(origins) != 1 {
		return false
	}
	q := web.From(r.Context())
	ok, err := p.Clients.OriginAllowed(r.Context(), q.Tenant.ID, origins[0])
	if err != nil {
		q.Cause = err // the answer itself does not depend on it
		return false
	}
	if ok {
		h["Access-Control-Allow-Origin"] = []string{origins[0]}
		h["Access-Control-Expose-Headers"] = exposedHeaders
	}
	return ok
}

// Preflight answers OPTIONS of the endpoints that allowOrigin serves, 204
// whoever asks.
func (p *Provider) Preflight(w http.ResponseWriter, r *http.Request) error {
	if p.allowOrigin(w, r) {
		h := w.Header()
		h["Access-Control-Allow-Methods"] = allowedMethods
		h["Access-Control-Allow-Headers"] = allowedHeaders
		h["Access-Control-Max-Age"] = preflightAge
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// PublicPreflight answers OPTIONS of documents that anybody may read.
func PublicPreflight(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Allow-Methods"] = documentMethod
	h["Access-Control-Max-Age"] = preflightAge
	w.WriteHeader(http.StatusNoContent)
	return nil
}
