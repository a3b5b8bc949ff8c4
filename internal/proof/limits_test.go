package proof

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/storetest"
)

// guess posts a login from an address of its own in the network.
func guess(w *rptest.World, identifier, password, addr string) (status int) {
	w.T.Helper()
	r := request(w, http.MethodPost, "/login", url.Values{"identifier": {identifier}, "password": {password}}.Encode())
	r.RemoteAddr = addr
	return w.Do(r).Code
}

// addr is an address in the n-th of many networks.
func addr(n int) string { return fmt.Sprintf("10.%d.%d.7:999", n/250, n%250) }

// TestRL1_GuessesAreCountedExactly: two nodes on one database, parallel guesses
// from many networks: as many are looked at as the limit allows, never one more.
func TestRL1_GuessesAreCountedExactly(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(testing.TB) string{"sqlite": storetest.MigratedSQLite, "postgres": storetest.MigratedPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := rptest.Options{Database: database(t), Flags: map[string]string{"master-key-file": t.TempDir() + "/shared.key"}}
			nodes := []*rptest.World{rptest.New(t, rptest.Tenant, o), nil}
			nodes[1] = nodes[0]
			if name == "postgres" { // on SQLite there is one server
				nodes[1] = rptest.New(t, rptest.Tenant, o)
			}
			var wg sync.WaitGroup
			var looked, refused, busy, other atomic.Int64
			for i := range 40 {
				wg.Go(func() {
					for { // a busy pool is no answer: ask again
						switch guess(nodes[i%2], ada, "wrong", addr(i)) {
						case http.StatusUnauthorized:
							looked.Add(1)
						case http.StatusTooManyRequests:
							refused.Add(1)
						case http.StatusServiceUnavailable:
							busy.Add(1)
							continue
						default:
							other.Add(1)
						}
						return
					}
				})
			}
			wg.Wait()
			// A try that met a full queue was given back, but whoever was refused
			// meanwhile may be refused until the time that it was told.
			if n := looked.Load(); n > 10 || n < 10-busy.Load() || n+refused.Load() != 40 || other.Load() != 0 {
				t.Errorf("%d looked at, %d refused, %d else; want 10, 30, 0 (%d were busy)", n, refused.Load(), other.Load(), busy.Load())
			}
		})
	}
}

// TestRL1_NetworksAndSlidingWindow: a /24 and a /64 have one budget, and it
// comes back as time passes, not all at once.
func TestRL1_NetworksAndSlidingWindow(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, strings.Replace(rptest.Tenant, "settings: {", "settings: {throttle: {account: 3, network: 5, window: 15m}, ", 1), rptest.Options{})
	for _, network := range []string{"203.0.113.%d:80", "[2001:db8:1:2::%d]:80"} {
		for i := range 8 {
			got, want := guess(w, fmt.Sprintf("u%d%s@example.com", i, network[:2]), "wrong", fmt.Sprintf(network, i+1)), http.StatusUnauthorized
			if strings.HasPrefix(network, "[") && i == 0 {
				got, want = guess(w, "v6@example.com", "wrong", "[2001:db8:1:3::1]:80"), http.StatusUnauthorized // another /64
			}
			if i > 5 {
				want = http.StatusTooManyRequests
			}
			if i != 5 && got != want {
				t.Errorf("guess %d from %s: %d, want %d", i, network, got, want)
			}
		}
	}
	for i := range 3 {
		if got := guess(w, bob, "wrong", addr(i)); got != http.StatusUnauthorized {
			t.Errorf("guess %d: %d", i, got)
		}
		w.Wait(4 * time.Minute)
	}
	if got := guess(w, bob, rptest.Password, addr(9)); got != http.StatusTooManyRequests {
		t.Errorf("the fourth within the window: %d", got)
	}
	w.Wait(3*time.Minute + time.Second) // 15 minutes after the first, not the last
	if got := guess(w, bob, "wrong", addr(10)); got != http.StatusUnauthorized {
		t.Errorf("after the first has left the window: %d", got)
	}
	if got := guess(w, bob, "wrong", addr(11)); got != http.StatusTooManyRequests {
		t.Errorf("one came back, not all: %d", got)
	}
}

