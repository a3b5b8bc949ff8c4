package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/storetest"
)

func TestSU5_KeyFilesAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, storetest.SQLite(t))
	open(t, cfg)
	info, err := os.Stat(cfg.MasterKeyFile)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("a new master key has mode %04o", info.Mode().Perm())
	}
	for _, mode := range []fs.FileMode{0o604, 0o640, 0o660, 0o644, 0o601} {
		must(t, os.Chmod(cfg.MasterKeyFile, mode))
		_, err := Open(t.Context(), cfg, Env{Create: true})
		if err == nil || !strings.Contains(err.Error(), "can be read by others") {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	must(t, os.Chmod(cfg.MasterKeyFile, 0o400))
	open(t, cfg)

	cfg.TLS = config.TLS{Certificate: "cert.pem", Key: filepath.Join(t.TempDir(), "key.pem")}
	must(t, os.WriteFile(cfg.TLS.Key, nil, 0o600))
	must(t, os.Chmod(cfg.TLS.Key, 0o644))
	if _, err := Open(t.Context(), cfg, Env{}); err == nil || !strings.Contains(err.Error(), "tls.key: ") {
		t.Errorf("a certificate's key that everybody can read: %v", err)
	}
}

func TestKJ7_AnotherMasterKeyStopsTheStartAndMakesNothing(t *testing.T) {
	t.Parallel()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		cfg := testConfig(t, url(t))
		c := open(t, cfg)
		must(t, c.EnsureTenant(t.Context()))
		must(t, c.Keys.Ensure(t.Context(), DefaultTenant, keys.ES256))

		other := *cfg
		other.MasterKey = config.Secret(strings.Repeat("QUJD", 10) + "QUI=")
		if _, err := Open(t.Context(), &other, Env{Create: true}); !errors.Is(err, ErrMasterKey) {
			t.Errorf("with another key: %v", err)
		}
		if other.MasterKey.String() != "[redacted]" {
			t.Error("the master key prints itself")
		}
		missing := *cfg
		missing.MasterKeyFile = filepath.Join(t.TempDir(), "none")
		if _, err := Open(t.Context(), &missing, Env{Create: true}); !errors.Is(err, ErrMasterKey) {
			t.Errorf("without the key: %v", err)
		}
		if _, err := os.Stat(missing.MasterKeyFile); !errors.Is(err, fs.ErrNotExist) {
			t.Error("a missing master key was made anew")
		}
		list, err := c.Keys.List(t.Context(), DefaultTenant)
		must(t, err)
		if len(list) != 1 {
			t.Errorf("%d keys, want 1", len(list))
		}
	})
}

func TestFirstStartsAtOnceAgreeOnTheKey(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, storetest.MigratedSQLite(t))
	var wg sync.WaitGroup
	sealed := make([]string, 16)
	for i := range sealed {
		wg.Go(func() {
			c, err := Open(t.Context(), cfg, Env{Create: true})
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if err := c.EnsureTenant(t.Context()); err != nil {
				t.Error(err)
			}
			sealed[i] = c.Sealer("test").SealString("", "", []byte("x"))
		})
	}
	wg.Wait()
	c := open(t, cfg)
	for i, s := range sealed {
		if plain, err := c.Sealer("test").OpenString("", "", s); err != nil || string(plain) != "x" {
			t.Errorf("start %d had another key: %v", i, err)
		}
	}
	all, err := c.Store.Tenants(t.Context())
	must(t, err)
	if len(all) != 1 || all[0].ID != DefaultTenant {
		t.Errorf("tenants %v", all)
	}
}

func TestOldDatabasesAreNotMigratedByStarting(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t, storetest.MigratedSQLite(t))
	c := open(t, cfg)
	if _, err := c.DB.WriteOne(t.Context(), `DELETE FROM foyer_migrations WHERE name LIKE '0002%'`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg, Env{Create: true}); !errors.Is(err, ErrNotMigrated) {
		t.Errorf("an older schema: %v", err)
	}
	if _, err := Open(t.Context(), testConfig(t, storetest.SQLite(t)), Env{}); !errors.Is(err, ErrNoDatabase) {
		t.Errorf("no database: %v", err)
	}
}
