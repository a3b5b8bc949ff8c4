package sqlstore_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("FOYER_TEST_CHILD"); role != "" {
		os.Exit(child(role))
	}
	os.Exit(m.Run())
}

// engineSchema is what the engine's own tests migrate to.
var engineSchema fs.FS = fstest.MapFS{"0001_engine.sql": {Data: []byte(`
	CREATE TABLE counter (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);
	CREATE TABLE item (
		id BIGINT NOT NULL, body TEXT, flag BOOLEAN NOT NULL DEFAULT FALSE, PRIMARY KEY (id)
	) /* clustered */;
	CREATE UNIQUE INDEX item_body ON item (body);
	INSERT INTO counter (id, n) VALUES (1, 0), (2, 0);
`)}}

var epoch = time.Unix(1767225600, 0)

// both runs fn on a fresh database of each kind, opened with o.
func both(t *testing.T, o sqlstore.Options, fn func(t *testing.T, d *sqlstore.DB)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, open(t, url(t), o))
		})
	}
}

func open(tb testing.TB, url string, o sqlstore.Options) *sqlstore.DB {
	tb.Helper()
	if o.Migrations == nil {
		o.Migrations = engineSchema
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	d := storetest.Open(tb, url, o)
	if err := d.Migrate(tb.Context(), epoch, nil); err != nil {
		tb.Fatalf("migrate: %v", err)
	}
	return d
}

func insert(id int) func(*sqlstore.Tx) error {
	return func(tx *sqlstore.Tx) error {
		_, err := tx.Exec(`INSERT INTO item (id) VALUES ($1)`, id)
		return err
	}
}

func count(tb testing.TB, d *sqlstore.DB) (n int) {
	tb.Helper()
	if err := d.QueryRow(context.Background(), `SELECT COUNT(*) FROM item`).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n
}

// gate is a CommitHook that can hold commits and fail them.
type gate struct {
	mu      sync.Mutex
	held    chan struct{} // not nil: commits wait for its close
	arrived chan struct{} // a commit waits
	fail    error
}

func (g *gate) hook() error {
	g.mu.Lock()
	held, fail := g.held, g.fail
	g.mu.Unlock()
	if held != nil {
		g.arrived <- struct{}{}
		<-held
	}
	return fail
}

func (g *gate) set(fail error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail = fail
}

// group blocks the writer in a commit, hands in the transitions so that they
// become one group, and returns their answers after letting go. before runs
// when all are waiting.
func (g *gate) group(t *testing.T, d *sqlstore.DB, before func(), fns ...func() error) []error {
	t.Helper()
	held := make(chan struct{})
	g.mu.Lock()
	g.held, g.arrived = held, make(chan struct{}, 1)
	g.mu.Unlock()
	var first, rest sync.WaitGroup
	first.Go(func() {
		if _, err := d.WriteOne(context.Background(), `UPDATE counter SET n = n WHERE id = 2`); err != nil {
			t.Errorf("the transition that holds the writer: %v", err)
		}
	})
	<-g.arrived
	g.mu.Lock()
	g.held = nil
	g.mu.Unlock()
	errs := make([]error, len(fns))
	for i, fn := range fns {
		rest.Go(func() { errs[i] = fn() })
	}
	for d.Queued() < len(fns) {
		runtime.Gosched()
	}
	before()
	close(held)
	first.Wait()
	rest.Wait()
	return errs
}

func TestWriteLosesNothingUnderThirtyTwo(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 10 {
					err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
						var n int64
						if err := tx.QueryRow(`UPDATE counter SET n = n + 1 WHERE id = $1 RETURNING n`, 1).Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec(`INSERT INTO item (id) VALUES ($1)`, n)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int
		if err := d.QueryRow(t.Context(), `SELECT n FROM counter WHERE id = 1`).Scan(&n); err != nil || n != 320 {
			t.Errorf("counter = %d, %v; want 320", n, err)
		}
		if n := count(t, d); n != 320 {
			t.Errorf("%d items, want 320", n)
		}
		s := d.Stats()
		if d.Dialect() == "sqlite" && s.Commits >= s.Writes {
			t.Errorf("%d commits for %d transitions: no group was formed", s.Commits, s.Writes)
		}
	})
}

func TestSingleUseHasOneWinner(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		if err := d.Write(t.Context(), insert(7)); err != nil {
			t.Fatal(err)
		}
		var won, lost int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				var id int
				err := d.WriteOneRow(t.Context(), `UPDATE item SET flag = TRUE WHERE id = $1 AND NOT flag RETURNING id`, []any{7},
					func(r *sqlstore.Row) error { return r.Scan(&id) })
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && id == 7:
					won++
				case errors.Is(err, sqlstore.ErrNoRows):
					lost++
				default:
					t.Errorf("id %d, %v", id, err)
				}
			})
		}
		wg.Wait()
		if won != 1 || lost != 31 {
			t.Errorf("%d won, %d lost", won, lost)
		}
	})
}

