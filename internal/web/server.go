package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

// MaxBody is the size of a request body that is read, in bytes (DS1).
const MaxBody = 64 << 10

// Options is what a Server is made of.
type Options struct {
	Routes  []Route
	System  []Route // without tenant: health, metrics
	Tenants *tenant.Directory
	Trusted []netip.Prefix // proxies whose forwarding headers are believed
	Now     func() time.Time
	Log     *slog.Logger
	// Fail answers what a handler returned; q.Tenant may be nil.
	Fail func(w http.ResponseWriter, r *http.Request, err error)
	// Observe is told of every answered request.
	Observe func(q *Request, method string, status int, took time.Duration)
	// Trace begins a span and returns what ends it; nil: none.
	Trace func(r *http.Request, q *Request) (context.Context, func(method string, status int))
}

// Server finds the tenant and the route of each request and runs it.
type Server struct {
	Options
	routes, system *routes
}

// NewServer returns the handler for everything.
func NewServer(o Options) *Server {
	return &Server{Options: o, routes: newRoutes(o.Routes), system: newRoutes(o.System)}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := s.Now()
	q := &Request{ID: secret.Random(9), Now: start, Addr: s.client(r)}
	r = With(r, q)
	if s.Trace != nil {
		var ctx context.Context
		ctx, q.end = s.Trace(r, q)
		r = r.WithContext(ctx)
	}
	a := &answer{ResponseWriter: w}
	w.Header()["X-Content-Type-Options"] = nosniff
	defer s.finish(a, r, q, start)
	if err := s.serve(a, r, q); err != nil {
		s.fail(a, r, q, err)
	}
}

var nosniff = []string{"nosniff"}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, q *Request) error {
	route := s.system.find(r.URL.Path)
	if route == nil {
		var err error
		if route, err = s.tenantRoute(r, q); err != nil {
			return err
		}
	}
	q.Route = route.Path
	h := route.pick(r.Method)
	switch {
	case r.Method == http.MethodOptions && route.CORS && h == nil:
		return Status(http.StatusNoContent)
	case h == nil:
		w.Header().Set("Allow", route.Allow())
		return Status(http.StatusMethodNotAllowed)
	case r.Header.Get("Content-Encoding") != "": // DS11
		return Status(http.StatusUnsupportedMediaType)
	case route.Screen && !Guard(r, q.Tenant):
		return &Refused{Status: http.StatusForbidden, Code: "cross_origin"}
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(bare(w), r.Body, MaxBody)
	}
	return h(w, r)
}

func (s *Server) tenantRoute(r *http.Request, q *Request) (*Route, error) {
	if _, err := s.Tenants.Refresh(r.Context(), q.Now); err != nil {
		return nil, err
	}
	if p, ok := strings.CutPrefix(r.URL.Path, metadataPath+"/"); ok {
		if t, ok := s.Tenants.ByIssuerPath(r.Host, "/"+strings.TrimSuffix(p, "/")); ok {
			q.Tenant = t
			return s.routes.find(metadataPath), nil
		}
	}
	if route, err := s.namedRoute(r, q); route != nil || err != nil {
		return route, err
	}
	t, rest, ok := s.Tenants.Resolve(r.Host, r.URL.Path)
	if !ok {
		return nil, Status(http.StatusNotFound)
	}
	q.Tenant = t
	route := s.route(r, t, rest)
	if route == nil {
		return nil, Status(http.StatusNotFound)
	}
	return route, nil
}

// route finds the route of a path below a tenant's base.
func (s *Server) route(r *http.Request, t *tenant.Live, rest string) *Route {
	if route := s.routes.find(rest); route != nil {
		return route
	}
	escaped := rest
	if r.URL.RawPath != "" {
		same, raw, ok := s.Tenants.Resolve(r.Host, r.URL.RawPath)
		if !ok || same.ID != t.ID {
			return nil // the tenant's own name is never escaped
		}
		escaped = raw
	}
	if route := s.routes.match(r, escaped); route != nil {
		return route
	}
	return s.routes.prefix(rest)
}

// tenantHeader names the tenant of a Named route (reference/akamai.md §2.1).
const tenantHeader = "Tenant-Id"

