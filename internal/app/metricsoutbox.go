package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// attempted is called once for every attempt at a job of the outbox.
func (m *metrics) attempted(j outbox.Job, o outbox.Outcome, took time.Duration) {
	outcome := string(o.State)
	if o.State == outbox.Pending {
		outcome = "retry"
	}
	m.attempts.WithLabelValues(string(j.Kind), outcome).Inc()
	m.attemptSeconds.WithLabelValues(string(j.Kind)).Observe(took.Seconds())
}

// gaveUp counts jobs that died without another attempt, beside those that died
// with their last.
func (m *metrics) gaveUp(kind outbox.Kind, jobs int) {
	m.attempts.WithLabelValues(string(kind), string(outbox.Dead)).Add(float64(jobs))
}

// backlog reads what waits in the outbox when Prometheus asks.
type backlog struct {
	store  *sqlstore.Store
	jobs   *prometheus.Desc
	oldest *prometheus.Desc
}

// watchOutbox adds what waits and which receivers are given a pause.
func (m *metrics) watchOutbox(store *sqlstore.Store, w *outbox.Worker) {
	m.registry.MustRegister(
		&backlog{store,
			prometheus.NewDesc("foyer_outbox_pending", "Jobs that wait or are being tried.", []string{"kind"}, nil),
			prometheus.NewDesc("foyer_outbox_oldest_timestamp_seconds", "When the oldest of them was made.", []string{"kind"}, nil)},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "foyer_outbox_paused_lanes", Help: "Receivers given a pause by this node after failures in a row."},
			func() float64 { return float64(w.Paused()) }),
	)
}

// Describe implements prometheus.Collector.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) { ch <- b.jobs; ch <- b.oldest }

// Collect implements prometheus.Collector. A database that is out of reach
// leaves the two out; other metrics say why.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	waiting, err := b.store.Backlog(ctx)
	if err != nil {
		return
	}
	for kind, w := range waiting {
		ch <- prometheus.MustNewConstMetric(b.jobs, prometheus.GaugeValue, float64(w.Jobs), string(kind))
		ch <- prometheus.MustNewConstMetric(b.oldest, prometheus.GaugeValue, float64(w.Oldest)/1e6, string(kind))
	}
}
