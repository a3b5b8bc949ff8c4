package proof

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/storetest"
)

// asked is one request during an outage.
type asked struct {
	what   string
	status int
	retry  string
	took   time.Duration
}

// customers ask for everything, over and over, until ctx ends.
func customers(ctx context.Context, w *rptest.World, b *rptest.Browser, a *rptest.Answer) (all []asked) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	requests := map[string]func() (int, http.Header){
		"discovery": func() (int, http.Header) {
			a := w.Fetch("/.well-known/openid-configuration")
			return a.Status, a.Header
		},
		"JWKS":      func() (int, http.Header) { a := w.Fetch("/.well-known/jwks.json"); return a.Status, a.Header },
		"authorize": func() (int, http.Header) { p := b.Get(w.Authorize("web", nil)); return p.Status(), p.Header() },
		"login": func() (int, http.Header) {
			p := w.Browser().PostWith("/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}, http.Header{})
			return p.Status(), p.Header()
		},
		"refresh": func() (int, http.Header) { a := w.Refresh("web", a.Get("refresh_token")); return a.Status, a.Header },
		"userinfo": func() (int, http.Header) {
			a := w.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token"))
			return a.Status, a.Header
		},
		"revoke": func() (int, http.Header) {
			a := w.Call("/revoke", rptest.Basic("web"), url.Values{"token": {"fo_rt_AAAAAAAAAAE." + strings.Repeat("A", 43)}})
			return a.Status, a.Header
		},
		"readiness": func() (int, http.Header) { a := w.Fetch("/readyz"); return a.Status, a.Header },
		"health":    func() (int, http.Header) { a := w.Fetch("/healthz"); return a.Status, a.Header },
	}
	for what, ask := range requests {
		for range 5 {
			wg.Go(func() {
				tick := time.NewTicker(20 * time.Millisecond)
				defer tick.Stop()
				for ; ctx.Err() == nil; <-tick.C {
					began := time.Now()
					status, h := ask()
					mu.Lock()
					all = append(all, asked{what, status, h.Get("Retry-After"), time.Since(began)})
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return all
}

// judge checks what was answered while the database was away. A second is the
// bound on a machine of one's own (FOYER_TEST_SLOW); here tests run beside it, and
// nobody waits for as long as a statement may take.
func judge(t *testing.T, p *program, all []asked) {
	t.Helper()
	for line := range strings.SplitSeq(p.Log.String(), "\n") {
		if strings.Contains(line, `"status":500`) {
			t.Errorf("%s", line)
			break
		}
	}
	bound := 4500 * time.Millisecond
	if slow {
		bound = time.Second
	}
	took := map[string][]time.Duration{}
	wrong := map[string]int{}
	for _, q := range all {
		always := q.what == "discovery" || q.what == "JWKS" || q.what == "health"
		if always && q.status != http.StatusOK || !always && (q.status != http.StatusServiceUnavailable || q.retry == "") {
			wrong[fmt.Sprintf("%s: %d, Retry-After %q", q.what, q.status, q.retry)]++
		}
		what := "refused"
		if always {
			what = q.what
		}
		took[what] = append(took[what], q.took)
	}
	for what, n := range wrong {
		t.Errorf("%d times %s", n, what)
	}
	for what, list := range took {
		slices.Sort(list)
		if p99 := list[len(list)*99/100]; p99 > bound {
			t.Errorf("%s: p99 of %d is %s, longest %s", what, len(list), p99, list[len(list)-1])
		}
	}
}

// before signs somebody in while all is well.
func before(t *testing.T, w *rptest.World) (*rptest.Browser, *rptest.Answer) {
	t.Helper()
	b := w.Browser()
	b.PostWith("/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}, http.Header{})
	a := w.Redeem("web", b.Get(w.Authorize("web", nil)).Code(t))
	if a.Status != http.StatusOK {
		t.Fatalf("token answered %d %s", a.Status, a.Raw)
	}
	return b, a
}

// recovers tells how long until a sign-in works again.
func recovers(t *testing.T, w *rptest.World) {
	t.Helper()
	began := time.Now()
	for {
		p := w.Browser().PostWith("/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}, http.Header{})
		if p.Status() == http.StatusSeeOther {
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("after 20 s a sign-in answers %d", p.Status())
		}
	}
	if took := time.Since(began); slow && took > 5*time.Second {
		t.Errorf("recovered after %s, want 5 s", took)
	}
}

// TestP4_DocumentsAreServedWithoutTheDatabase: its address refuses connections:
// what needs no database is served, everything else is 503 at once.
func TestP4_DocumentsAreServedWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	way := newWay(t, storetest.MigratedPostgres(t))
	p := newProgram(t, "", way.url)
	p.start()
	b, a := before(t, p.Web)
	way.close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	judge(t, p, customers(ctx, p.Web, b, a))
	way.open()
	recovers(t, p.Web)
	if !isSignedIn(p.Web, b, "web") {
		t.Error("the session did not survive the outage")
	}
}

// way is the network path to a database, which can be closed.
type way struct {
	t      testing.TB
	target string
	listen string
	url    string
	l      net.Listener
	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

func newWay(t testing.TB, database string) *way {
	t.Helper()
	u, err := url.Parse(database)
	must(t, err)
	w := &way{t: t, target: u.Host, listen: storetest.Address(t)}
	u.Host = w.listen
	w.url = u.String()
	w.open()
	t.Cleanup(w.close)
	return w
}

func (w *way) open() {
	w.t.Helper()
	l, err := net.Listen("tcp", w.listen)
	must(w.t, err)
	w.mu.Lock()
	w.l, w.closed = l, false
	w.mu.Unlock()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", w.target)
			if err != nil {
				in.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, in, out)
			if w.closed { // while this one was on its way
				in.Close()
				out.Close()
			}
			w.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() { _, _ = io.Copy(pair[0], pair[1]); pair[0].Close() }()
			}
		}
	}()
}

func (w *way) close() {
	w.l.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

// TestB1_ADatabaseThatHangsHoldsNobody: PostgreSQL is stopped (SIGSTOP): it
// takes connections and never answers.
func TestB1_ADatabaseThatHangsHoldsNobody(t *testing.T) {
	t.Parallel()
	database := storetest.DurablePostgres(t)
	p := newProgram(t, "", database)
	p.start()
	b, a := before(t, p.Web)
	server := []int{postmaster(t, database)}
	signal := func(s syscall.Signal) {
		for _, id := range server {
			if err := syscall.Kill(id, s); !errors.Is(err, syscall.ESRCH) { // some end by themselves
				must(t, err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	t.Cleanup(func() { signal(syscall.SIGCONT) })      // before the database is dropped
	server = append(server, children(t, server[0])...) // those that serve the program among them; no other comes now
	signal(syscall.SIGSTOP)
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	judge(t, p, customers(ctx, p.Web, b, a))
	signal(syscall.SIGCONT)
	recovers(t, p.Web)
	if !isSignedIn(p.Web, b, "web") {
		t.Error("the session did not survive the outage")
	}
}

// postmaster is the process of the test's own PostgreSQL server that accepts.
func postmaster(t *testing.T, database string) int {
	t.Helper()
	db, err := sql.Open("pgx", database)
	must(t, err)
	dir := read(t, db, "SHOW data_directory")[0]
	must(t, db.Close())
	text, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	must(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	id, err := strconv.Atoi(first)
	must(t, err)
	return id
}

func children(t *testing.T, of int) (ids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // ended meanwhile
		}
		// pid (name) state ppid …
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if fields[1] == strconv.Itoa(of) {
			id, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			must(t, err)
			ids = append(ids, id)
		}
	}
	return ids
}