// TestRL2_RefusalsHashNothing: after the limit an attempt is not hashed, which
// its price shows: a hundred refusals cost less than a few hashes.
func TestRL2_RefusalsHashNothing(t *testing.T) {
	t.Parallel()
	w := world(t)
	for i := range 10 {
		guess(w, ada, "wrong", addr(i))
	}
	held := w.Server.Hasher.Stats()
	for i := range 100 {
		if got := guess(w, ada, rptest.Password, addr(20+i)); got != http.StatusTooManyRequests {
			t.Fatalf("guess %d: %d", i, got)
		}
	}
	if now := w.Server.Hasher.Stats(); now.Average != held.Average {
		t.Errorf("the hasher's moving average changed from %s to %s: something was hashed", held.Average, now.Average)
	}
}

// TestRL3_ForgedAddressesAreNotBelieved: the address that counts is the
// connection's, or what a configured proxy says.
func TestRL3_ForgedAddressesAreNotBelieved(t *testing.T) {
	t.Parallel()
	tenants := strings.Replace(rptest.Tenant, "settings: {", "settings: {throttle: {account: 100, network: 5}, ", 1)
	for name, o := range map[string]rptest.Options{
		"no proxy": {}, "behind a proxy": {Flags: map[string]string{"trusted-proxies": "172.16.0.0/12"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rptest.New(t, tenants, o)
			try := func(peer, forwarded string, i int) int {
				r := request(w, http.MethodPost, "/login", url.Values{"identifier": {fmt.Sprintf("n%d@example.com", i)}, "password": {"x"}}.Encode(),
					"X-Forwarded-For", forwarded, "Forwarded", "for="+strings.Split(forwarded, ",")[0], "X-Real-Ip", forwarded, "True-Client-Ip", forwarded, "Cf-Connecting-Ip", forwarded)
				r.RemoteAddr = peer + ":1"
				if strings.HasPrefix(peer, "172.16.") {
					r.Header.Del("Forwarded")
				}
				return w.Do(r).Code
			}
			peer, last := "203.0.113.5", 0
			if name != "no proxy" {
				peer = "172.16.0.9"
			}
			for i := range 8 {
				forged := fmt.Sprintf("10.%d.0.1", i)
				if peer == "172.16.0.9" {
					forged += ", 203.0.113.5" // what the proxy saw stands last
				}
				last = try(peer, forged, i)
			}
			if last != http.StatusTooManyRequests {
				t.Errorf("the eighth guess of one network: %d", last)
			}
		})
	}
}

// TestRL4_TheVictimsBrowserStillSignsIn: strangers use up the account's budget,
// the browser it knows has one of its own.
func TestRL4_TheVictimsBrowserStillSignsIn(t *testing.T) {
	t.Parallel()
	w := world(t)
	victim, _ := signedIn(w, ada, "web")
	victim.Submit(victim.Get("/endsession"), nil)
	for i := range 15 {
		guess(w, ada, "wrong", addr(i))
	}
	if got := guess(w, ada, rptest.Password, addr(99)); got != http.StatusTooManyRequests {
		t.Errorf("a stranger: %d", got)
	}
	if p := login(w, victim, ada, rptest.Password); p.Status() != http.StatusSeeOther {
		t.Errorf("the victim: %d", p.Status())
	}
	// The cookie is no way round the limit either.
	for range 10 {
		login(w, victim, ada, "wrong")
	}
	if p := login(w, victim, ada, "wrong"); p.Status() != http.StatusTooManyRequests {
		t.Errorf("the eleventh guess from the known browser: %d", p.Status())
	}
	// And it is the account's, not anybody's.
	for i := range 11 {
		r := request(w, http.MethodPost, "/login", url.Values{"identifier": {bob}, "password": {"wrong"}}.Encode(),
			"Cookie", browserCookie+"="+victim.Cookie(browserCookie), "Origin", w.Base)
		r.RemoteAddr = addr(200 + i)
		if got := w.Do(r).Code; i == 10 && got != http.StatusTooManyRequests {
			t.Errorf("bob from ada's browser: %d", got)
		}
	}
}

// TestRL5_ARefusalDoesNotJudge: right, wrong and too long get the same bytes.
func TestRL5_ARefusalDoesNotJudge(t *testing.T) {
	t.Parallel()
	w := world(t)
	for i := range 10 {
		guess(w, ada, "wrong", addr(i))
	}
	var pictures []string
	for i, password := range []string{rptest.Password, "wrong", strings.Repeat("x", 2000)} {
		b := w.Browser()
		b.Remote = addr(50 + i)
		p := login(w, b, ada, password)
		if p.Status() != http.StatusTooManyRequests {
			t.Errorf("%.20s: %d", password, p.Status())
		}
		pictures = append(pictures, picture(p.ResponseRecorder))
	}
	if pictures[0] != pictures[1] || pictures[1] != pictures[2] {
		t.Errorf("the answers differ:\n%s", difference(pictures[0], pictures[1])+difference(pictures[1], pictures[2]))
	}
}

