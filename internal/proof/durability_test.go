package proof

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/storetest"
)

// TestK1_I10_KilledAtRandomPointsLosesNothing: the program is killed under a load
// of sign-ins, codes, refreshes, revocations and sign-outs and started again on
// what it left. What it had acknowledged stands: sessions, used codes, revoked
// tokens, ended sessions. FOYER_TEST_SLOW: 500 times.
func TestK1_I10_KilledAtRandomPointsLosesNothing(t *testing.T) {
	t.Parallel()
	rounds := 3
	if slow {
		rounds = 500
	}
	p := newProgram(t, "", "")
	p.start()
	var slowest time.Duration
	acks := 0
	for range rounds {
		h := newHistory()
		enough := 20 + int(secret.Bytes(1)[0])/2
		var once sync.Once
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				customer(p.Web, h, func(n int) {
					if n >= enough {
						once.Do(func() { _ = p.cmd.Process.Signal(syscall.SIGKILL) })
					}
				})
			})
		}
		wg.Wait()
		p.kill()
		p.start()
		slowest = max(slowest, p.started)
		if h.acks < enough {
			t.Fatalf("only %d acknowledgements: the load ended by itself\n%s", h.acks, p.Log)
		}
		h.check(t, p.Web)
		acks += h.acks
	}
	sound(t, p)
	if slow && slowest > 2*time.Second { // here other tests run beside it
		t.Errorf("a start took %s, want 2 s", slowest)
	}
	t.Logf("%d acknowledgements over %d kills, slowest start %s", acks, rounds, slowest)
}

// sound checks the file and that no row is an orphan (I10).
func sound(t *testing.T, p *program) {
	t.Helper()
	p.kill()
	db, err := sql.Open("sqlite", strings.TrimPrefix(p.Web.Database, "sqlite:"))
	must(t, err)
	defer db.Close()
	if got := read(t, db, "PRAGMA integrity_check"); got[0] != "ok" {
		t.Errorf("integrity: %v", got)
	}
	if got := read(t, db, "PRAGMA foreign_key_check"); len(got) > 0 {
		t.Errorf("foreign keys: %v", got)
	}
	if got := read(t, db, "SELECT COUNT(*) FROM refresh_tokens WHERE grant_id NOT IN (SELECT id FROM grants)"); got[0] != "0" {
		t.Errorf("%s refresh tokens without a grant", got[0])
	}
}

// TestK3_KilledRightAfterTheAnswer: the effect of a revocation, a sign-out, a
// password change and a disabling is there after the kill that follows its
// answer.
func TestK3_KilledRightAfterTheAnswer(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "", "")
	p.start()
	w := p.Web
	tokens := func(identifier string) (*rptest.Browser, *rptest.Answer) {
		t.Helper()
		b := w.Browser()
		b.PostWith("/login", url.Values{"identifier": {identifier}, "password": {rptest.Password}}, http.Header{})
		a := w.Redeem("web", b.Get(w.Authorize("web", nil)).Code(t))
		if a.Status != http.StatusOK {
			t.Fatalf("token answered %d %s", a.Status, a.Raw)
		}
		return b, a
	}
	adas, a := tokens(ada)
	bobs, ofBob := tokens(bob)
	out, leaving := tokens(ada)
	if got := w.Call("/revoke", rptest.Basic("web"), url.Values{"token": {a.Get("refresh_token")}}); got.Status != http.StatusOK {
		t.Fatalf("revocation: %d", got.Status)
	}
	p.kill()
	p.start()
	if got := w.Refresh("web", a.Get("refresh_token")); got.Status == http.StatusOK {
		t.Error("revoked, killed: the refresh token works")
	}
	end := out.Get("/endsession?" + url.Values{"id_token_hint": {leaving.Get("id_token")}, "post_logout_redirect_uri": {rptest.Bye}}.Encode())
	if end.Status() != http.StatusSeeOther {
		t.Fatalf("endsession: %d", end.Status())
	}
	p.kill()
	p.start()
	if isSignedIn(w, out, "web") || w.Refresh("web", leaving.Get("refresh_token")).Status == http.StatusOK {
		t.Error("signed out, killed: signed in again")
	}
	if said, err := p.run("another fine passphrase zq\n", "account set-password "+ada); err != nil {
		t.Fatalf("set-password: %v %s", err, said)
	}
	if said, err := p.run("", "account disable "+bob); err != nil {
		t.Fatalf("disable: %v %s", err, said)
	}
	p.kill()
	p.start()
	if isSignedIn(w, adas, "web") || isSignedIn(w, bobs, "web") || w.Refresh("web", ofBob.Get("refresh_token")).Status == http.StatusOK {
		t.Error("changed and disabled, killed: sessions or tokens are back")
	}
}

