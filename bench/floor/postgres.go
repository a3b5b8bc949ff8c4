package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgStore has two writers; each sends what waits as one pipeline, which
// PostgreSQL runs as one transaction with one flush.
type pgStore struct {
	queue
	pool *pgxpool.Pool
}

const (
	pgWriters = 2
	pgReaders = 4

	pgAdd = `insert into things (id, hash, body)
		select n.id, n.hash, n.body from unnest($1::bigint[], $2::text[], $3::text[]) as n(id, hash, body)`
	pgSwap = `with gone as (delete from things where id = $4 and hash = $5 returning body),
		added as (insert into things (id, hash, body)
			select n.id, n.hash, n.body from unnest($1::bigint[], $2::text[], $3::text[]) as n(id, hash, body), gone)
		select body from gone`
)

func openPostgres(url string) (*pgStore, error) {
	ctx := context.Background()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = pgWriters + pgReaders
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, `drop table if exists things`)
	if err == nil {
		_, err = pool.Exec(ctx, `create table things (id bigint primary key, hash text not null, body text not null)`)
	}
	if err != nil {
		return nil, err
	}
	s := &pgStore{queue: newQueue(), pool: pool}
	for range pgWriters {
		c, err := pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		go pgWrite(s.queue, c.Conn())
	}
	return s, nil
}

func (s *pgStore) find(r ref) (body string, err error) {
	err = s.pool.QueryRow(context.Background(), `select body from things where id = $1 and hash = $2`, r.id, r.hash).Scan(&body)
	return body, err
}

func pgWrite(q queue, c *pgx.Conn) {
	var group []*waiting
	for {
		group = q.next(group)
		batch := new(pgx.Batch)
		for _, w := range group {
			w.queue(batch)
		}
		settle(group, c.SendBatch(context.Background(), batch).Close())
	}
}

func (w *waiting) queue(b *pgx.Batch) {
	ids, hashes, bodies := make([]int64, 0, 2), make([]string, 0, 2), make([]string, 0, 2)
	for _, r := range w.add {
		ids, hashes, bodies = append(ids, r.id), append(hashes, r.hash), append(bodies, r.body)
	}
	if w.take.id == 0 {
		b.Queue(pgAdd, ids, hashes, bodies)
		return
	}
	b.Queue(pgSwap, ids, hashes, bodies, w.take.id, w.take.hash).QueryRow(func(row pgx.Row) error {
		w.err = row.Scan(&w.body)
		if errors.Is(w.err, pgx.ErrNoRows) {
			w.err = errAbsent
		}
		return nil
	})
}
