package sqlstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// ladder is a series of migrations whose every step can be told from the data.
func ladder(n int) fstest.MapFS {
	files := fstest.MapFS{"0001_start.sql": {Data: []byte("CREATE TABLE step (n BIGINT NOT NULL);")}}
	for i := 2; i <= n; i++ {
		files[fmt.Sprintf("%04d_step.sql", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `
			CREATE TABLE rung_%[1]d (id BIGINT NOT NULL PRIMARY KEY) /* clustered */;
			INSERT INTO step (n) VALUES (%[1]d); -- half of the file; the rest:
			INSERT INTO rung_%[1]d (id) VALUES (%[1]d);`, i)}
	}
	return files
}

// mustHaveClimbed checks that each step was taken exactly once.
func mustHaveClimbed(t *testing.T, d *sqlstore.DB, n int) {
	t.Helper()
	var steps, distinct, last int
	if err := d.QueryRow(t.Context(), `SELECT COUNT(*), COUNT(DISTINCT n), MAX(n) FROM step`).Scan(&steps, &distinct, &last); err != nil {
		t.Fatal(err)
	}
	if steps != n-1 || distinct != n-1 || last != n {
		t.Errorf("%d steps, %d distinct, last %d; want %d", steps, distinct, last, n-1)
	}
	if pending, err := d.Pending(t.Context()); err != nil || len(pending) != 0 {
		t.Errorf("pending %v, %v", pending, err)
	}
	var id int
	if err := d.QueryRow(t.Context(), fmt.Sprintf(`SELECT id FROM rung_%d`, n)).Scan(&id); err != nil || id != n {
		t.Errorf("last rung %d, %v", id, err)
	}
	if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM foyer_migration_lock`).Scan(&id); err != nil || id != 0 {
		t.Errorf("%d leases left, %v", id, err)
	}
}

// bothURLs runs fn on the address of a fresh database of each kind.
func bothURLs(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, url(t))
		})
	}
}

func openAt(t *testing.T, url string, files fs.FS) *sqlstore.DB {
	t.Helper()
	return storetest.Open(t, url, sqlstore.Options{Migrations: files})
}

func TestMigrateTwiceAndFurther(t *testing.T) {
	t.Parallel()
	bothURLs(t, func(t *testing.T, url string) {
		d := openAt(t, url, ladder(3))
		if pending, err := d.Pending(t.Context()); err != nil || !cmp.Equal(pending, []string{"0001_start.sql", "0002_step.sql", "0003_step.sql"}) {
			t.Errorf("pending %v, %v", pending, err)
		}
		var seen []string
		progress := func(done, total int, name string) { seen = append(seen, fmt.Sprintf("%d/%d %s", done, total, name)) }
		for range 2 {
			if err := d.Migrate(t.Context(), epoch, progress); err != nil {
				t.Fatal(err)
			}
		}
		if !cmp.Equal(seen, []string{"1/3 0001_start.sql", "2/3 0002_step.sql", "3/3 0003_step.sql"}) {
			t.Errorf("progress %v", seen)
		}
		mustHaveClimbed(t, d, 3)
		var at int64
		if err := d.QueryRow(t.Context(), `SELECT MIN(applied_at) FROM foyer_migrations`).Scan(&at); err != nil || at != epoch.UnixMicro() {
			t.Errorf("applied at %d, %v", at, err)
		}
		next := openAt(t, url, ladder(5))
		if err := next.Migrate(t.Context(), epoch, nil); err != nil {
			t.Fatal(err)
		}
		mustHaveClimbed(t, next, 5)
		// The release before runs beside the newer schema.
		if pending, err := d.Pending(t.Context()); err != nil || len(pending) != 0 {
			t.Errorf("release before: %v, %v", pending, err)
		}
	})
}

func TestMigrateRefuses(t *testing.T) {
	t.Parallel()
	bothURLs(t, func(t *testing.T, url string) {
		files := ladder(3)
		files["0003_step.sql"].Data = append(files["0003_step.sql"].Data, "\n-- foyer: breaking\n"...)
		if err := openAt(t, url, files).Migrate(t.Context(), epoch, nil); err != nil {
			t.Fatal(err)
		}
		changed := maps.Clone(files)
		changed["0002_step.sql"] = &fstest.MapFile{Data: []byte("SELECT 1;")}
		err := openAt(t, url, changed).Migrate(t.Context(), epoch, nil)
		if !errors.Is(err, sqlstore.ErrMigrationChanged) || !strings.Contains(err.Error(), "0002_step.sql") {
			t.Errorf("edited file: %v", err)
		}
		err = openAt(t, url, ladder(2)).Migrate(t.Context(), epoch, nil)
		if !errors.Is(err, sqlstore.ErrDatabaseNewer) || !strings.Contains(err.Error(), "0003_step.sql") {
			t.Errorf("breaking file of a newer release: %v", err)
		}
		for _, name := range []string{"4_x.sql", "0002_other.sql"} {
			odd := maps.Clone(files)
			odd[name] = &fstest.MapFile{}
			if _, err := openAt(t, url, odd).Pending(t.Context()); err == nil {
				t.Errorf("%s was taken", name)
			}
		}
	})
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	bothURLs(t, func(t *testing.T, url string) {
		files := ladder(3)
		files["0003_step.sql"].Data = append(files["0003_step.sql"].Data, "INSERT INTO nowhere (id) VALUES (1);"...)
		d := openAt(t, url, files)
		if err := d.Migrate(t.Context(), epoch, nil); err == nil || !strings.Contains(err.Error(), "0003_step.sql") {
			t.Errorf("broken file: %v", err)
		}
		d = openAt(t, url, ladder(3))
		if pending, err := d.Pending(t.Context()); err != nil || !cmp.Equal(pending, []string{"0003_step.sql"}) {
			t.Errorf("pending %v, %v", pending, err)
		}
		if err := d.Migrate(t.Context(), epoch, nil); err != nil {
			t.Fatal(err)
		}
		mustHaveClimbed(t, d, 3)
	})
}

func TestMigrateByManyNodesAtOnce(t *testing.T) {
	t.Parallel()
	bothURLs(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for range 4 {
			d := openAt(t, url, ladder(12))
			wg.Go(func() {
				if err := d.Migrate(t.Context(), epoch, nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		mustHaveClimbed(t, openAt(t, url, ladder(12)), 12)
	})
}

const rungs = 25

func childMigrate(url string) error {
	d, err := sqlstore.Open(context.Background(), url, sqlstore.Options{Migrations: ladder(rungs)})
	if err != nil {
		return err
	}
	return d.Migrate(context.Background(), epoch, func(done, _ int, _ string) { fmt.Println(done) })
}

func TestR2_MigrationKilledMidwayIsResumed(t *testing.T) {
	t.Parallel()
	bothURLs(t, func(t *testing.T, url string) {
		for round := range 5 {
			cmd := command(t, "migrate", url)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			seen := 0
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if strings.HasPrefix(lines.Text(), "failed") {
					t.Error(lines.Text())
				}
				if seen++; seen == 1+round {
					if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
						t.Error(err)
					}
				}
			}
			_ = cmd.Wait()
		}
		d := openAt(t, url, ladder(rungs))
		if err := d.Migrate(t.Context(), epoch, nil); err != nil { // without waiting for the lease to end
			t.Fatal(err)
		}
		mustHaveClimbed(t, d, rungs)
	})
}

// A holder on another host is believed until its lease ends.
func TestR2_LeaseOfAnotherHost(t *testing.T) {
	t.Parallel()
	bothURLs(t, func(t *testing.T, url string) {
		if err := openAt(t, url, ladder(2)).Migrate(t.Context(), epoch, nil); err != nil {
			t.Fatal(err)
		}
		now := epoch
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		d := storetest.Open(t, url, sqlstore.Options{Migrations: ladder(4), Now: func() time.Time {
			if asked++; asked == 3 { // it was refused twice, and asks again
				cancel()
			}
			return now
		}})
		if _, err := d.WriteOne(t.Context(), `INSERT INTO foyer_migration_lock (id, holder, expires_at) VALUES (1, $1, $2)`,
			"elsewhere/1/x/1", now.Add(time.Second).UnixMicro()); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(ctx, now, nil); !errors.Is(err, context.Canceled) || asked != 3 {
			t.Errorf("held lease: %v after %d looks", err, asked)
		}
		now = now.Add(2 * time.Second)
		if err := d.Migrate(t.Context(), now, nil); err != nil {
			t.Fatal(err)
		}
		mustHaveClimbed(t, d, 4)
	})
}

func TestSplitSQL(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"statements at semicolons":           {"a;\nb ;c", []string{"a", "b", "c"}},
		"comments hide semicolons":           {"a -- x;\n, b /* y; */;c;", []string{"a -- x;\n, b /* y; */", "c"}},
		"quotes hide semicolons and dashes":  {`a 'x;--' "y;/*";b`, []string{`a 'x;--' "y;/*"`, "b"}},
		"a doubled quote is inside":          {"a 'it''s;';b", []string{"a 'it''s;'", "b"}},
		"comments alone are no statement":    {"-- only\n;/* this */ ; \n", nil},
		"an open comment runs to the end":    {"a;/* b;", []string{"a"}},
		"a statement needs no end semicolon": {"  a  ", []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, sqlstore.SplitSQL(c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