// TestK4_StopUnderLoadFailsNoRequest: two nodes behind a load balancer that
// watches /readyz; one is told to stop. It says so, finishes and ends; nobody
// who came through the balancer notices.
func TestK4_StopUnderLoadFailsNoRequest(t *testing.T) {
	t.Parallel()
	database := storetest.MigratedPostgres(t)
	nodes := []*program{newProgram(t, "http://localhost:8080", database), nil}
	nodes[0].start()
	nodes[1] = newProgram(t, "http://localhost:8080", database)
	nodes[1].env = append(nodes[1].env, nodes[0].env[4]) // the same master key
	nodes[1].start()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lb := newBalancer(ctx, nodes)
	w := &rptest.World{T: t, Base: "http://localhost:8080", Server: &app.Server{Handler: lb}}
	b := w.Browser()
	b.PostWith("/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}, http.Header{})
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				a := w.Redeem("web", b.Get(w.Authorize("web", nil)).Answer().Get("code"))
				u := w.Fetch("/userinfo", "Authorization", "Bearer "+a.Get("access_token"))
				if a.Status != http.StatusOK || u.Status != http.StatusOK {
					t.Errorf("token %d, userinfo %d: %s %s", a.Status, u.Status, a.Raw, u.Raw)
				}
				select {
				case done <- struct{}{}:
				case <-ctx.Done():
				}
			}
		})
	}
	ended := make(chan error, 1)
	var began time.Time
	alone := false
	for after := 0; after < 20; {
		select {
		case <-done:
			if began.IsZero() {
				began = time.Now()
				must(t, nodes[0].cmd.Process.Signal(syscall.SIGTERM))
				go func() { ended <- nodes[0].cmd.Wait() }()
			}
			if alone { // the other node carries on
				after++
			}
		case err := <-ended:
			alone = true
			if took := time.Since(began); err != nil || took > 15*time.Second {
				t.Errorf("the program ended with %v after %s", err, took)
			}
		}
	}
	stop()
	wg.Wait()
}

// balancer sends each request to a node that was ready when it last looked.
type balancer struct {
	nodes []*program
	over  []http.Handler
	ready []atomic.Bool
	next  atomic.Int64
}

func newBalancer(ctx context.Context, nodes []*program) *balancer {
	lb := &balancer{nodes: nodes, over: make([]http.Handler, len(nodes)), ready: make([]atomic.Bool, len(nodes))}
	for i, n := range nodes {
		lb.over[i] = overNetwork(n.listen)
		lb.ready[i].Store(true)
		go func() {
			for tick := time.NewTicker(50 * time.Millisecond); ctx.Err() == nil; <-tick.C {
				rec := httptest.NewRecorder()
				lb.over[i].ServeHTTP(rec, httptest.NewRequest("GET", "/readyz", nil))
				lb.ready[i].Store(rec.Code == http.StatusOK)
			}
		}()
	}
	return lb
}

// ServeHTTP implements http.Handler.
func (lb *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	first := int(lb.next.Add(1)) // each is looked at once, whoever else comes meanwhile
	for n := range lb.nodes {
		if i := (first + n) % len(lb.nodes); lb.ready[i].Load() {
			lb.over[i].ServeHTTP(w, r)
			return
		}
	}
	w.WriteHeader(gone)
}
