package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
)

// Errors of Open that a command explains.
var (
	// ErrNoDatabase: the SQLite file does not exist and was not to be made.
	ErrNoDatabase = errors.New("there is no database yet")
	// ErrNotMigrated: the schema is older than this release.
	ErrNotMigrated = errors.New("the database has to be migrated")
)

// Env is what a process has beside its configuration. Zero values are usable.
type Env struct {
	Now func() time.Time // default time.Now
	Log *slog.Logger     // default slog.Default()
	// Create allows Open to make and set up an empty database.
	Create bool
	// Storage has the hooks and the Wait of tests; nothing else of it is used.
	Storage sqlstore.Options
}

func (e Env) withDefaults() Env {
	if e.Now == nil {
		e.Now = time.Now
	}
	if e.Log == nil {
		e.Log = slog.Default()
	}
	return e
}

// Core is what commands and the server are made of. Services that only answer
// requests are wired by Serve.
type Core struct {
	Config *config.Server
	Now    func() time.Time
	Log    *slog.Logger

	DB        *sqlstore.DB
	Store     *sqlstore.Store
	Keys      *keys.Service
	Directory *tenant.Directory
	Resources *tenant.Resources
	Hasher    *account.Hasher
	Limits    throttle.Store
	Limiter   *throttle.Limiter
	Clients   *client.Service
	Accounts  *account.Service
	Sessions  *session.Service
	Logout    *logout.Service

	master  [keyBytes]byte
	scratch string         // directory that goes with the core: see OpenDry
	own     []netip.Prefix // what --demo may be called at, beside egress.allow_private_networks
}

// Open opens the database, sets it up when it is empty and env.Create allows
// it, loads the master key and builds the services. It costs milliseconds: no
// password is hashed and no signing key made. It never migrates a database that
// holds something (spec/operating.md §5).
func Open(ctx context.Context, cfg *config.Server, env Env) (*Core, error) {
	env = env.withDefaults()
	db, err := OpenDatabase(ctx, cfg, env)
	if err != nil {
		return nil, err
	}
	c, err := build(ctx, cfg, env, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return c, nil
}

// OpenDatabase opens the database alone; with env.Create a missing SQLite file
// is made. It does not look inside.
func OpenDatabase(ctx context.Context, cfg *config.Server, env Env) (*sqlstore.DB, error) {
	env = env.withDefaults()
	if file, ok := sqliteFile(cfg); ok && !env.Create {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s does not exist; start foyer serve, run foyer migrate, or name another with --database", ErrNoDatabase, file)
		}
	}
	db, err := sqlstore.Open(ctx, string(cfg.Database), sqlstore.Options{
		Now: env.Now, Logger: env.Log, CommitHook: env.Storage.CommitHook, Committed: env.Storage.Committed, Wait: env.Storage.Wait,
	})
	if _, lite := sqliteFile(cfg); lite && err != nil {
		return nil, fileError{err}
	}
	return db, err
}

// fileError is a SQLite file that cannot be opened, and what to change.
type fileError struct{ error }

// Error implements error.
func (e fileError) Error() string { return e.error.Error() + "; " + e.change() }

// Unwrap implements errors.Is.
func (e fileError) Unwrap() error { return e.error }

func (e fileError) change() string {
	if errors.Is(e.error, fs.ErrPermission) {
		return "let Foyer's user write the file and its directory, or name another with --database"
	}
	return "name another file with --database"
}

// sqliteFile is the path of the database's file, when it is one.
func sqliteFile(cfg *config.Server) (string, bool) {
	file, ok := strings.CutPrefix(string(cfg.Database), "sqlite:")
	return strings.TrimPrefix(file, "//"), ok
}

