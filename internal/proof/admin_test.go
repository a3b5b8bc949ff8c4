package proof

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestAD8_AdminListens: the address of admin.listen is opened with the public
// one, and both are closed.
func TestAD8_AdminListens(t *testing.T) {
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := free.Addr().String()
	must(t, free.Close())
	w := rptest.New(t, "tenant: default\n", rptest.Options{Flags: map[string]string{"admin-listen": address}})
	public, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	done := make(chan error, 1)
	go func() { done <- w.Server.Run(ctx, public) }()
	get := func(address, path string) (int, string) {
		t.Helper()
		for {
			res, err := http.Get("http://" + address + path)
			if err != nil {
				if ctx.Err() != nil {
					t.Fatal(err)
				}
				continue // not open yet
			}
			body, err := io.ReadAll(res.Body)
			must(t, err)
			must(t, res.Body.Close())
			return res.StatusCode, string(body)
		}
	}
	if status, body := get(address, "/admin/v1/openapi.json"); status != http.StatusOK {
		t.Errorf("admin: %d %s", status, body)
	}
	if status, _ := get(public.Addr().String(), "/admin/v1/openapi.json"); status != http.StatusNotFound {
		t.Errorf("public: %d", status)
	}
	stop()
	must(t, <-done)
	if c, err := net.Dial("tcp", address); err == nil {
		t.Errorf("still open: %v", c.Close())
	}
}
