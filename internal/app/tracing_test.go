package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/foyer-id/foyer/internal/storetest"
)

// collected is a collector that keeps what it was sent.
type collected struct {
	mu    sync.Mutex
	spans map[string][]string // attributes and parent by span name
	raw   strings.Builder
}

func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = z
	}
	b, err := io.ReadAll(body)
	var m collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(b, &m)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "not a trace", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(b)
	for _, rs := range m.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				list := []string{"parent=" + string(s.ParentSpanId)}
				for _, a := range s.Attributes {
					list = append(list, a.Key+"="+a.Value.GetStringValue())
				}
				c.spans[s.Name] = append(c.spans[s.Name], strings.Join(list, " "))
			}
		}
	}
}

// LG1: a span names the route, never what was sent; a stranger's traceparent
// is not believed.
func TestLG1_SpansAreSentAndSayNoSecrets(t *testing.T) {
	t.Parallel()
	got := &collected{spans: map[string][]string{}}
	there := httptest.NewServer(got)
	defer there.Close()
	cfg := testConfig(t, storetest.MigratedSQLite(t))
	cfg.Tracing.Endpoint, cfg.Proxies = there.URL, []string{"10.0.0.0/8"}
	c := open(t, cfg)
	must(t, c.EnsureTenant(t.Context()))
	s, err := NewServer(c)
	must(t, err)
	for from, path := range map[string]string{"192.0.2.1:1": "/authorize?state=CANARY&client_id=x", "10.1.2.3:1": "/.well-known/jwks.json"} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost:8080"+path, nil)
		r.RemoteAddr = from
		r.Header.Set("Authorization", "Bearer CANARY")
		r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		s.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	s.tracing.close(t.Context())
	stranger, proxied := got.spans["GET /authorize"], got.spans["GET /.well-known/jwks.json"]
	if len(stranger) != 1 || len(proxied) != 1 {
		t.Fatalf("spans: %v", got.spans)
	}
	if !strings.Contains(stranger[0], "http.route=/authorize") || !strings.HasPrefix(stranger[0], "parent= ") {
		t.Errorf("a stranger's request: %q", stranger[0])
	}
	if strings.HasPrefix(proxied[0], "parent= ") {
		t.Errorf("a trusted proxy's traceparent was dropped: %q", proxied[0])
	}
	if strings.Contains(got.raw.String(), "CANARY") {
		t.Error("a span carries what was sent")
	}
}

// A collector that is away costs the spans and a line of the log, JSON like all
// others (LG2); a stop goes on.
func TestLG2_ACollectorThatIsAwayIsALineOfTheLog(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	cfg := testConfig(t, storetest.MigratedSQLite(t))
	cfg.Tracing.Endpoint = gone.URL
	var log bytes.Buffer
	tr, err := newTracing(t.Context(), cfg, slog.New(slog.NewJSONHandler(&log, nil)))
	must(t, err)
	_, span := tr.tracer.Start(t.Context(), "request")
	span.End()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // as at a stop
	tr.close(ctx)
	if line := log.String(); !json.Valid([]byte(strings.SplitN(line, "\n", 2)[0])) || !strings.Contains(line, "traces") {
		t.Errorf("logged %q", line)
	}
}