// TestRL7_RefusalsAreSeen: 429 with Retry-After that is true, a log line, a
// metric; for every way to be limited.
func TestRL7_RefusalsAreSeen(t *testing.T) {
	t.Parallel()
	w := world(t)
	for i := range 10 {
		guess(w, ada, "wrong", addr(i))
	}
	r := request(w, http.MethodPost, "/login", url.Values{"identifier": {ada}, "password": {"x"}}.Encode())
	seconds := retryAfter(t, "login", w, r, http.StatusTooManyRequests)
	w.Wait(time.Duration(seconds) * time.Second)
	if got := guess(w, ada, "wrong", addr(60)); got != http.StatusUnauthorized {
		t.Errorf("after Retry-After: %d", got)
	}
	for range 61 { // the first failure of a client is free
		w.Call("/token", "web:wrong", url.Values{"grant_type": {"client_credentials"}})
	}
	r = request(w, http.MethodPost, "/token", "grant_type=client_credentials")
	r.SetBasicAuth("web", "wrong")
	retryAfter(t, "token", w, r, http.StatusTooManyRequests)
	b := w.Browser()
	for range 31 { // an address that is taken costs a try, too
		b.Post("/register", url.Values{"email": {ada}, "password": {unguessable(20)}})
	}
	r = request(w, http.MethodPost, "/register", url.Values{"email": {"r99@example.com"}, "password": {unguessable(20)}}.Encode())
	retryAfter(t, "register", w, r, http.StatusTooManyRequests)
	if log := w.Log.String(); !strings.Contains(log, `"route":"/login","status":429`) || !strings.Contains(log, `"route":"/token","status":429`) {
		t.Error("the log does not show the refusals")
	}
	if m := metrics(w); !strings.Contains(m, `foyer_refusals_total{error="throttled",route="/login"} 1`) {
		t.Error("the metrics do not show the refusal of /login")
	}
}

// retryAfter sends r and returns the seconds of Retry-After.
func retryAfter(t *testing.T, what string, w *rptest.World, r *http.Request, status int) int {
	t.Helper()
	rec := w.Do(r)
	n, err := strconv.Atoi(rec.Header().Get("Retry-After"))
	if rec.Code != status || err != nil || n < 1 || n > 3600 {
		t.Errorf("%s: %d, Retry-After %q", what, rec.Code, rec.Header().Get("Retry-After"))
	}
	return n
}

// metrics is what a loopback client reads at /metrics.
func metrics(w *rptest.World) string {
	r := request(w, http.MethodGet, "/metrics", "")
	r.RemoteAddr = "127.0.0.1:5"
	return w.Do(r).Body.String()
}

func TestDS1_ParametersAndBodies(t *testing.T) {
	t.Parallel()
	w := world(t)
	many := strings.Repeat("a=1&", 100)
	post := func(path, body string) int { return w.Do(request(w, http.MethodPost, path, body)).Code }
	for _, c := range []struct {
		what string
		got  int
		want int
	}{
		{"64 KiB and a byte to the token endpoint", post("/token", "x="+strings.Repeat("y", 64<<10-1)), http.StatusRequestEntityTooLarge},
		{"64 KiB and a byte to the login", post("/login", "x="+strings.Repeat("y", 64<<10-1)), http.StatusRequestEntityTooLarge},
		{"64 KiB and a byte to /authorize", post("/authorize", "x="+strings.Repeat("y", 64<<10-1)), http.StatusRequestEntityTooLarge},
		{"64 KiB and a byte to userinfo", post("/userinfo", "x="+strings.Repeat("y", 64<<10-1)), http.StatusRequestEntityTooLarge},
		{"64 KiB and a byte to revocation", post("/revoke", "x="+strings.Repeat("y", 64<<10-1)), http.StatusRequestEntityTooLarge},
		{"101 parameters to the login", post("/login", many+"identifier=x&password=y"), http.StatusBadRequest},
		{"101 parameters to the token endpoint", post("/token", many+"grant_type=x"), http.StatusBadRequest},
		{"101 parameters to /authorize", w.Browser().Get(w.Authorize("web", nil) + "&" + many).Status(), http.StatusBadRequest},
		{"a value of 8 KiB and a byte", post("/login", "identifier="+strings.Repeat("y", 8<<10+1)+"&password=y"), http.StatusBadRequest},
		{"98 parameters", post("/login", strings.Repeat("a=1&", 98)+"identifier=x&password=y"), http.StatusUnauthorized},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, want %d", c.what, c.got, c.want)
		}
	}
	for _, name := range []string{"state", "nonce"} {
		p := w.Browser().Get(w.Authorize("web", url.Values{name: {strings.Repeat("s", 2<<10+1)}}))
		if a := p.Answer(); a.Get("error") != "invalid_request" || name == "state" && a.Has("state") {
			t.Errorf("%s of 2 KiB and a byte: %s", name, p.Location())
		}
	}
}

