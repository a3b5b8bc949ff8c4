package web

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Handler is an HTTP handler that returns what went wrong; the answer to an
// error is written in one place.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Request is what is known of a request besides its bytes. It is made once and
// travels in the context.
type Request struct {
	ID     string
	Now    time.Time
	Tenant *tenant.Live
	Addr   netip.Addr // of the client, behind trusted proxies
	Route  string     // the matched native path, for logs and metrics

	// Filled in on the way, for the log line.
	Actor    string
	ClientID string
	Error    string
	Cause    error

	end func(method string, status int) // of its span, nil: none
}

type requestKey struct{}

// With returns r with q in its context.
func With(r *http.Request, q *Request) *http.Request {
	ctx := context.WithValue(r.Context(), requestKey{}, q)
	return r.WithContext(audit.WithActor(ctx, audit.Actor{Name: "anonymous", Address: q.Addr.String(), RequestID: q.ID}))
}

// From returns the Request of a context that With made.
func From(ctx context.Context) *Request {
	q, _ := ctx.Value(requestKey{}).(*Request)
	return q
}

// As returns a context in which name acts, at the request's address.
func As(ctx context.Context, name string) context.Context {
	a := audit.ActorOf(ctx)
	a.Name = name
	if q := From(ctx); q != nil {
		q.Actor = name
	}
	return audit.WithActor(ctx, a)
}
