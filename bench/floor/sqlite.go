package main

import (
	"context"
	"database/sql"
	"errors"

	_ "modernc.org/sqlite" // the driver
)

// liteStore has one writer that commits whatever waits, synchronous=FULL.
type liteStore struct {
	queue
	lookup *sql.Stmt
}

func openSQLite(file string) (*liteStore, error) {
	dsn := "file:" + file + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(3) // the writer's and two readers'
	db.SetMaxIdleConns(3)
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	_, err = conn.ExecContext(ctx, `create table if not exists things (id integer primary key, hash text not null, body text not null)`)
	if err != nil {
		return nil, err
	}
	s := &liteStore{queue: newQueue()}
	w := &liteWriter{conn: conn}
	for text, stmt := range map[string]**sql.Stmt{
		`insert into things (id, hash, body) values (?, ?, ?)`:        &w.insert,
		`delete from things where id = ? and hash = ? returning body`: &w.remove,
		`begin immediate`: &w.begin,
		`commit`:          &w.commit,
	} {
		if *stmt, err = conn.PrepareContext(ctx, text); err != nil {
			return nil, err
		}
	}
	if s.lookup, err = db.Prepare(`select body from things where id = ? and hash = ?`); err != nil {
		return nil, err
	}
	go w.run(s.queue)
	return s, nil
}

func (s *liteStore) find(r ref) (body string, err error) {
	err = s.lookup.QueryRow(r.id, r.hash).Scan(&body)
	return body, err
}

type liteWriter struct {
	conn                          *sql.Conn
	begin, commit, insert, remove *sql.Stmt
}

func (w *liteWriter) run(q queue) {
	var group []*waiting
	for {
		group = q.next(group)
		_, err := w.begin.Exec()
		if err == nil {
			for _, c := range group {
				c.err = w.change(c)
			}
			_, err = w.commit.Exec()
		}
		settle(group, err)
	}
}

func (w *liteWriter) change(c *waiting) error {
	if c.take.id != 0 {
		err := w.remove.QueryRow(c.take.id, c.take.hash).Scan(&c.body)
		if errors.Is(err, sql.ErrNoRows) {
			return errAbsent
		}
		if err != nil {
			return err
		}
	}
	for _, r := range c.add {
		if _, err := w.insert.Exec(r.id, r.hash, r.body); err != nil {
			return err
		}
	}
	return nil
}
