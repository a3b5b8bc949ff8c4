package rptest

import (
	"log/slog"
	"testing"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// Node starts a second server on the World's database, with its master key, its
// clock and caches of its own: two nodes behind one address. Only the first
// World's Wait moves the clock.
func (w *World) Node() *World {
	w.T.Helper()
	n := &World{T: w.T, Base: w.Base, Database: w.Database, Log: &Log{}, now: w.Now()}
	log := slog.New(slog.NewJSONHandler(n.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	core, err := app.Open(w.T.Context(), w.Server.Config, app.Env{Now: w.Now, Log: log, Storage: sqlstore.Options{Wait: storetest.Patience}})
	check(w.T, err)
	w.T.Cleanup(func() { check(w.T, core.Close()) })
	n.Server, err = app.NewServer(core)
	check(w.T, err)
	return n
}

// BothAndNodes is Both, and fn once more on PostgreSQL with two nodes that take
// the requests in turn: what one has done the other must know.
func BothAndNodes(t *testing.T, tenants string, fn func(t *testing.T, w *World)) {
	t.Helper()
	Both(t, tenants, fn)
	t.Run("two nodes", func(t *testing.T) {
		t.Parallel()
		w := New(t, tenants, Options{Database: storetest.MigratedPostgres(t)})
		w.other = w.Node()
		fn(t, w)
	})
}

// At is the same browser before another node: one jar of cookies.
func (b *Browser) At(n *World) *Browser {
	c := *b
	c.w = n
	return &c
}

// Audit are the tenant's records of one kind, newest first.
func (w *World) Audit(tenant, kind string) []sqlstore.AuditRecord {
	w.T.Helper()
	list, err := w.Server.Store.ListAudit(w.T.Context(), tenant, 0, 10_000)
	check(w.T, err)
	var out []sqlstore.AuditRecord
	for _, r := range list {
		if string(r.Kind) == kind {
			out = append(out, r)
		}
	}
	return out
}