var errRefused = errors.New("refused")

func TestRefusalInsideAGroupUndoesOnlyItself(t *testing.T) {
	t.Parallel()
	g := new(gate)
	d := open(t, storetest.SQLite(t), sqlstore.Options{CommitHook: g.hook})
	commits := d.Stats().Commits
	var fns []func() error
	for id := range 32 {
		fns = append(fns, func() error {
			return d.Write(t.Context(), func(tx *sqlstore.Tx) error {
				if err := insert(id)(tx); err != nil {
					return err
				}
				if id%4 == 0 {
					return errRefused
				}
				return nil
			})
		})
	}
	for id, err := range g.group(t, d, func() {}, fns...) {
		if want := id%4 == 0; errors.Is(err, errRefused) != want || (err != nil) != want {
			t.Errorf("transition %d: %v", id, err)
		}
	}
	if n := count(t, d); n != 24 {
		t.Errorf("%d items, want 24", n)
	}
	if n := d.Stats().Commits - commits; n != 2 {
		t.Errorf("%d commits, want 2: the one that held the writer and the group's", n)
	}
}

func TestCallerThatLeavesChangesNothingForTheGroup(t *testing.T) {
	t.Parallel()
	g := new(gate)
	d := open(t, storetest.SQLite(t), sqlstore.Options{CommitHook: g.hook})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	var fns []func() error
	for id := range 32 {
		fns = append(fns, func() error {
			if id != 13 {
				return d.Write(t.Context(), insert(id))
			}
			defer close(left)
			return d.Write(ctx, insert(id))
		})
	}
	errs := g.group(t, d, func() {
		cancel()
		<-left // answered while the writer is still held
	}, fns...)
	for id, err := range errs {
		if id == 13 && !errors.Is(err, context.Canceled) || id != 13 && err != nil {
			t.Errorf("transition %d: %v", id, err)
		}
	}
	if n := count(t, d); n != 32 {
		t.Errorf("%d items, want all 32: who leaves only stops waiting", n)
	}
}

func TestPanicIsTheFaultOfItsTransition(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
			if err := insert(1)(tx); err != nil {
				return err
			}
			panic("boom")
		})
		if err == nil || errors.Is(err, sqlstore.ErrUnknown) {
			t.Errorf("panic: %v", err)
		}
		if err := d.Write(t.Context(), insert(2)); err != nil {
			t.Errorf("after a panic: %v", err)
		}
		if n := count(t, d); n != 1 {
			t.Errorf("%d items, want 1", n)
		}
	})
}

func TestFailedStatementEndsItsTransition(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		if err := d.Write(t.Context(), insert(1)); err != nil {
			t.Fatal(err)
		}
		err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
			if err := insert(2)(tx); err != nil {
				return err
			}
			_ = insert(1)(tx) // overlooked
			if err := insert(3)(tx); !sqlstore.IsUnique(err) {
				t.Errorf("statement after a failed one: %v", err)
			}
			return nil
		})
		if !sqlstore.IsUnique(err) {
			t.Errorf("overlooked violation: %v", err)
		}
		if n := count(t, d); n != 1 {
			t.Errorf("%d items, want 1", n)
		}
	})
}

func TestIsUnique(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		const add = `INSERT INTO item (id, body) VALUES ($1, $2)`
		if _, err := d.WriteOne(t.Context(), add, 1, "a"); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"primary key":  second(d.WriteOne(t.Context(), add, 1, "b")),
			"unique index": second(d.WriteOne(t.Context(), add, 2, "a")),
			"in RETURNING": d.WriteOneRow(t.Context(), add+` RETURNING id`, []any{1, "c"}, func(r *sqlstore.Row) error { return r.Scan(new(int)) }),
		} {
			if !sqlstore.IsUnique(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := d.WriteOne(t.Context(), `INSERT INTO item (id, flag) VALUES ($1, $2)`, 3, nil); err == nil || sqlstore.IsUnique(err) {
			t.Errorf("NOT NULL: %v", err)
		}
	})
}

func second[A, B any](_ A, b B) B { return b }

func TestWriteValueIsZeroWithAnError(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		n, err := sqlstore.WriteValue(t.Context(), d, func(tx *sqlstore.Tx) (int, error) { return 5, errRefused })
		if n != 0 || !errors.Is(err, errRefused) {
			t.Errorf("%d, %v", n, err)
		}
		n, err = sqlstore.WriteValue(t.Context(), d, func(tx *sqlstore.Tx) (int, error) { return 5, nil })
		if n != 5 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}
