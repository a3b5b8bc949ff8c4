package sqlstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// cpu reports the processor time of this process for each operation, which
// repeats on a shared machine; wall time does not.
func cpu(b *testing.B) func() {
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() { b.ReportMetric(float64((used()-start).Microseconds())/float64(b.N), "cpu-µs/op") }
}

func benchmarkDB(b *testing.B, url string) *sqlstore.DB {
	d := open(b, url, sqlstore.Options{})
	for id := range 1000 {
		if err := d.Write(b.Context(), insert(id)); err != nil {
			b.Fatal(err)
		}
	}
	return d
}

// parallel runs b.N operations on so many goroutines.
func parallel(b *testing.B, workers int, op func(n int64)) {
	var next atomic.Int64
	done := make(chan struct{})
	report := cpu(b)
	b.ResetTimer()
	for range workers {
		go func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				op(n)
			}
			done <- struct{}{}
		}()
	}
	for range workers {
		<-done
	}
	b.StopTimer()
	report()
}

var databases = map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.DurablePostgres}

func BenchmarkWrite(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		for _, workers := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("%s/one/%d", name, workers), func(b *testing.B) {
				d := benchmarkDB(b, databases[name](b))
				parallel(b, workers, func(n int64) {
					if _, err := d.WriteOne(context.Background(), `INSERT INTO item (id, body) VALUES ($1, NULL)`, 1_000_000+n); err != nil {
						b.Error(err)
					}
				})
			})
			b.Run(fmt.Sprintf("%s/two/%d", name, workers), func(b *testing.B) {
				d := benchmarkDB(b, databases[name](b))
				parallel(b, workers, func(n int64) {
					err := d.Write(context.Background(), func(tx *sqlstore.Tx) error {
						var id int64
						if err := tx.QueryRow(`UPDATE item SET flag = TRUE WHERE id = $1 RETURNING id`, n%1000).Scan(&id); err != nil {
							return err
						}
						return insert(1_000_000 + int(n))(tx)
					})
					if err != nil {
						b.Error(err)
					}
				})
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		for _, workers := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/%d", name, workers), func(b *testing.B) {
				d := benchmarkDB(b, databases[name](b))
				ctx, cancel := context.WithCancel(b.Context()) // as a request's
				defer cancel()
				b.ReportAllocs()
				parallel(b, workers, func(n int64) {
					var id int64
					var body *string
					var flag bool
					if err := d.QueryRow(ctx, `SELECT id, body, flag FROM item WHERE id = $1`, n%1000).Scan(&id, &body, &flag); err != nil {
						b.Error(err)
					}
				})
			})
		}
	}
}
