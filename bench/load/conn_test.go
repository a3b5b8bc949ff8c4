package load_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/bench/load"
)

// setup answers with what the query asks for and returns a connection to it.
func setup(t *testing.T) (*load.Conn, func(path string) []byte) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1; Path=/")
		w.Header().Add("Set-Cookie", "b=2; Path=/")
		switch r.URL.Path {
		case "/long":
			w.Write([]byte(strings.Repeat("x", 30_000)))
		case "/chunks":
			for range 5 {
				w.Write([]byte(strings.Repeat("y", 3000)))
				w.(http.Flusher).Flush()
			}
		case "/away":
			w.Header().Set("Location", "/there")
			w.WriteHeader(http.StatusSeeOther)
		case "/cut":
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(srv.Close)
	addr := strings.TrimPrefix(srv.URL, "http://")
	c, err := load.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, func(path string) []byte { return []byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n") }
}

func TestConn(t *testing.T) {
	t.Parallel()
	c, get := setup(t)
	for _, tc := range []struct {
		path         string
		status, size int
		location     string
	}{
		{"/long", 200, 30_000, ""},
		{"/chunks", 200, 15_000, ""},
		{"/away", 303, 0, "/there"},
		{"/long", 200, 30_000, ""},
	} {
		a, err := c.Do(get(tc.path))
		if err != nil {
			t.Fatalf("%s: %v", tc.path, err)
		}
		if a.Status != tc.status || len(a.Body) != tc.size || string(a.Header("Location")) != tc.location {
			t.Errorf("%s: %s", tc.path, a)
		}
		n := 0
		for range a.Headers("Set-Cookie") {
			n++
		}
		if n != 2 {
			t.Errorf("%s: %d cookies, want 2", tc.path, n)
		}
	}
}

func TestConnGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	c, get := setup(t)
	if a, err := c.Do(get("/cut")); err == nil {
		t.Fatalf("no error: %s", a)
	}
	if a, err := c.Do(get("/away")); err != nil || a.Status != 303 {
		t.Fatalf("%s, %v", a, err)
	}
}

func TestLatencies(t *testing.T) {
	t.Parallel()
	l := load.Latencies{5, 1, 4, 2, 3}
	if l.At(0) != 1 || l.At(.5) != 3 || l.At(.99) != 5 || l.At(1) != 5 || load.Latencies(nil).At(.5) != 0 {
		t.Errorf("quantiles of %v", l)
	}
}
