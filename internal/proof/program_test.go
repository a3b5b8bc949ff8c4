package proof

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/cli"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/storetest"
)

// TestMain runs the program itself when a test has started this binary as one:
// the same cli.Main as cmd/foyer, in a process that can be killed.
func TestMain(m *testing.M) {
	if line := os.Getenv("FOYER_PROOF_PROGRAM"); line != "" {
		os.Unsetenv("FOYER_PROOF_PROGRAM")
		if line == mortal {
			os.Exit(serveMortal())
		}
		os.Exit(cli.Main(strings.Fields(line), os.Environ(), cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	os.Exit(m.Run())
}

// gone is the status that a test sees when the connection broke: the outcome
// of the request is unknown.
const gone = 599

// program is foyer serve as a process.
type program struct {
	t       testing.TB
	dir     string
	listen  string
	env     []string
	line    string // what is run: serve
	cmd     *exec.Cmd
	files   []*os.File // which it inherits, from 3 on
	Log     *rptest.Log
	Web     *rptest.World // its Browsers and Calls go over the network
	started time.Duration // until it was ready
}

// newProgram prepares a directory; database "" is SQLite in it.
func newProgram(t testing.TB, public, database string) *program {
	t.Helper()
	dir := t.TempDir()
	// A sign-in that a kill interrupts stays charged: no limit, so that the load
	// goes on.
	tenants := strings.Replace(rptest.Tenant, "settings: {", "settings: {throttle: {account: 0, network: 0}, ", 1)
	must(t, os.WriteFile(filepath.Join(dir, "tenant.yaml"), []byte(tenants), 0o600))
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "foyer.db")
	}
	p := &program{t: t, dir: dir, listen: storetest.Address(t), line: "serve"}
	if public == "" {
		public = "http://" + p.listen
	}
	p.env = []string{"FOYER_LISTEN=" + p.listen, "FOYER_PUBLIC_URL=" + public, "FOYER_DATABASE=" + database, "TZ=America/New_York",
		"FOYER_MASTER_KEY_FILE=" + filepath.Join(dir, "master.key"), "FOYER_APPLY=" + filepath.Join(dir, "tenant.yaml")}
	p.Web = &rptest.World{T: t, Base: public, Database: database, Server: &app.Server{Handler: overNetwork(p.listen)}}
	return p
}

// overNetwork sends what a test asks of a handler to an address.
func overNetwork(address string) http.Handler {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := forward(transport, address, r)
		if err != nil {
			http.Error(w, err.Error(), gone)
			return
		}
		copyAnswer(w, res)
	})
}

func forward(transport *http.Transport, address string, r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", address
	if r.ContentLength == 0 {
		out.Body = http.NoBody // such a request is sent again when its connection was just closed
	}
	return transport.RoundTrip(out)
}

func copyAnswer(w http.ResponseWriter, res *http.Response) {
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil { // cut off in the middle
		http.Error(w, err.Error(), gone)
		return
	}
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(body)
}

// start runs the program and returns when it is ready.
func (p *program) start() {
	p.t.Helper()
	p.Log = &rptest.Log{}
	out := p.command(p.line)
	began := time.Now()
	must(p.t, p.cmd.Start())
	p.t.Cleanup(p.kill)
	scan := bufio.NewScanner(out)
	for scan.Scan() && !strings.Contains(scan.Text(), "answers at") {
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	for deadline := time.Now().Add(20 * time.Second); ; {
		res, err := http.Get("http://" + p.listen + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not ready: %v\n%s", err, p.Log)
		}
	}
	p.started = time.Since(began)
}

// command prepares one command line of the program.
func (p *program) command(line string) io.Reader {
	p.t.Helper()
	self, err := os.Executable()
	must(p.t, err)
	p.cmd = exec.Command(self)
	p.cmd.Env = p.environ(line)
	p.cmd.Dir, p.cmd.Stderr, p.cmd.ExtraFiles = p.dir, p.Log, p.files
	out, err := p.cmd.StdoutPipe()
	must(p.t, err)
	return out
}

// environ is the test's environment without what configures Foyer or its tests,
// and with what configures the program.
func (p *program) environ(line string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "FOYER_") {
			env = append(env, e)
		}
	}
	return append(append(env, p.env...), "FOYER_PROOF_PROGRAM="+line)
}

// run runs another command beside the server.
func (p *program) run(input, line string) (string, error) {
	p.t.Helper()
	self, err := os.Executable()
	must(p.t, err)
	cmd := exec.Command(self)
	cmd.Env = p.environ(line)
	cmd.Dir, cmd.Stdin = p.dir, strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// kill ends the program without a word; again is no harm.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
		_ = p.cmd.Wait()
	}
}

func write(t testing.TB, dir, name, text string, mode os.FileMode) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), mode))
	must(t, os.Chmod(filepath.Join(dir, name), mode))
}
