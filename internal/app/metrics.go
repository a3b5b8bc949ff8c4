package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/token"
	"github.com/foyer-id/foyer/internal/web"
)

// metrics are what Prometheus reads. Labels are few and never a person's.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	series   series // of the first two

	attempts       *prometheus.CounterVec // of the outbox
	attemptSeconds *prometheus.HistogramVec
}

func newMetrics(db *sqlstore.DB, hasher *account.Hasher) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "foyer_requests_total", Help: "Answered requests."}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "foyer_request_seconds", Help: "Time to answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "foyer_refusals_total", Help: "Refused requests by error code."}, []string{"route", "error"}),
	}
	m.attempts = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "foyer_outbox_attempts_total", Help: "Attempts at jobs of the outbox (logout deliveries, mails) by what came of them."}, []string{"kind", "outcome"})
	m.attemptSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "foyer_outbox_attempt_seconds", Help: "Time of an attempt.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20}}, []string{"kind"})
	m.registry.MustRegister(m.attempts, m.attemptSeconds)
	counter := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f)
	}
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
	}
	m.registry.MustRegister(m.requests, m.seconds, m.refused, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		counter("foyer_db_statements_total", "Statements run.", func() float64 { return float64(db.Stats().Statements) }),
		counter("foyer_db_writes_total", "State transitions handed in.", func() float64 { return float64(db.Stats().Writes) }),
		counter("foyer_db_commits_total", "Durable commits; a group counts once.", func() float64 { return float64(db.Stats().Commits) }),
		counter("foyer_signatures_total", "JWTs signed.", func() float64 { return float64(token.Signatures()) }),
		gauge("foyer_hash_waiting", "Password checks that wait for a slot.", func() float64 { return float64(hasher.Stats().Waiting) }),
	)
	return m
}

// observe is called once for every answered request.
func (m *metrics) observe(q *web.Request, method string, status int, took time.Duration) {
	of := answered{q.Route, methodLabel(method), status}
	if of.route == "" {
		of.route = "none"
	}
	m.series.of(of, m.resolve).count(took)
	if q.Error != "" {
		m.refused.WithLabelValues(of.route, q.Error).Inc()
	}
}

func (m *metrics) resolve(of answered) *pair {
	return &pair{m.requests.WithLabelValues(of.route, of.method, strconv.Itoa(of.status)), m.seconds.WithLabelValues(of.route)}
}

// methodLabel keeps strangers from making a series for each word (DS5).
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// system are the routes without a tenant.
func (s *Server) system() []web.Route {
	get := func(path string, h web.Handler) web.Route {
		return web.Route{Path: path, Methods: map[string]web.Handler{http.MethodGet: h}}
	}
	return []web.Route{get("/healthz", s.alive), get("/readyz", s.readiness), get("/metrics", s.localMetrics)}
}

func (s *Server) alive(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, map[string]string{"status": "alive"})
}

// readiness looks at the database and the keys; it fails first when the server
// stops (spec/operating.md §6).
func (s *Server) readiness(w http.ResponseWriter, r *http.Request) error {
	stopping := s.drain.told()
	ctx, cancel := context.WithTimeout(r.Context(), 800*time.Millisecond) // an answer within a second (B1)
	defer cancel()
	err := s.DB.Ping(ctx)
	if err == nil {
		_, err = s.Directory.Refresh(ctx, s.Now())
	}
	for _, t := range s.Directory.All() {
		if err == nil {
			_, err = s.Keys.Ring(ctx, t.ID)
		}
	}
	if err != nil || stopping {
		web.From(r.Context()).Cause = err
		web.RetryAfter(w.Header(), time.Second)
		return web.JSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready"})
	}
	return web.JSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// localMetrics answers loopback clients on the main listener. Behind a proxy
// everybody may look like loopback, so then a listener of its own is needed.
func (s *Server) localMetrics(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	if s.Config.Metrics.Listen != "" || !q.Addr.IsLoopback() || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" || len(s.Config.TrustedProxies()) > 0 {
		return web.Status(http.StatusNotFound)
	}
	s.metrics.handler().ServeHTTP(w, r)
	return nil
}

// serveMetrics answers at metrics.listen, when it is configured.
func (s *Server) serveMetrics(l net.Listener, failed chan<- error) (stop func()) {
	if l == nil {
		return func() {}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.handler())
	srv := httpServer(mux)
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func() { srv.Close() }
}
