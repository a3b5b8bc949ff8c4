package egress

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// answers is a resolver that gives each lookup of a name its next answer.
type answers struct {
	lists [][]netip.Addr
	asked atomic.Int64
}

func (a *answers) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	n := int(a.asked.Add(1)) - 1
	if len(a.lists) == 0 {
		return nil, &net.DNSError{Err: "no such host"}
	}
	return a.lists[min(n, len(a.lists)-1)], nil
}

func addrs(t testing.TB, list string) []netip.Addr {
	t.Helper()
	var out []netip.Addr
	for s := range strings.SplitSeq(list, ",") {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// never is a dialer that must not be reached.
func never(t *testing.T) dialFunc {
	return func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("dialled %s", address)
		return nil, errors.New("never")
	}
}

func get(u string) Request { return Request{Method: http.MethodGet, URL: u} }

func open(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestSS1_NoLiteralOfTheListIsReached(t *testing.T) {
	t.Parallel()
	list := literals(t)
	if len(list) < 40 {
		t.Fatalf("%d literals, want 40", len(list))
	}
	for _, l := range list {
		g := &guard{resolver: &answers{}, dial: never(t)}
		if l.answers != "" {
			g.resolver = &answers{lists: [][]netip.Addr{addrs(t, l.answers)}}
		}
		c := newClient(g, nil)
		for _, u := range []string{"https://" + l.host + "/", "https://" + l.host + ":8443/x?y=z", "http://" + l.host + "/"} {
			if _, err := c.Do(t.Context(), get(u)); !errors.Is(err, ErrBlocked) {
				t.Errorf("%s: %v, want ErrBlocked", u, err)
			}
		}
	}
}

func TestSS1_OnlyPlainAddressesAreTaken(t *testing.T) {
	t.Parallel()
	c := newClient(&guard{resolver: &answers{}, dial: never(t)}, nil)
	for _, u := range []string{"", "/", "//example.com", "example.com", "ftp://example.com", "file:///etc/passwd", "gopher://x",
		"https://", "https:example.com", "https://user@example.com", "https://user:pw@example.com/", "https://example.com/#",
		"https://example.com/#f", "https://exa mple.com", "https://example.com\\@evil.example", "https://example.com/\r\nX: y",
		"https://example.com:0/", "https://example.com:/", "https://example.com:65536", "https://example.com:+1", "https://a..b",
		"https://example.com/{host}", "https://b\u00fccher.example", "https://" + strings.Repeat("a", 64) + ".example",
		"https://example.com/" + strings.Repeat("a", maxURL)} {
		if _, err := c.Do(t.Context(), get(u)); !errors.Is(err, ErrBlocked) {
			t.Errorf("%q: %v, want ErrBlocked", u, err)
		}
	}
}

func TestSS1_PlainHTTPOnlyToAllowedAddresses(t *testing.T) {
	t.Parallel()
	public := &answers{lists: [][]netip.Addr{addrs(t, "93.184.215.14")}}
	c := newClient(&guard{resolver: public, dial: never(t), allow: loopback}, nil)
	if _, err := c.Do(t.Context(), get("http://app.example/")); !errors.Is(err, ErrBlocked) {
		t.Errorf("plain http to a public server: %v", err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }))
	t.Cleanup(s.Close)
	allowed := open(t, Options{AllowPrivate: loopback})
	res, err := allowed.Do(t.Context(), get(s.URL))
	if err != nil || string(res.Body) != "here" {
		t.Errorf("an allowed network: %q, %v", res.Body, err)
	}
	elsewhere := open(t, Options{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	if _, err := elsewhere.Do(t.Context(), get(s.URL)); !errors.Is(err, ErrBlocked) {
		t.Errorf("another allowed network: %v", err)
	}
}

func TestSS1_RebindingMeetsTheAddressThatWasJudged(t *testing.T) {
	t.Parallel()
	r := &answers{lists: [][]netip.Addr{addrs(t, "93.184.215.14"), addrs(t, "127.0.0.1")}}
	var dialled []string
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, errors.New("refused")
	}
	c := newClient(&guard{resolver: r, dial: dial}, nil)
	if _, err := c.Do(t.Context(), get("https://rebind.example/")); !errors.Is(err, ErrConnect) {
		t.Errorf("first: %v", err)
	}
	if len(dialled) != 1 || dialled[0] != "93.184.215.14:443" || r.asked.Load() != 1 {
		t.Errorf("dialled %v after %d lookups, want the one judged address after one", dialled, r.asked.Load())
	}
	if _, err := c.Do(t.Context(), get("https://rebind.example/")); !errors.Is(err, ErrBlocked) || len(dialled) != 1 {
		t.Errorf("second: %v, dialled %v", err, dialled)
	}
}

func TestAFailedAddressIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "127.0.0.2:") {
			return nil, errors.New("refused")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	r := &answers{lists: [][]netip.Addr{addrs(t, "127.0.0.2,127.0.0.1")}}
	c := newClient(&guard{resolver: r, dial: dial, allow: loopback}, nil)
	t.Cleanup(c.Close)
	if res, err := c.Do(t.Context(), get("http://two.example:"+port)); err != nil || res.Status != 200 {
		t.Errorf("got %d, %v", res.Status, err)
	}
}

func TestSS2_RedirectsAreAnswers(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
	}))
	t.Cleanup(s.Close)
	c := open(t, Options{AllowPrivate: loopback})
	res, err := c.Do(t.Context(), get(s.URL))
	if err != nil || res.Status != http.StatusFound || hits.Load() != 1 {
		t.Errorf("status %d, %v, %d hits", res.Status, err, hits.Load())
	}
	if _, err := c.Get(t.Context(), s.URL, 100); !errors.Is(err, ErrResponse) {
		t.Errorf("Get: %v, want ErrResponse", err)
	}
}

