package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// grow copies the rows of an account that has signed in n times, as so many
// accounts with a session, a participant, a grant and an access token each.
// This is the one place that knows Foyer's tables, and how a cookie is hashed.
func grow(dir string, n int) (*population, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "foyer.db")+
		"?_pragma=busy_timeout(10000)&_pragma=synchronous(OFF)&_pragma=cache_size(-200000)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	p := &population{n: n, base: time.Now().Add(-10 * 24 * time.Hour).UnixMilli()}
	tables := []struct {
		name   string
		change func(i int, id int64, row map[string]any)
	}{
		{"accounts", func(i int, _ int64, row map[string]any) {
			row["sub"], row["email"], row["valid_from"] = grownSub(i), grownEmail(i), p.base*1000
		}},
		{"identifiers", func(i int, _ int64, row map[string]any) { row["sub"], row["key"] = grownSub(i), grownEmail(i) }},
		{"sessions", func(i int, id int64, row map[string]any) {
			at := id >> 20 * 1000
			_, hash := grownCookie(i, id)
			row["id"], row["hash"], row["sub"], row["sid"] = id, hash, grownSub(i), hash[:22]
			row["created_at"], row["auth_time"], row["last_seen"], row["expires_at"] = at, at, at, at+14*24*3600*1_000_000
		}},
		{"participants", func(_ int, id int64, row map[string]any) { row["session"] = id }},
		{"grants", func(i int, id int64, row map[string]any) {
			row["id"], row["sub"], row["session"] = id, grownSub(i), id
			row["expires_at"] = id>>20*1000 + 14*24*3600*1_000_000
		}},
		{"access_tokens", func(_ int, id int64, row map[string]any) { row["id"], row["grant_id"] = id, id }},
	}
	for _, t := range tables {
		change := func(i int, row map[string]any) { t.change(i, p.id(i), row) }
		if err := copyRows(db, t.name, n, change); err != nil {
			return nil, fmt.Errorf("fill %s: %w", t.name, err)
		}
	}
	return p, nil
}

// population is what grow made.
type population struct {
	n    int
	base int64 // ms since 1970, of the first session
}

// id spreads the sessions' selectors over nine days.
func (p *population) id(i int) int64 {
	return (p.base+int64(i)*(9*24*3600*1000)/int64(p.n))<<20 | int64(i)&(1<<20-1)
}

// someone makes the worker the browser of any of the accounts.
func (p *population) someone(w *worker) {
	i := rand.IntN(p.n)
	cookie, _ := grownCookie(i, p.id(i))
	w.identifier, w.session = grownEmail(i), "foyer-default="+cookie
}

// of is an operation that is someone else's each time.
func (p *population) of(op operation) operation {
	step := op.step
	op.prepare = nil
	op.step = func(w *worker) error {
		p.someone(w)
		return step(w)
	}
	return op
}

func grownSub(i int) string   { return fmt.Sprintf("grown-%08d", i) }
func grownEmail(i int) string { return fmt.Sprintf("grown%08d@example.com", i) }

// grownCookie is the session cookie's value and the hash that is stored.
func grownCookie(i int, id int64) (value, hash string) {
	v := sha256.Sum256(fmt.Appendf(nil, "bench verifier %d", i))
	in := append([]byte("se"), 0)
	in = binary.BigEndian.AppendUint64(in, uint64(id))
	sum := sha256.Sum256(append(in, v[:]...))
	b64 := base64.RawURLEncoding
	return "fo_se_" + b64.EncodeToString(in[3:]) + "." + b64.EncodeToString(v[:]), hex.EncodeToString(sum[:])
}

// copyRows adds n changed copies of a table's newest row.
func copyRows(db *sql.DB, table string, n int, change func(i int, row map[string]any)) error {
	const batch = 20_000
	columns, model, err := modelRow(db, table)
	if err != nil {
		return err
	}
	insert := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	row, args := map[string]any{}, make([]any, len(columns))
	for from := 0; from < n; from += batch {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		stmt, err := tx.Prepare(insert)
		if err != nil {
			return err
		}
		for i := from; i < min(n, from+batch); i++ {
			for j, c := range columns {
				row[c] = model[j]
			}
			change(i, row)
			for j, c := range columns {
				args[j] = row[c]
			}
			if _, err := stmt.Exec(args...); err != nil {
				tx.Rollback()
				return err
			}
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func modelRow(db *sql.DB, table string) ([]string, []any, error) {
	key := map[string]string{"accounts": "created_at", "identifiers": "sub", "participants": "session"}[table]
	if key == "" {
		key = "id"
	}
	rows, err := db.Query("SELECT * FROM " + table + " ORDER BY " + key + " DESC LIMIT 1")
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return nil, nil, fmt.Errorf("no row to copy: %w", err)
	}
	values, dest := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	return columns, values, rows.Scan(dest...)
}
