package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// binary is the program, built once.
var binary = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("FOYER_BINARY"); path != "" {
		return path, nil
	}
	dir, err := os.MkdirTemp("", "foyer-e2e-")
	if err != nil {
		return "", err
	}
	built = dir
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "foyer"), "./cmd/foyer")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build foyer: %w\n%s", err, out)
	}
	return filepath.Join(dir, "foyer"), nil
})

var built string // the directory to remove

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

var asked atomic.Int64

// freePort is a port that nothing listens on. It is below those that systems give
// to whoever asks for any, so that none takes it before the server starts.
func freePort(t *testing.T) int {
	t.Helper()
	for {
		port := 20000 + int(int64(os.Getpid())*97+asked.Add(1))%12000
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return port
	}
}

// start runs cmd until a line of its standard output has the word.
func start(t *testing.T, cmd *exec.Cmd, word string) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), word) {
			return lines.Text()
		}
	}
	t.Fatalf("%s ended: %v", cmd.Path, cmd.Wait())
	return ""
}

// postgres returns the address of an empty database that ends with the test.
func postgres(t *testing.T) string {
	t.Helper()
	cmd := exec.Command(filepath.Join("..", "lib", "postgres.sh"), fmt.Sprint(freePort(t)))
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	dsn := start(t, cmd, "postgres")
	t.Cleanup(func() {
		hold.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	return dsn
}

// serve runs foyer with a tenant document and returns its issuer.
func serve(t *testing.T, dsn string, tenant map[string]any) string {
	t.Helper()
	program, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(dir, "foyer.db")
	}
	b, err := json.Marshal(tenant) // JSON is YAML
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "tenant.yaml")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	issuer := fmt.Sprintf("http://localhost:%d", port)
	cmd := exec.Command(program, "serve")
	cmd.Dir = dir
	cmd.Env = []string{"FOYER_LISTEN=127.0.0.1:" + fmt.Sprint(port), "FOYER_PUBLIC_URL=" + issuer, "FOYER_DATABASE=" + dsn,
		"FOYER_MASTER_KEY_FILE=" + filepath.Join(dir, "master.key"), "FOYER_APPLY=" + file}
	start(t, cmd, "answers at")
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("foyer serve, asked to stop: %v", err)
		}
	})
	r, err := http.Get(issuer + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("readyz says %s", r.Status)
	}
	return issuer
}