func TestDS2_TenMegabytesOfPassword(t *testing.T) {
	t.Parallel()
	w := world(t)
	before := w.Server.Hasher.Stats().Average
	body := "identifier=" + url.QueryEscape(ada) + "&password=" + strings.Repeat("x", 10<<20)
	r := request(w, http.MethodPost, "/login", body)
	if got := w.Do(r).Code; got != http.StatusRequestEntityTooLarge {
		t.Errorf("10 MiB: %d", got)
	}
	if got := guess(w, ada, strings.Repeat("x", 1025), addr(1)); got != http.StatusUnauthorized {
		t.Errorf("1025 bytes: %d", got)
	}
	if after := w.Server.Hasher.Stats().Average; after != before {
		t.Error("a password over 1 KiB was hashed")
	}
}

// TestDS3_LoginStormIsBounded: 500 logins at once: memory is slots × 19 MiB and
// change, who cannot be served hears when to return, and tokens go on.
func TestDS3_LoginStormIsBounded(t *testing.T) {
	w := rptest.New(t, strings.Replace(rptest.Tenant, "settings: {", "settings: {throttle: {account: 100000, network: 100000}, ", 1), rptest.Options{})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	var served, busy, other atomic.Int64
	var peak atomic.Uint64
	for range 500 {
		wg.Go(func() {
			r := request(w, http.MethodPost, "/login", url.Values{"identifier": {ada}, "password": {"wrong"}}.Encode())
			rec := w.Do(r)
			switch rec.Code {
			case http.StatusUnauthorized:
				served.Add(1)
			case http.StatusServiceUnavailable:
				if n, err := strconv.Atoi(rec.Header().Get("Retry-After")); err == nil && n >= 1 {
					busy.Add(1)
				}
			default:
				other.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(20 * time.Millisecond):
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapInuse))
		}
		if a := w.Call("/token", rptest.Basic("web"), url.Values{"grant_type": {"client_credentials"}, "scope": {"orders.read"}}); a.Status != http.StatusOK {
			t.Errorf("a token during the storm: %d", a.Status)
		}
	}
	if served.Load() == 0 || busy.Load() == 0 || other.Load() != 0 || served.Load()+busy.Load() != 500 {
		t.Errorf("%d served, %d told when to return, %d else", served.Load(), busy.Load(), other.Load())
	}
	slots := uint64(runtime.GOMAXPROCS(0))
	if grown := int64(peak.Load()) - int64(before.HeapInuse); grown > int64(slots*2*19<<20+96<<20) {
		t.Errorf("the heap grew by %d MiB with %d slots", grown>>20, slots)
	}
}

// TestDS5_AskingStoresNothing: pending requests, refused ones and looks at
// screens leave no row behind.
func TestDS5_AskingStoresNothing(t *testing.T) {
	t.Parallel()
	rptest.Both(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		w.Fetch("/.well-known/jwks.json") // keys are made at first use
		before := w.Server.DB.Stats().Writes
		rows := count(tables(t, w.Database))
		for i := range 300 {
			n := fmt.Sprint(i)
			for _, path := range []string{
				w.Authorize("web", url.Values{"state": {n}}), w.Authorize("spa", url.Values{"prompt": {"create"}}),
				w.Authorize("web", url.Values{"prompt": {"none"}}), "/authorize?client_id=" + n, "/login?login_hint=" + n, "/register",
				"/endsession?state=" + n, "/t" + n + "/authorize", "/nothing" + n,
			} {
				r := request(w, http.MethodGet, path, "", "Cookie", browserCookie+"="+n)
				r.Method = []string{"GET", "GET", "X" + n}[i%3]
				w.Do(r)
			}
			w.Do(request(w, http.MethodPost, "/authorize", strings.TrimPrefix(w.Authorize("web", nil), "/authorize?")))
		}
		if after := count(tables(t, w.Database)); after != rows || w.Server.DB.Stats().Writes != before {
			t.Errorf("%d rows before, %d after; %d transitions", rows, after, w.Server.DB.Stats().Writes-before)
		}
		if n := strings.Count(metrics(w), "foyer_requests_total{"); n > 60 {
			t.Errorf("%d series of foyer_requests_total: strangers choose a label", n)
		}
	})
}

