package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/web"
)

// tracing sends spans to the operator's collector; nil where none is configured.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	proxies  []netip.Prefix
	log      *slog.Logger
}

// newTracing returns nil while tracing.otlp_endpoint is empty. Spans are sent in
// the background; a collector that is away costs the spans and nothing else.
func newTracing(ctx context.Context, cfg *config.Server, log *slog.Logger) (*tracing, error) {
	if cfg.Tracing.Endpoint == "" {
		return nil, nil
	}
	u, err := url.Parse(cfg.Tracing.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("tracing.otlp_endpoint: %w", err)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces" // OTLP/HTTP's own
	}
	ca, err := authorities(cfg)
	if err != nil {
		return nil, err
	}
	roots, err := egress.Roots(ca)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithTimeout(5*time.Second),
		otlptracehttp.WithHTTPClient(egress.Operator(roots)))
	if err != nil {
		return nil, fmt.Errorf("tracing.otlp_endpoint: %w", err)
	}
	// The library's own handler writes plain lines among JSON (LG2).
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces not sent", "err", err) }))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithExportTimeout(5*time.Second)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "foyer"))),
	)
	return &tracing{provider: provider, tracer: provider.Tracer("foyer"), proxies: cfg.TrustedProxies(), log: log}, nil
}

// close sends what is held; a stop does not fail because the collector is away.
func (t *tracing) close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.WarnContext(ctx, "the last traces were not sent", "err", err)
	}
}

// request begins the span of a request. A traceparent counts only from a proxy
// that the operator trusts: strangers do not write into the operator's traces.
// What a span says is what the log line says: no address, query or token (LG1).
func (t *tracing) request(r *http.Request, q *web.Request) (context.Context, func(method string, status int)) {
	ctx := r.Context()
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		for _, p := range t.proxies {
			if p.Contains(ap.Addr().Unmap()) {
				ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
			}
		}
	}
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(q.Now))
	return ctx, func(method string, status int) {
		route := q.Route
		if route == "" {
			route = "none"
		}
		span.SetName(methodLabel(method) + " " + route)
		span.SetAttributes(attribute.String("http.request.method", methodLabel(method)), attribute.String("http.route", route),
			attribute.Int("http.response.status_code", status), attribute.String("foyer.request_id", q.ID))
		if q.Tenant != nil {
			span.SetAttributes(attribute.String("foyer.tenant", q.Tenant.ID))
		}
		if q.Error != "" {
			span.SetAttributes(attribute.String("foyer.error", q.Error))
		}
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// job is a handler with a span for each attempt.
func (t *tracing) job(kind outbox.Kind, next outbox.Handler) outbox.Handler {
	if t == nil {
		return next
	}
	return func(ctx context.Context, j outbox.Job) outbox.Outcome {
		ctx, span := t.tracer.Start(ctx, "outbox "+string(kind), trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
			attribute.String("foyer.tenant", j.Tenant), attribute.String("foyer.receiver", j.Lane.Name()), attribute.Int("foyer.attempt", j.Attempts)))
		defer span.End()
		o := next(ctx, j)
		span.SetAttributes(attribute.String("foyer.outcome", string(o.State)), attribute.String("foyer.answer", o.Answer))
		if o.State != outbox.Delivered {
			span.SetStatus(codes.Error, "")
		}
		return o
	}
}
