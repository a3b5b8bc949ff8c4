package sqlstore_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

func TestK1_KilledUnderLoadLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			d := open(t, url, sqlstore.Options{})
			var acked []int64
			for round := range 6 {
				more := loadUntil(t, command(t, "load", url), func(_ string, n int) bool { return n >= 50+97*round })
				acked = append(acked, more...)
				mustHold(t, d, acked)
			}
			if err := d.Write(t.Context(), insert(-1)); err != nil {
				t.Errorf("after the kills: %v", err)
			}
		})
	}
}

// The write-ahead log's flush fails in a real process: strace makes the system
// call return EIO, always, or once in each thread after 40 that succeeded.
func TestP2_FlushErrorAcknowledgesNone(t *testing.T) {
	t.Parallel()
	for name, when := range map[string]string{"once": "40", "always": "1+"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.SQLite(t)
			open(t, url, sqlstore.Options{}).Close()
			cmd := command(t, "load", url, "strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null",
				"-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when="+when)
			var refused, after int
			acked := loadUntil(t, cmd, func(word string, n int) bool {
				switch word {
				case "refused":
					refused++
				case "ack":
					if refused > 0 {
						after++
					}
				}
				// Once: it writes again. Always: it goes on refusing.
				return name == "once" && after >= 100 || name == "always" && refused >= 100
			})
			if refused == 0 || name == "always" && len(acked) > 0 {
				t.Errorf("%d refused, %d acknowledged after", refused, after)
			}
			mustHold(t, open(t, url, sqlstore.Options{}), acked)
		})
	}
}

func TestP3_FullDisk(t *testing.T) {
	t.Parallel()
	cmd := command(t, "full", "")
	cmd.Env = append(cmd.Env, "FOYER_TEST_DIR="+t.TempDir())
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNS
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestErrorAtCommitAcknowledgesNone(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		t.Run(cause.Error(), func(t *testing.T) {
			t.Parallel()
			g := new(gate)
			d := open(t, storetest.SQLite(t), sqlstore.Options{CommitHook: g.hook})
			var fns []func() error
			for id := range 32 {
				fns = append(fns, func() error {
					return d.Write(t.Context(), func(tx *sqlstore.Tx) error {
						if err := insert(id)(tx); err != nil {
							return err
						}
						if id%4 == 0 {
							return errRefused
						}
						return nil
					})
				})
			}
			for id, err := range g.group(t, d, func() { g.set(cause) }, fns...) {
				if !errors.Is(err, sqlstore.ErrUnknown) {
					t.Errorf("transition %d: %v; refusals too depend on the commit", id, err)
				}
			}
			if n := count(t, d); n != 0 {
				t.Errorf("%d items, want none", n)
			}
			g.set(nil)
			if err := d.Write(t.Context(), insert(1)); err != nil || count(t, d) != 1 {
				t.Errorf("after recovery: %v", err)
			}
		})
	}
}

func TestErrorAtCommitOnPostgreSQL(t *testing.T) {
	t.Parallel()
	g := new(gate)
	d := open(t, storetest.Postgres(t), sqlstore.Options{CommitHook: g.hook})
	g.set(syscall.EIO)
	if err := d.Write(t.Context(), insert(1)); !errors.Is(err, sqlstore.ErrUnknown) {
		t.Errorf("commit failed: %v", err)
	}
	g.set(nil)
	if err := d.Write(t.Context(), insert(2)); err != nil {
		t.Errorf("after recovery: %v", err)
	}
	if n := count(t, d); n != 1 {
		t.Errorf("%d items, want 1", n)
	}
}

// events is a log handler that tells a channel of each message.
type events struct {
	slog.Handler
	said chan string
}

func (e events) Enabled(context.Context, slog.Level) bool { return true }
func (e events) Handle(_ context.Context, r slog.Record) error {
	select {
	case e.said <- r.Message:
	default:
	}
	return nil
}

func TestSecondProcessThatWritesIsWaitedFor(t *testing.T) {
	t.Parallel()
	url := storetest.SQLite(t)
	heard := events{said: make(chan string, 8)}
	server := open(t, url, sqlstore.Options{Logger: slog.New(heard)})
	cli := open(t, url, sqlstore.Options{}) // a writer of its own, as another process has
	locked, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := cli.Write(t.Context(), func(tx *sqlstore.Tx) error {
			close(locked)
			<-release
			return insert(1)(tx)
		})
		if err != nil {
			t.Errorf("command line: %v", err)
		}
	})
	<-locked
	for id := range 8 {
		wg.Go(func() {
			if err := server.Write(t.Context(), insert(10+id)); err != nil {
				t.Errorf("server: %v", err)
			}
		})
	}
	for range 2 { // it has met the lock twice, and did not give up
		if msg := <-heard.said; !strings.Contains(msg, "waits for another process") {
			t.Errorf("log: %s", msg)
		}
	}
	close(release)
	wg.Wait()
	if n := count(t, server); n != 9 {
		t.Errorf("%d items, want 9", n)
	}
}

func TestClosedDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	d, err := sqlstore.Open(t.Context(), storetest.SQLite(t), sqlstore.Options{Migrations: engineSchema})
	if err != nil {
		t.Fatal(err)
	}
	var ran atomic.Bool
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(*sqlstore.Tx) error { ran.Store(true); return nil })
	if !errors.Is(err, sqlstore.ErrUnavailable) || ran.Load() {
		t.Errorf("write: %v", err)
	}
	if err := d.Ping(t.Context()); !errors.Is(err, sqlstore.ErrUnavailable) {
		t.Errorf("ping: %v", err)
	}
}

func TestNewFileIsTheOwnersAlone(t *testing.T) {
	t.Parallel()
	url := storetest.SQLite(t)
	d := open(t, url, sqlstore.Options{})
	if err := d.Write(t.Context(), insert(1)); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(strings.TrimPrefix(url, "sqlite:") + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%q: %v, %v", suffix, info, err)
		}
	}
}