func TestSS3_AGigabyteIsReadToTheLimit(t *testing.T) {
	t.Parallel()
	sent := make(chan int64, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1073741824")
		var n int64
		block := make([]byte, 64<<10)
		for n < 1<<30 {
			k, err := w.Write(block)
			if n += int64(k); err != nil {
				break
			}
		}
		sent <- n
	}))
	t.Cleanup(s.Close)
	c := open(t, Options{AllowPrivate: loopback})
	res, err := c.Do(t.Context(), get(s.URL))
	if err != nil || !res.Truncated || len(res.Body) != MaxBody || cap(res.Body) != MaxBody {
		t.Errorf("%d bytes, truncated %v, %v", len(res.Body), res.Truncated, err)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("the server could send %d bytes", n)
	}
}

func TestSS3_NothingIsDecompressedAndHeadersAreBounded(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/headers" {
			for i := range 64 {
				w.Header().Set("X-"+string(rune('A'+i%26))+strings.Repeat("a", i), strings.Repeat("x", 1000))
			}
			return
		}
		if v := r.Header.Get("Accept-Encoding"); v != "" {
			t.Errorf("Accept-Encoding: %s", v)
		}
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "\x1f\x8b not inflated")
	}))
	t.Cleanup(s.Close)
	c := open(t, Options{AllowPrivate: loopback})
	if res, err := c.Do(t.Context(), get(s.URL)); err != nil || string(res.Body) != "\x1f\x8b not inflated" {
		t.Errorf("%q, %v", res.Body, err)
	}
	if _, err := c.Do(t.Context(), get(s.URL+"/headers")); !errors.Is(err, ErrResponse) {
		t.Errorf("64 kB of headers: %v, want ErrResponse", err)
	}
}

// pipe serves one connection in memory, so that the clock of a bubble rules it.
// done is closed when it has been served.
func pipe(serve func(net.Conn)) (c *Client, done chan struct{}) {
	done = make(chan struct{})
	dial := func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer close(done)
			defer there.Close()
			serve(there)
		}()
		return here, nil
	}
	return newClient(&guard{dial: dial, allow: loopback}, nil), done
}

