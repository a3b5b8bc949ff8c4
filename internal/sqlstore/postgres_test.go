package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// Two transitions lock two rows in opposite order: PostgreSQL ends one of them
// with 40P01, and nobody notices.
func TestB6_DeadlockIsRetried(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Postgres(t), sqlstore.Options{})
	var runs atomic.Int64
	var met, wg sync.WaitGroup
	met.Add(2)
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		wg.Go(func() {
			first := true
			err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
				runs.Add(1)
				for i, id := range order {
					if _, err := tx.Exec(`UPDATE counter SET n = n + 1 WHERE id = $1`, id); err != nil {
						return err
					}
					if i == 0 && first {
						first = false
						met.Done()
						met.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var sum int
	if err := d.QueryRow(t.Context(), `SELECT CAST(SUM(n) AS BIGINT) FROM counter`).Scan(&sum); err != nil || sum != 4 {
		t.Errorf("sum %d, %v; want 4", sum, err)
	}
	// Two, and the victim's second; that one may be the victim once more.
	if n := runs.Load(); n < 3 || n > 4 {
		t.Errorf("%d runs, want 3 or 4", n)
	}
}

// A serialization failure is only known by its code here: READ COMMITTED has
// none of its own, databases that speak PostgreSQL's protocol do.
func TestB6_SerializationFailureIsRetried(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Postgres(t), sqlstore.Options{})
	const raise = `DO $do$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $do$`
	for failures, want := range map[int]error{3: nil, 4: sqlstore.ErrUnavailable} {
		runs := 0
		err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
			if runs++; runs <= failures {
				_, err := tx.Exec(raise)
				return err
			}
			return insert(failures)(tx)
		})
		if !errors.Is(err, want) {
			t.Errorf("%d failures: %v", failures, err)
		}
	}
	if n := count(t, d); n != 1 {
		t.Errorf("%d items, want 1", n)
	}
}

// How soon is what TestB7_TheWaitForAConnectionIsBounded says.
func TestB7_ExhaustedPoolRefuses(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Postgres(t), sqlstore.Options{ReadConns: 1, WriteConns: 1, Wait: sqlstore.MaxWait})
	busy, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
			close(busy)
			<-release
			return insert(1)(tx)
		})
		if err != nil {
			t.Errorf("the one who holds the connection: %v", err)
		}
	})
	<-busy
	if err := d.Write(t.Context(), insert(2)); !errors.Is(err, sqlstore.ErrUnavailable) {
		t.Errorf("pool exhausted: %v", err)
	}
	if n := count(t, d); n != 0 { // readers have connections of their own
		t.Errorf("%d items", n)
	}
	close(release)
	wg.Wait()
}

// terminate ends every other connection to the database of d.
func terminate(t *testing.T, address string) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Error(err)
	}
}

func TestConnectionLostBeforeCommitIsRetried(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	d := open(t, address, sqlstore.Options{})
	runs := 0
	err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
		if err := insert(1)(tx); err != nil {
			return err
		}
		if runs++; runs == 1 {
			terminate(t, address)
		}
		return insert(2)(tx)
	})
	if err != nil || runs != 2 || count(t, d) != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	terminate(t, address) // idle connections die too
	if _, err := d.WriteOne(t.Context(), `INSERT INTO item (id) VALUES (3)`); err != nil && !errors.Is(err, sqlstore.ErrUnknown) && !errors.Is(err, sqlstore.ErrUnavailable) {
		t.Errorf("after a restart of the server: %v", err)
	}
	if err := d.Write(t.Context(), insert(4)); err != nil {
		t.Errorf("after a restart of the server: %v", err)
	}
}

func TestConnectionLostAtCommitIsUnknown(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	g := new(gate)
	var armed atomic.Bool
	d := open(t, address, sqlstore.Options{CommitHook: func() error {
		if armed.Swap(false) {
			terminate(t, address)
		}
		return g.hook()
	}})
	armed.Store(true)
	if err := d.Write(t.Context(), insert(1)); !errors.Is(err, sqlstore.ErrUnknown) {
		t.Errorf("connection lost at commit: %v", err)
	}
	if err := d.Write(t.Context(), insert(2)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestServerThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	d := storetest.Open(t, "postgres://foyer@127.0.0.1:1/x?sslmode=disable", sqlstore.Options{})
	for what, err := range map[string]error{
		"write":    d.Write(t.Context(), insert(1)),
		"writeOne": second(d.WriteOne(t.Context(), `SELECT 1`)),
		"read":     d.QueryRow(t.Context(), `SELECT 1`).Scan(new(int)),
		"rows":     second(d.Query(t.Context(), `SELECT 1`)),
		"ping":     d.Ping(t.Context()),
	} {
		if !errors.Is(err, sqlstore.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The first host of the URL answers nothing; the second is a primary.
func TestSeveralHosts(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = "127.0.0.1:1," + u.Host
	for _, query := range []string{"", "&target_session_attrs=read-write"} {
		u.RawQuery = "sslmode=disable" + query
		d := open(t, u.String(), sqlstore.Options{})
		if err := d.Write(context.Background(), insert(len(query))); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// A fault of ours is told as such, and does not cost the connection.
func TestWrongArgumentIsAFault(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		for what, fn := range map[string]func(tx *sqlstore.Tx) error{
			"type":  func(tx *sqlstore.Tx) error { return second(tx.Exec(`INSERT INTO item (id) VALUES ($1)`, 1.5)) },
			"table": func(tx *sqlstore.Tx) error { return second(tx.Exec(`INSERT INTO nowhere (id) VALUES ($1)`, 1)) },
		} {
			err := d.Write(t.Context(), fn)
			if err == nil || errors.Is(err, sqlstore.ErrUnavailable) || errors.Is(err, sqlstore.ErrUnknown) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := d.Write(t.Context(), insert(1)); err != nil {
			t.Error(err)
		}
	})
}
