package op_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/storetest"
)

// nodes is one node on SQLite and two on one PostgreSQL.
func nodes(t *testing.T, tenants string, fn func(t *testing.T, nodes []*rptest.World)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, []*rptest.World{rptest.New(t, tenants, rptest.Options{})})
	})
	t.Run("postgres, two nodes", func(t *testing.T) {
		t.Parallel()
		w := rptest.New(t, tenants, rptest.Options{Database: storetest.MigratedPostgres(t)})
		fn(t, []*rptest.World{w, w.Node()})
	})
}

// together runs fn in n goroutines that begin at one moment.
func together(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// TestTK1_I1_CodeOverHTTP: 64 redemptions of one code at once, over all nodes:
// one succeeds, and when the last has been answered its tokens are dead.
func TestTK1_I1_CodeOverHTTP(t *testing.T) {
	t.Parallel()
	nodes(t, oneTenant, func(t *testing.T, nodes []*rptest.World) {
		for _, client := range []string{"web", "spa", "opaque"} {
			b := nodes[0].Browser()
			b.Enter("default", "ada.tk1@example.com", 0)
			code := b.Get(nodes[0].Authorize(client, nil)).Code(t)
			var won atomic.Pointer[rptest.Answer]
			var wins, refused, unknown atomic.Int32
			together(64, func(i int) {
				switch a := nodes[i%len(nodes)].Redeem(client, code); {
				case a.Status == http.StatusOK:
					wins.Add(1)
					won.Store(a)
				case a.Status == http.StatusBadRequest && a.Get("error") == "invalid_grant":
					refused.Add(1)
				case a.Status == http.StatusServiceUnavailable: // a busy machine: may or may not have happened
					unknown.Add(1)
				default:
					t.Errorf("%s: %d %s\n%.1500s", client, a.Status, a.Raw, faults(nodes))
				}
			})
			if wins.Load() > 1 || wins.Load()+unknown.Load() < 1 || refused.Load()+unknown.Load()+wins.Load() != 64 {
				t.Fatalf("%s: %d redemptions succeeded, %d were refused", client, wins.Load(), refused.Load())
			}
			for _, w := range nodes {
				if wins.Load() == 1 {
					dead(t, w, client, won.Load())
				}
			}
			if !b.Alive() {
				t.Errorf("%s: a replayed code ended the session", client)
			}
		}
	})
}

// TestTK4_I2_RotationOverHTTP: 32 rotations of one token at once, over all
// nodes, give one successor; it lives, and the family dies with a late replay.
func TestTK4_I2_RotationOverHTTP(t *testing.T) {
	t.Parallel()
	nodes(t, oneTenant, func(t *testing.T, nodes []*rptest.World) {
		b := nodes[0].Browser()
		b.Enter("default", "ada.tk4@example.com", 0)
		first := b.Tokens("spa", nil)
		bystander := b.Tokens("spa", nil)
		var mu sync.Mutex
		successors := map[string]bool{}
		together(32, func(i int) {
			a := nodes[i%len(nodes)].Refresh("spa", first.Get("refresh_token"))
			for range 20 { // a busy machine: a client tries again
				if a.Status == http.StatusServiceUnavailable {
					a = nodes[i%len(nodes)].Refresh("spa", first.Get("refresh_token"))
				}
			}
			if a.Status != http.StatusOK {
				t.Errorf("an honest retry answered %d %s", a.Status, a.Raw)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			successors[a.Get("refresh_token")] = true
		})
		if len(successors) != 1 || successors[first.Get("refresh_token")] {
			t.Fatalf("%d successors", len(successors))
		}
		var next *rptest.Answer
		for token := range successors {
			if next = nodes[0].Refresh("spa", token); next.Status != http.StatusOK {
				t.Fatalf("the successor answered %d %s", next.Status, next.Raw)
			}
		}
		nodes[0].Wait(31 * time.Second)
		if a := nodes[len(nodes)-1].Refresh("spa", first.Get("refresh_token")); a.Get("error") != "invalid_grant" {
			t.Errorf("a late replay answered %d %s", a.Status, a.Raw)
		}
		for _, w := range nodes {
			dead(t, w, "spa", next)
			if a := w.Fetch("/userinfo", "Authorization", "Bearer "+bystander.Get("access_token")); a.Status != http.StatusOK {
				t.Errorf("another family of the same session died: %d", a.Status)
			}
		}
	})
}

// operation is something that a session allows: it says whether it did.
type operation struct {
	name string
	try  func(w *rptest.World) bool
}

// TestLO6_I3_LogoutIsLinearizable: while a session is used from all sides, on
// all nodes, it ends, in each of the ways there are; nothing that begins after the
// answer succeeds, and nothing fails that was answered before the end began.
func TestLO6_I3_LogoutIsLinearizable(t *testing.T) {
	t.Parallel()
	nodes(t, replace(t, oneTenant, "resources:\n", administrator+"resources:\n"), func(t *testing.T, nodes []*rptest.World) {
		nodes[0].Wait(time.Hour)
		history := &ended{nodes: nodes}
		for round, way := range waysToEnd {
			history.by(t, round, way)
		}
		t.Logf("%d ways, %d operations, %d of them after the answer, %d of those succeeded",
			len(waysToEnd), history.all.Load(), history.after.Load(), history.violations.Load())
	})
}

// ended counts what was tried of sessions that ended.
type ended struct {
	nodes                  []*rptest.World
	all, after, violations atomic.Int64
}

// by uses a session from all sides while it ends in one way.
func (h *ended) by(t *testing.T, round int, way wayToEnd) {
	t.Helper()
	node := func(i int) *rptest.World { return h.nodes[i%len(h.nodes)] }
	b, email := h.nodes[0].Browser(), fmt.Sprintf("ada.lo6.%d@example.com", round)
	b.Enter("default", email, time.Minute)
	ops := operations(b)
	for _, op := range ops {
		if !op.try(node(round)) {
			t.Fatalf("%s does not work before", op.name)
		}
	}
	end := way.prepare(t, node(round+1), b, email)
	var begun, answered atomic.Bool
	var warm, late sync.WaitGroup
	warm.Add(len(ops))
	for i, op := range ops {
		late.Go(func() {
			for n, dead := 0, 0; dead <= 8; n++ {
				dueAlive, dueDead := !begun.Load(), answered.Load()
				ok := op.try(node(i + n))
				h.all.Add(1)
				if dueDead {
					dead++
					h.after.Add(1)
					if ok {
						h.violations.Add(1)
						t.Errorf("%s succeeded after the answer to %s", op.name, way.name)
					}
				} else if dueAlive && !ok && !begun.Load() && faults(h.nodes) == "" {
					t.Errorf("%s failed before the beginning of %s", op.name, way.name)
				}
				if n == 2 {
					warm.Done()
				}
			}
		})
	}
	warm.Wait()
	begun.Store(true)
	problem := end()
	answered.Store(true)
	late.Wait()
	if problem != "" {
		t.Errorf("%s answered %s", way.name, problem)
	}
}

// operations are what a browser's session allows.
func operations(b *rptest.Browser) []operation {
	web, spa, opaque := b.Tokens("web", nil), b.Tokens("spa", nil), b.Tokens("opaque", nil)
	cookie := b.Cookie("__Host-foyer-default")
	var mu sync.Mutex
	rotating := spa.Get("refresh_token")
	userinfo := func(token string) func(w *rptest.World) bool {
		return func(w *rptest.World) bool {
			return w.Fetch("/userinfo", "Authorization", "Bearer "+token).Status == http.StatusOK
		}
	}
	silent := func(w *rptest.World) bool {
		copied := w.Browser()
		copied.SetCookie("__Host-foyer-default", cookie)
		return copied.Get(w.Authorize("other", q("prompt", "none"))).Answer().Get("code") != ""
	}
	return []operation{
		{"the cookie", silent},
		{"the cookie and a redemption", func(w *rptest.World) bool {
			copied := w.Browser()
			copied.SetCookie("__Host-foyer-default", cookie)
			code := copied.Get(w.Authorize("web", q("prompt", "none"))).Answer().Get("code")
			return code != "" && w.Redeem("web", code).Status == http.StatusOK
		}},
		{"a kept refresh token", func(w *rptest.World) bool { return w.Refresh("web", web.Get("refresh_token")).Status == http.StatusOK }},
		{"a rotating refresh token", func(w *rptest.World) bool {
			mu.Lock()
			defer mu.Unlock()
			a := w.Refresh("spa", rotating)
			if a.Status == http.StatusOK {
				rotating = a.Get("refresh_token")
			}
			return a.Status == http.StatusOK
		}},
		{"an opaque access token", userinfo(opaque.Get("access_token"))},
		{"a JWT at userinfo", userinfo(web.Get("access_token"))},
		{"introspection", func(w *rptest.World) bool {
			return w.Call("/introspect", rptest.Basic("opaque"), q("token", opaque.Get("access_token"))).JSON["active"] == true
		}},
	}
}

// faults are the log lines of what went wrong here.
func faults(nodes []*rptest.World) (out string) {
	for _, w := range nodes {
		for line := range strings.Lines(w.Log.String()) {
			if strings.Contains(line, `"status":5`) {
				out += line
			}
		}
	}
	return out
}
