package sqlstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

// bulkRows is how many rows one statement inserts or looks for at most: on
// PostgreSQL each statement is a round trip.
const bulkRows = 50

var errNoFreeID = errors.New("no free id")

// bulk inserts rows whose id is drawn: many of one transition have one time, so
// an id that is taken is drawn again.
type bulk struct {
	table, columns string // after tenant and id
	texts          sync.Map
}

// insert writes rows, the values of b.columns each.
func (b *bulk) insert(tx *Tx, tenant string, now time.Time, rows [][]any) error {
	for range drawn {
		var lost [][]any
		for chunk := range slices.Chunk(rows, bulkRows) {
			if len(chunk) == 1 {
				if err := b.one(tx, tenant, now, chunk[0]); err != nil {
					return err
				}
				continue
			}
			rest, err := b.try(tx, tenant, now, chunk)
			if err != nil {
				return err
			}
			lost = append(lost, rest...)
		}
		if rows = lost; len(rows) == 0 {
			return nil
		}
	}
	return fmt.Errorf("insert into %s: %w", b.table, errNoFreeID)
}

// drawn is how often an id is drawn; a millisecond has a million.
const drawn = 16

// one is insert without what only several rows need.
func (b *bulk) one(tx *Tx, tenant string, now time.Time, row []any) error {
	args := make([]any, 0, 2+len(row))
	args = append(append(args, tenant, int64(0)), row...)
	for range drawn {
		args[1] = secret.NewSelector(now)
		if n, err := tx.Exec(b.text(1, len(row)), args...); err != nil || n == 1 {
			return err
		}
	}
	return fmt.Errorf("insert into %s: %w", b.table, errNoFreeID)
}

// try inserts a chunk and returns the rows whose ids were taken.
func (b *bulk) try(tx *Tx, tenant string, now time.Time, chunk [][]any) (lost [][]any, err error) {
	byID := make(map[int64][]any, len(chunk))
	args := make([]any, 0, 1+len(chunk)*(1+len(chunk[0])))
	args = append(args, tenant)
	for _, row := range chunk {
		id := secret.NewSelector(now)
		for byID[id] != nil {
			id = secret.NewSelector(now)
		}
		byID[id] = row
		args = append(append(args, id), row...)
	}
	rows, err := tx.Query(b.text(len(chunk), len(chunk[0])), args...)
	_, err = collect(rows, err, func(rows *Rows) (id int64, err error) {
		err = rows.Scan(&id)
		delete(byID, id)
		return id, err
	})
	for _, row := range byID {
		lost = append(lost, row)
	}
	return lost, err
}

// text is the statement for n rows of so many values.
func (b *bulk) text(n, values int) string {
	if t, ok := b.texts.Load(n); ok {
		return t.(string)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "INSERT INTO %s (tenant, id, %s) VALUES ", b.table, b.columns)
	for i := range n {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString("($1")
		for v := range values + 1 {
			fmt.Fprintf(&s, ", $%d", 2+i*(values+1)+v)
		}
		s.WriteString(")")
	}
	s.WriteString(" ON CONFLICT DO NOTHING")
	if n > 1 {
		s.WriteString(" RETURNING id")
	}
	b.texts.Store(n, s.String())
	return s.String()
}

// placeholders is "$from, $from+1 …" for n arguments.
func placeholders(from, n int) string {
	var s strings.Builder
	for i := range n {
		if i > 0 {
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "$%d", from+i)
	}
	return s.String()
}