// namedRoute finds route and tenant of a request that names its tenant in the
// header, nil when it does not. The header speaks only where host and path are
// silent, and may not contradict them (MT1); what the caller may do there is
// decided by the token, which must be of that tenant.
func (s *Server) namedRoute(r *http.Request, q *Request) (*Route, error) {
	ids := r.Header[tenantHeader]
	if len(ids) == 0 {
		return nil, nil
	}
	rest, unnamed := s.Tenants.Unnamed(r.Host, r.URL.Path)
	if !unnamed {
		t, rest, ok := s.Tenants.Resolve(r.Host, r.URL.Path)
		if !ok {
			return nil, nil
		}
		route := s.route(r, t, rest)
		if route != nil && route.Named && (len(ids) > 1 || ids[0] != t.ID) {
			q.Tenant, q.Route = t, route.Path
			return nil, &Refused{Status: http.StatusBadRequest, Code: "tenant_mismatch", Detail: "Tenant-ID names another tenant than the address; send one of the two"}
		}
		return nil, nil
	}
	route := s.routes.find(rest)
	if route == nil {
		route = s.routes.match(r, rest)
	}
	if route == nil || !route.Named {
		return nil, nil
	}
	t, ok := s.Tenants.Find(ids[0])
	if !ok || len(ids) > 1 {
		q.Route = route.Path
		return nil, Status(http.StatusNotFound)
	}
	q.Tenant = t
	return route, nil
}

// metadataPath answers at a host's root for issuers with a path (RFC 8414 §3.1).
const metadataPath = "/.well-known/oauth-authorization-server"

func (s *Server) fail(a *answer, r *http.Request, q *Request, err error) {
	var st Status
	if errors.As(err, &st) && st == http.StatusNoContent {
		a.WriteHeader(int(st))
		return
	}
	if a.status != 0 {
		q.Cause = err // the answer had begun: only the log can say so
		return
	}
	if r.Context().Err() != nil && Refuse(err).Status >= http.StatusInternalServerError {
		// Nobody reads the answer, and strangers who hang up are not faults.
		q.Error, q.Cause = "client_gone", err
		a.WriteHeader(statusGone)
		return
	}
	s.Fail(a, r, err)
}

// statusGone is what the log and the metrics say of a request whose sender hung
// up before it was answered; it is never read.
const statusGone = 499

func (s *Server) finish(a *answer, r *http.Request, q *Request, start time.Time) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		q.Cause = &Panic{Value: p}
		if a.status == 0 {
			s.Fail(a, r, q.Cause)
		}
	}
	took := s.Now().Sub(start)
	if s.Observe != nil {
		s.Observe(q, r.Method, a.code(), took)
	}
	if q.end != nil {
		q.end(r.Method, a.code())
	}
	level := slog.LevelInfo
	if a.code() >= 500 && !Prefetched(r) { // a prefetch is refused by design
		level = slog.LevelError
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	s.Log.LogAttrs(context.WithoutCancel(r.Context()), level, "request", q.attrs(r.Method, a.code(), took)...)
}

// attrs are the members of the one log line of a request: never a query string,
// a cookie or a token (LG1, LG4).
func (q *Request) attrs(method string, status int, took time.Duration) []slog.Attr {
	out := make([]slog.Attr, 0, 11)
	out = append(out, slog.String("id", q.ID), slog.String("method", legible(method)), slog.String("route", q.Route),
		slog.Int("status", status), slog.Int64("us", took.Microseconds()), slog.String("addr", q.Addr.String()))
	if q.Tenant != nil {
		out = append(out, slog.String("tenant", q.Tenant.ID))
	}
	if q.ClientID != "" {
		out = append(out, slog.String("client_id", legible(q.ClientID)))
	}
	if q.Actor != "" {
		out = append(out, slog.String("actor", q.Actor))
	}
	if q.Error != "" {
		out = append(out, slog.String("error", q.Error))
	}
	if q.Cause != nil {
		out = append(out, slog.String("cause", legible(q.Cause.Error())))
	}
	return out
}

// maxLogged bounds what a request can put into a log line, in bytes.
const maxLogged = 1000

// legible takes out what moves the cursor, colours or reorders a line when a
// log is read: control, bidirectional and other format characters (LG2).
func legible(s string) string {
	if len(s) > maxLogged {
		s = s[:maxLogged]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

func (s *Server) client(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	if len(s.Trusted) == 0 {
		return ap.Addr().Unmap()
	}
	return config.ClientIP(ap.Addr(), r.Header.Values("X-Forwarded-For"), r.Header.Values("Forwarded"), s.Trusted)
}

// bare is net/http's own writer: MaxBytesReader tells it, and it alone, that the
// rest of the body need not arrive before the answer (DS1).
func bare(w http.ResponseWriter) http.ResponseWriter {
	if a, ok := w.(*answer); ok {
		return a.ResponseWriter
	}
	return w
}

// answer remembers the status that was written.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) code() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}

// RetryAfter sets the header, in whole seconds and at least one.
func RetryAfter(h http.Header, d time.Duration) {
	h.Set("Retry-After", strconv.Itoa(max(1, int((d+time.Second-1)/time.Second))))
}
