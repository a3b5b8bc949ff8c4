package app

import (
	"io"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/storetest"
)

// testConfig is the configuration of a first start on a database.
func testConfig(t *testing.T, database string) *config.Server {
	t.Helper()
	cfg := config.Defaults()
	cfg.Database = config.DSN(database)
	cfg.MasterKeyFile = filepath.Join(t.TempDir(), "secrets", "master.key")
	return cfg
}

// open opens a core for one test.
func open(t *testing.T, cfg *config.Server) *Core {
	t.Helper()
	c, err := Open(t.Context(), cfg, Env{Create: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parse reads a tenant file.
func parse(t *testing.T, text string) []*Document {
	t.Helper()
	docs, err := ParseDocuments("tenant.yaml", []byte(text))
	must(t, err)
	return docs
}

// both runs fn on a core over each database.
func both(t *testing.T, fn func(t *testing.T, c *Core)) {
	t.Helper()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		fn(t, open(t, testConfig(t, url(t))))
	})
}
