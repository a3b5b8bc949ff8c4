package storetest

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// server is one PostgreSQL server of this test binary.
type server struct {
	once    sync.Once
	durable bool // fsync on
	admin   string
	err     error
	pipe    *os.File // held open for as long as the binary runs
}

var (
	quick   = &server{}
	durable = &server{durable: true}
)

// start returns the URL of the server's own database, starting it if need be.
func (s *server) start(tb testing.TB) string {
	tb.Helper()
	s.once.Do(func() {
		if s.admin = os.Getenv("FOYER_TEST_POSTGRES"); s.admin == "" || s.durable {
			s.admin, s.err = s.launch()
		}
	})
	if s.err != nil {
		tb.Fatalf("start PostgreSQL: %v", s.err)
	}
	return s.admin
}

// script makes a cluster in $1, runs it on port $2 and takes it away again when
// its standard input ends. $3 is on or off for fsync.
const script = `set -e
trap 'rm -rf "$1"' EXIT
trap '' INT TERM HUP
initdb -D "$1/data" -U foyer -A trust -E UTF8 --locale=C --no-sync >"$1/log" 2>&1 || { cat "$1/log"; exit 1; }
postgres -D "$1/data" -p "$2" -k "$1" -c listen_addresses=127.0.0.1 -c fsync=$3 -c synchronous_commit=$3 \
  -c full_page_writes=$3 -c shared_buffers=32MB -c max_connections=200 -c max_wal_size=256MB -c deadlock_timeout=100ms >>"$1/log" 2>&1 </dev/null &
pid=$!
n=0
until pg_isready -q -h 127.0.0.1 -p "$2" -U foyer; do
  n=$((n+1))
  if [ $n -gt 600 ] || ! kill -0 $pid 2>/dev/null; then cat "$1/log"; kill -9 $pid 2>/dev/null; exit 1; fi
  sleep 0.05
done
echo ready
cat >/dev/null
kill -QUIT $pid 2>/dev/null || true
wait $pid || true
`

func (s *server) launch() (string, error) {
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "foyer-pg-")
	if err != nil {
		return "", err
	}
	port, _, err := reserve() // for as long as the binary runs
	if err != nil {
		return "", err
	}
	fsync := "off"
	if s.durable {
		fsync = "on"
	}
	cmd := exec.Command("/bin/sh", "-c", script, "foyer-pg", dir, strconv.Itoa(port), fsync)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "LC_ALL=C")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := asPostgres(cmd.SysProcAttr, dir); err != nil {
		return "", err
	}
	return fmt.Sprintf("postgres://foyer@127.0.0.1:%d/postgres?sslmode=disable", port), s.await(cmd)
}

// await starts the shell and returns when the server answers.
func (s *server) await(cmd *exec.Cmd) error {
	hold, end, err := os.Pipe()
	if err != nil {
		return err
	}
	said, out, err := os.Pipe()
	if err != nil {
		return err
	}
	// Files, not buffers: nothing of this process waits for the shell's end.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = hold, out, out
	if err := cmd.Start(); err != nil {
		return err
	}
	hold.Close()
	out.Close()
	s.pipe = end
	var lines strings.Builder
	scan := bufio.NewScanner(said)
	for scan.Scan() {
		if scan.Text() == "ready" {
			return nil
		}
		fmt.Fprintln(&lines, scan.Text())
	}
	return fmt.Errorf("it ended: %s", lines.String())
}

// binaries is the directory of initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("no initdb in PATH or /usr/lib/postgresql; set FOYER_TEST_POSTGRES or install PostgreSQL 15 or newer")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// asPostgres leaves root, under which PostgreSQL refuses to run.
func asPostgres(attr *syscall.SysProcAttr, dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("running as root: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(dir, uid, gid)
}