func TestSS3_SlowServersEndAfterFiveSeconds(t *testing.T) {
	t.Parallel()
	drip := func(prefix string) func(net.Conn) {
		return func(c net.Conn) {
			c.Read(make([]byte, 4096))
			io.WriteString(c, prefix)
			for range 1000 {
				<-time.After(300 * time.Millisecond)
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}
	}
	for name, prefix := range map[string]string{
		"a body drips":   "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
		"headers drip":   "HTTP/1.1 200 OK\r\nX: ",
		"nothing at all": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, done := pipe(drip(prefix))
				start := time.Now()
				_, err := c.Do(t.Context(), get("http://127.0.0.1/"))
				if took := time.Since(start); !errors.Is(err, ErrTimeout) || took != TotalTimeout {
					t.Errorf("%v after %v, want ErrTimeout after %v", err, took, TotalTimeout)
				}
				<-done // it saw the connection close
			})
		})
	}
}

func TestSS3_ConnectingTakesTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		black := func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		r := &answers{lists: [][]netip.Addr{addrs(t, "93.184.215.14,93.184.215.15,2606:4700::1111")}}
		start := time.Now()
		_, err := newClient(&guard{resolver: r, dial: black}, nil).Do(t.Context(), get("https://hole.example"))
		if took := time.Since(start); !errors.Is(err, ErrTimeout) || took != ConnectTimeout {
			t.Errorf("%v after %v", err, took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := newClient(&guard{resolver: r, dial: black}, nil).Do(ctx, get("https://hole.example")); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		synctest.Wait()
	})
}

func TestSS5_ErrorsSayNothingOfTheOtherSide(t *testing.T) {
	t.Parallel()
	const marker = "MARKER-0123"
	for name, answer := range map[string]string{
		"not HTTP":      "SSH-2.0-" + marker + "\r\n\r\n",
		"bad status":    "HTTP/1.1 " + marker + "\r\n\r\n",
		"bad header":    "HTTP/1.1 200 OK\r\n" + marker + "\x00: x\r\n\r\n",
		"bad length":    "HTTP/1.1 200 OK\r\nContent-Length: " + marker + "\r\n\r\n",
		"short body":    "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + marker,
		"bad chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + marker + "\r\n",
		"bad transfer":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + marker + "\r\n\r\n",
		"early hangup":  "",
		"half a header": "HTTP/1.1 200 OK\r\nX: " + marker,
	} {
		c, _ := pipe(func(conn net.Conn) {
			conn.Read(make([]byte, 4096))
			io.WriteString(conn, answer)
		})
		res, err := c.Do(t.Context(), get("http://127.0.0.1/"))
		if !errors.Is(err, ErrResponse) || err.Error() != ErrResponse.Error() || len(res.Body) != 0 {
			t.Errorf("%s: %q, %v, want the bare ErrResponse", name, res.Body, err)
		}
	}
}

func TestTLSIsVerifiedAgainstTheFile(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, r.Method+" "+r.Header.Get("Content-Type")+" "+string(body))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	if _, err := open(t, Options{AllowPrivate: loopback}).Do(t.Context(), get(s.URL)); err == nil || err.Error() != ErrTLS.Error() {
		t.Errorf("an unknown authority: %v, want ErrTLS", err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	res, err := open(t, Options{AllowPrivate: loopback, CA: ca}).Do(t.Context(), Request{Method: http.MethodPost, URL: s.URL,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte("a=b")})
	if err != nil || string(res.Body) != "POST application/x-www-form-urlencoded a=b" {
		t.Errorf("%q, %v", res.Body, err)
	}
	if _, err := New(Options{CA: []byte("no certificate")}); err == nil {
		t.Error("a CA file without a certificate was taken")
	}
}

// Not parallel: it sets the environment, which is the point of it.
func TestSS8_TheEnvironmentsProxyIsNotUsed(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the proxy was asked for %s", r.URL)
	}))
	t.Cleanup(proxy.Close)
	for _, k := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(k, proxy.URL)
	}
	c := open(t, Options{AllowPrivate: loopback})
	if _, err := c.Do(t.Context(), get(s.URL)); err != nil {
		t.Error(err)
	}
	if c.secure.Proxy != nil || c.plain.Proxy != nil {
		t.Error("a proxy is configured")
	}
}