func build(ctx context.Context, cfg *config.Server, env Env, db *sqlstore.DB) (*Core, error) {
	if err := setUp(ctx, db, env); err != nil {
		return nil, err
	}
	if cfg.TLS.Key != "" {
		// Groups are common for certificates' keys; everybody is not (SU5).
		if err := CheckPrivate(cfg.TLS.Key, 0o007); err != nil {
			return nil, fmt.Errorf("tls.key: %w", err)
		}
	}
	store := sqlstore.NewStore(db)
	master, err := loadMasterKey(ctx, cfg, store)
	if err != nil {
		return nil, err
	}
	hasher, err := account.NewHasher(account.HasherOptions{Slots: min(runtime.GOMAXPROCS(0), runtime.NumCPU())})
	if err != nil {
		return nil, err
	}
	var limits throttle.Store = db
	if db.Dialect() == "sqlite" {
		limits = throttle.NewLocal() // the only node there can be
	}
	c := &Core{
		Config: cfg, Now: env.Now, Log: env.Log, DB: db, Store: store, master: master,
		Directory: tenant.NewDirectory(store, cfg.PublicURL(), env.Log),
		Resources: tenant.NewResources(store),
		Hasher:    hasher,
		Limiter:   throttle.New(limits), Limits: limits,
		Clients:  client.NewService(store, env.Now),
		Sessions: session.NewService(store),
		Logout:   logout.NewService(store),
	}
	c.Keys = keys.New(keys.Options{Store: store, Sealer: c.Sealer("keys"), Now: env.Now})
	c.Accounts = &account.Service{Store: store, Hasher: hasher, Limiter: c.Limiter, Devices: store}
	return c, nil
}

// setUp migrates an empty database and refuses one of an older release.
func setUp(ctx context.Context, db *sqlstore.DB, env Env) error {
	pending, err := db.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return err
	}
	all, err := fs.Glob(sqlstore.Migrations(), "*.sql")
	if err != nil {
		return err
	}
	if len(pending) == len(all) && env.Create {
		return db.Migrate(ctx, env.Now(), nil)
	}
	return fmt.Errorf("%w: %d of %d steps are missing; run foyer migrate", ErrNotMigrated, len(pending), len(all))
}

// Close ends the core; transitions that were handed in are finished.
func (c *Core) Close() error {
	err := c.DB.Close()
	if c.scratch != "" {
		err = errors.Join(err, os.RemoveAll(c.scratch))
	}
	return err
}

// Sealer seals for one purpose under the master key. Purposes never open each
// other's values.
func (c *Core) Sealer(purpose string) *secret.Sealer {
	return secret.NewSealer(c.derive(purpose))
}

func (c *Core) derive(purpose string) [32]byte { return secret.DeriveKey(c.master[:], purpose) }

// DefaultTenant is the tenant of a first start.
const DefaultTenant = "default"

// EnsureTenant makes the tenant "default" when there is no tenant at all.
func (c *Core) EnsureTenant(ctx context.Context) error {
	all, err := c.Store.Tenants(ctx)
	if err != nil || len(all) > 0 {
		return err
	}
	t := tenant.New(DefaultTenant)
	t.CreatedAt = c.Now().UnixMicro()
	err = c.Store.PutTenant(ctx, t, audit.Event{Kind: audit.TenantCreated})
	if err != nil && !errors.Is(err, tenant.ErrVersion) { // another node was first
		return fmt.Errorf("make tenant %s: %w", t.ID, err)
	}
	c.Directory.Invalidate()
	return nil
}

// Prepare is what a start does before the listeners open: it applies the files
// of the configuration's apply and makes the first tenant. The report is nil
// when no file is configured.
func (c *Core) Prepare(ctx context.Context) (*Report, error) {
	var report *Report
	if len(c.Config.Apply) > 0 {
		docs, err := ReadDocuments(c.Config.Apply, os.ReadFile)
		if err != nil {
			return nil, err
		}
		if report, err = Apply(ctx, c, docs, ApplyOptions{AtStart: true}); err != nil {
			return nil, err
		}
	}
	return report, c.EnsureTenant(ctx)
}
