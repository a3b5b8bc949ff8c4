package sqlstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/foyer-id/foyer/internal/sqlstore"
)

// child is what this test binary does when a test runs it as a process of its
// own, to kill it or to break the disk beneath it.
func child(role string) int {
	url := os.Getenv("FOYER_TEST_URL")
	var err error
	switch role {
	case "load":
		err = childLoad(url)
	case "migrate":
		err = childMigrate(url)
	case "full":
		err = childFullDisk(os.Getenv("FOYER_TEST_DIR"))
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	return 0
}

// command runs this binary as a child, wrapped in another program if given.
func command(t *testing.T, role, url string, wrap ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := append(wrap, self)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), "FOYER_TEST_CHILD="+role, "FOYER_TEST_URL="+url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func openChild(url string) (*sqlstore.DB, error) {
	return sqlstore.Open(context.Background(), url, sqlstore.Options{
		Migrations: engineSchema, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
}

// childLoad inserts ever new ids from 16 goroutines and says each one after it
// has been acknowledged, and how often it was told that the outcome is unknown.
func childLoad(url string) error {
	d, err := openChild(url)
	if err != nil {
		return err
	}
	ctx := context.Background()
	var last atomic.Int64
	if err := d.QueryRow(ctx, `SELECT COALESCE(MAX(id), 0) FROM item`).Scan(lastID{&last}); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for last.Load() < math.MaxInt32 {
				id := last.Add(1)
				err := d.Write(ctx, func(tx *sqlstore.Tx) error {
					if _, err := tx.Exec(`UPDATE counter SET n = n + 1 WHERE id = 1`); err != nil {
						return err
					}
					_, err := tx.Exec(`INSERT INTO item (id) VALUES ($1)`, id)
					return err
				})
				switch {
				case err == nil:
					fmt.Println("ack", id)
				case errors.Is(err, sqlstore.ErrUnknown), errors.Is(err, sqlstore.ErrUnavailable):
					fmt.Println("refused", id)
				default:
					fmt.Println("failed:", err)
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.New("the load has ended")
}

type lastID struct{ n *atomic.Int64 }

func (l lastID) Scan(src any) error {
	l.n.Store(src.(int64))
	return nil
}

// loadUntil runs the load child and kills it at the first line for which enough
// returns true; it returns the acknowledged ids.
func loadUntil(t *testing.T, cmd *exec.Cmd, enough func(word string, acked int) bool) []int64 {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []int64
	killed := false
	for lines := bufio.NewScanner(out); lines.Scan(); { // to the end: acknowledged is acknowledged
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "ack":
			id, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				continue // a line cut by the kill
			}
			acked = append(acked, id)
		case "refused":
		default:
			t.Errorf("child: %s", lines.Text())
		}
		if !killed && enough(word, len(acked)) {
			killed = true
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
	}
	_ = cmd.Wait() // killed: that is the point
	return acked
}

// mustHold checks that every acknowledged id is there, that the counter has
// moved with the rows, and that the file is sound.
func mustHold(t *testing.T, d *sqlstore.DB, acked []int64) {
	t.Helper()
	there := make(map[int64]bool)
	var n int // read in the same statement: the server may just be finishing what a dead client sent
	rows, err := d.Query(t.Context(), `SELECT id, (SELECT n FROM counter WHERE id = 1) FROM item`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id, &n); err != nil {
			t.Fatal(err)
		}
		there[id] = true
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	for _, id := range acked {
		if !there[id] {
			t.Errorf("id %d was acknowledged and is gone", id)
		}
	}
	if n != len(there) {
		t.Errorf("counter %d, %d rows: half a transition was kept", n, len(there))
	}
	if d.Dialect() == "sqlite" {
		var verdict string
		if err := d.QueryRow(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
			t.Errorf("integrity: %s, %v", verdict, err)
		}
	}
}

// childFullDisk mounts a small file system of its own (it runs in a mount
// namespace of its own), fills it, writes into it, and frees it again.
func childFullDisk(dir string) error {
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	d, err := openChild("sqlite:" + filepath.Join(dir, "foyer.db"))
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := d.Migrate(ctx, epoch, nil); err != nil {
		return err
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		return err
	}
	body := strings.Repeat("x", 2000)
	write := func(id int) error {
		_, err := d.WriteOne(ctx, `INSERT INTO item (id, body) VALUES ($1, $2)`, id, strconv.Itoa(id)+body)
		return err
	}
	acked := 0
	for err = nil; err == nil; acked++ {
		err = write(acked)
	}
	acked--
	if !errors.Is(err, sqlstore.ErrUnknown) {
		return fmt.Errorf("disk full after %d rows: %w", acked, err)
	}
	check := func(when string) error {
		var n int
		var verdict string
		if err := d.QueryRow(ctx, `SELECT COUNT(*) FROM item`).Scan(&n); err != nil || n != acked {
			return fmt.Errorf("%s: %d rows of %d, %w", when, n, acked, err)
		}
		if err := d.QueryRow(ctx, `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
			return fmt.Errorf("%s: integrity %s, %w", when, verdict, err)
		}
		return nil
	}
	if err := check("disk full"); err != nil { // reading goes on
		return err
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	for range 50 { // and writing does, at once and without a restart
		if err := write(acked); err != nil {
			return fmt.Errorf("space is back: %w", err)
		}
		acked++
	}
	if err := check("space is back"); err != nil {
		return err
	}
	return d.Close()
}
