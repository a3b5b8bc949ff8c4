package sqlstore_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

const addItem = `INSERT INTO item (id) VALUES ($1)`

func TestWhatIsSentLaterIsPartOfTheTransition(t *testing.T) {
	t.Parallel()

	seen := func(tx *sqlstore.Tx) (n int, err error) {
		err = tx.QueryRow(`SELECT COUNT(*) FROM item`).Scan(&n)
		return n, err
	}
	for _, c := range []struct {
		name string
		fn   func(*sqlstore.Tx) error
		want error // nil: kept; errTaken: a unique key
		rows int
	}{
		{"nothing else", func(tx *sqlstore.Tx) error { tx.Later(addItem, 1); tx.Later(addItem, 2); return nil }, nil, 2},
		{"after a statement", func(tx *sqlstore.Tx) error { err := insert(1)(tx); tx.Later(addItem, 2); return err }, nil, 2},
		{"a later statement sees it", func(tx *sqlstore.Tx) error {
			tx.Later(addItem, 1)
			tx.Later(addItem, 2)
			if n, err := seen(tx); n != 2 {
				return errors.Join(err, errors.New("not seen"))
			}
			return insert(3)(tx)
		}, nil, 3},
		{"rows see it", func(tx *sqlstore.Tx) error {
			tx.Later(addItem, 1)
			rows, err := tx.Query(`SELECT id FROM item`)
			if err != nil {
				return err
			}
			defer rows.Close()
			if !rows.Next() {
				return errors.New("not seen")
			}
			return rows.Err()
		}, nil, 1},
		{"it fails", func(tx *sqlstore.Tx) error { tx.Later(addItem, 1); tx.Later(addItem, 1); return nil }, errTaken, 0},
		{"it fails before others", func(tx *sqlstore.Tx) error {
			err := insert(1)(tx)
			tx.Later(addItem, 1)
			tx.Later(addItem, 2)
			return err
		}, errTaken, 0},
		{"it fails and a statement follows", func(tx *sqlstore.Tx) error {
			tx.Later(addItem, 1)
			tx.Later(addItem, 1)
			_ = insert(2)(tx) // overlooked
			return nil
		}, errTaken, 0},
		{"the transition refuses", func(tx *sqlstore.Tx) error { tx.Later(addItem, 1); return errRefused }, errRefused, 0},
		{"the transition refuses after a statement", func(tx *sqlstore.Tx) error {
			err := insert(1)(tx)
			tx.Later(addItem, 2)
			return errors.Join(err, errRefused)
		}, errRefused, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
				for range 2 { // the second time on a connection that knows the statements
					if _, err := d.WriteOne(t.Context(), `DELETE FROM item`); err != nil {
						t.Fatal(err)
					}
					err := d.Write(t.Context(), c.fn)
					switch {
					case c.want == errTaken && sqlstore.IsUnique(err):
					case !errors.Is(err, c.want):
						t.Errorf("%v, want %v", err, c.want)
					}
					if got := count(t, d); got != c.rows {
						t.Errorf("%d items, want %d", got, c.rows)
					}
				}
			})
		})
	}
}

var errTaken = errors.New("a key is taken")

func TestB6_ConflictOfWhatIsSentLaterIsRetried(t *testing.T) {
	t.Parallel()
	d := open(t, storetest.Postgres(t), sqlstore.Options{})
	const raise = `DO $do$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $do$`
	runs := 0
	err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
		runs++
		tx.Later(addItem, 1)
		if runs < 3 {
			tx.Later(raise)
		}
		return nil
	})
	if err != nil || runs != 3 || count(t, d) != 1 {
		t.Errorf("%d runs, %v", runs, err)
	}
}

// COMMIT may have been among what was lost, so nobody knows.
func TestConnectionLostWithWhatIsSentLaterIsUnknown(t *testing.T) {
	t.Parallel()
	address := storetest.Postgres(t)
	var armed atomic.Bool
	d := open(t, address, sqlstore.Options{CommitHook: func() error {
		if armed.Swap(false) {
			terminate(t, address)
		}
		return nil
	}})
	armed.Store(true)
	err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
		err := insert(1)(tx)
		tx.Later(addItem, 2)
		return err
	})
	if !errors.Is(err, sqlstore.ErrUnknown) {
		t.Errorf("%v", err)
	}
	if err := d.Write(t.Context(), insert(3)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
