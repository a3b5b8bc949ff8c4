package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/foyer-id/foyer/internal/storetest"
)

// A dry run before the first start makes neither database nor master key, and
// after it works on what is stored.
func TestDryRunsMakeNothing(t *testing.T) {
	t.Parallel()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		cfg := testConfig(t, url(t))
		if _, ok := sqliteFile(cfg); ok {
			cfg = testConfig(t, "sqlite:"+filepath.Join(t.TempDir(), "data", "foyer.db"))
		}
		docs := parse(t, "tenant: acme\nclients: [{client_id: web, redirect_uris: [\"https://app.example.com/cb\"]}]\n")
		dry := func() (changes int, scratch string) {
			t.Helper()
			c, err := OpenDry(t.Context(), cfg, Env{})
			must(t, err)
			report, err := Apply(t.Context(), c, docs, ApplyOptions{DryRun: true})
			must(t, err)
			must(t, c.Close())
			return len(report.Changes), c.scratch
		}
		changes, scratch := dry()
		if changes != 2 || scratch == "" {
			t.Errorf("before the first start: %d changes in %q, want 2 in a directory of its own", changes, scratch)
		}
		absent(t, scratch)
		absent(t, filepath.Dir(cfg.MasterKeyFile))
		if file, ok := sqliteFile(cfg); ok {
			absent(t, file)
		} else {
			db, err := OpenDatabase(t.Context(), cfg, Env{})
			must(t, err)
			if blank, err := isBlank(t.Context(), db); !blank || err != nil {
				t.Errorf("blank %t, %v", blank, err)
			}
			must(t, db.Close())
		}

		c := open(t, cfg)
		_, err := Apply(t.Context(), c, docs, ApplyOptions{})
		must(t, err)
		if changes, scratch := dry(); changes != 0 || scratch != "" {
			t.Errorf("after it: %d changes in %q, want none in the database itself", changes, scratch)
		}
	})
}

func absent(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%s is there (%v)", path, err)
	}
}