func count(all map[string][]string) (n int) {
	for _, rows := range all {
		n += len(rows)
	}
	return n
}

// TestDS7_NestedParameters: depth and length of what is inside a parameter.
func TestDS7_NestedParameters(t *testing.T) {
	t.Parallel()
	w := world(t)
	w.Fetch("/.well-known/jwks.json") // keys are made at first use
	for name, value := range map[string]string{
		"claims":     strings.Repeat(`{"a":`, 1600) + "1" + strings.Repeat("}", 1600),
		"acr_values": strings.Repeat("a ", 4000), "scope": "openid " + strings.Repeat("s ", 4000), "ui_locales": strings.Repeat("fr-CA ", 1300),
		"request": strings.Repeat(".", 8000), "id_token_hint": strings.Repeat("a.", 4000), "prompt": strings.Repeat("login ", 1300),
	} {
		var p *rptest.Page
		if took := work(t, func() { p = w.Browser().Get(w.Authorize("web", url.Values{name: {value}})) }); p.Status() >= 500 || took > 3*time.Second {
			t.Errorf("%s: %d after %s", name, p.Status(), took)
		}
	}
	for _, scopes := range []string{strings.Repeat("s ", 4000)} {
		a := w.Call("/token", rptest.Basic("web"), url.Values{"grant_type": {"client_credentials"}, "scope": {scopes}})
		if a.Status >= 500 {
			t.Errorf("scope: %d", a.Status)
		}
	}
}

// TestDS8_LongHeadersAreLinear: what parses a header or an identifier costs no
// more than its length.
func TestDS8_LongHeadersAreLinear(t *testing.T) {
	t.Parallel()
	w := world(t)
	for name, value := range map[string]string{
		"Accept-Language": strings.Repeat("fr;q=0.1,", 3500), "Accept": strings.Repeat("text/html;q=0,", 2200), "Cookie": strings.Repeat("foyer-x=y; ", 2900),
		"X-Forwarded-For": strings.Repeat("10.0.0.1, ", 3200), "Forwarded": strings.Repeat(`for="[::1]";`, 2600), "Origin": "https://" + strings.Repeat("a.", 15000),
		"Authorization": "Basic " + strings.Repeat("QQ", 15000), "User-Agent": strings.Repeat("é", 15000),
	} {
		var rec *httptest.ResponseRecorder
		if took := work(t, func() { rec = w.Do(request(w, http.MethodGet, "/login", "", name, value)) }); rec.Code >= 500 || took > 3*time.Second {
			t.Errorf("%s: %d after %s", name, rec.Code, took)
		}
	}
	for _, id := range []string{strings.Repeat("a", 8000) + "@example.com", strings.Repeat("@", 8000), strings.Repeat("+4", 4000), strings.Repeat("\u0345", 4000) + "@example.com"} {
		got := 0
		if took := work(t, func() { got = guess(w, id, "x", addr(3)) }); got != http.StatusUnauthorized || took > 3*time.Second {
			t.Errorf("%.10s…: %d after %s", id, got, took)
		}
	}
}

// work is the processor time that fn takes itself: what else the machine does
// takes none of it.
func work(t testing.TB, fn func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var u syscall.Rusage
		must(t, syscall.Getrusage(syscall.RUSAGE_THREAD, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	fn()
	return used() - before
}

func TestDS11_CompressedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	w := world(t)
	for _, route := range w.Server.Routes {
		if route.Methods[http.MethodPost] == nil {
			continue
		}
		for _, encoding := range []string{"gzip", "deflate", "br", "zstd", "x-nonsense"} {
			rec := w.Do(request(w, http.MethodPost, route.Path, "\x1f\x8b", "Content-Encoding", encoding))
			if rec.Code != http.StatusUnsupportedMediaType {
				t.Errorf("POST %s with %s: %d", route.Path, encoding, rec.Code)
			}
		}
	}
}
