package sqlstore_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/sqlstore"
)

func TestValuesReadAlikeOnBoth(t *testing.T) {
	t.Parallel()
	type kind string
	type number int64
	both(t, sqlstore.Options{}, func(t *testing.T, d *sqlstore.DB) {
		ctx := t.Context()
		// $2 before $1, and one of them twice: placeholders count, not places.
		const add = `INSERT INTO item (body, id, flag) SELECT CAST($2 AS TEXT), CAST($1 AS BIGINT), CAST($3 AS BOOLEAN) WHERE CAST($1 AS BIGINT) > 0`
		body := "straße \"'; --"
		for i, args := range [][]any{{number(1), kind(body), true}, {2, nil, false}, {int64(3), &body, false}} {
			if i == 2 {
				body += "!"
			}
			if n, err := d.WriteOne(ctx, add, args...); err != nil || n != 1 {
				t.Fatalf("%d, %v", n, err)
			}
		}
		var got struct {
			Kind   kind
			Number number
			Int    int
			Flag   bool
			Ptr    *string
			Null   sql.Null[string]
			Bytes  []byte
		}
		if err := d.QueryRow(ctx, `SELECT body, id, id, flag, body, body, body FROM item WHERE flag = TRUE AND flag`).
			Scan(&got.Kind, &got.Number, &got.Int, &got.Flag, &got.Ptr, &got.Null, &got.Bytes); err != nil {
			t.Fatal(err)
		}
		if got.Kind != kind(`straße "'; --`) || got.Number != 1 || got.Int != 1 || !got.Flag || *got.Ptr != string(got.Kind) ||
			got.Null.V != string(got.Kind) || string(got.Bytes) != string(got.Kind) {
			t.Errorf("%+v", got)
		}
		if err := d.QueryRow(ctx, `SELECT body, body, body, flag FROM item WHERE body IS NULL`).Scan(&got.Ptr, &got.Null, &got.Bytes, &got.Flag); err != nil {
			t.Fatal(err)
		}
		if got.Ptr != nil || got.Null.Valid || got.Bytes != nil || got.Flag {
			t.Errorf("NULL: %+v", got)
		}
		var s string
		if err := d.QueryRow(ctx, `SELECT body FROM item WHERE body IS NULL`).Scan(&s); err == nil {
			t.Error("NULL stored in a string")
		}
		if err := d.QueryRow(ctx, `SELECT id FROM item WHERE id = $1`, 9).Scan(&s); err != sqlstore.ErrNoRows {
			t.Errorf("no row: %v", err)
		}
		if _, err := d.WriteOne(ctx, add, 1.5, "x", true); err == nil {
			t.Error("a float was taken")
		}
	})
}

func TestRowsWalkAndGiveBack(t *testing.T) {
	t.Parallel()
	both(t, sqlstore.Options{ReadConns: 1}, func(t *testing.T, d *sqlstore.DB) {
		err := d.Write(t.Context(), func(tx *sqlstore.Tx) error {
			for id := range 5 {
				if err := insert(id)(tx); err != nil {
					return err
				}
			}
			rows, err := tx.Query(`SELECT id FROM item ORDER BY id`)
			if err != nil {
				return err
			}
			if !rows.Next() {
				t.Error("no row")
			}
			if _, err := tx.Exec(`DELETE FROM item`); err == nil {
				t.Error("a statement between rows: PostgreSQL cannot do that")
			}
			return nil // and leaves the rows open
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // one connection: each walk must give it back
			rows, err := d.Query(t.Context(), `SELECT id FROM item WHERE id <> $1 ORDER BY id`, 2)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for rows.Next() {
				var id int
				if err := rows.Scan(&id); err != nil {
					t.Fatal(err)
				}
				got = append(got, id)
			}
			if rows.Err() != nil || !cmp.Equal(got, []int{0, 1, 3, 4}) {
				t.Errorf("%v, %v", got, rows.Err())
			}
		}
		rows, err := d.Query(t.Context(), `SELECT id FROM item`)
		if err != nil || !rows.Next() {
			t.Fatal(err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if n := count(t, d); n != 5 {
			t.Errorf("%d items", n)
		}
	})
}
