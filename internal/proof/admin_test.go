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
	w := rptest.New(t, "tenant: default\n", rptest.Options{Flags: map[string]string{"listen": "127.0.0.1:0", "admin-listen": "127.0.0.1:0"}})
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	l, err := w.Server.Listen(ctx)
	must(t, err)
	public, address := l.Public.Addr().String(), l.Admin.Addr().String()
	done := make(chan error, 1)
	go func() { done <- w.Server.Run(ctx, l) }()
	get := func(address, path string) (int, string) {
		t.Helper()
		res, err := http.Get("http://" + address + path)
		must(t, err)
		body, err := io.ReadAll(res.Body)
		must(t, err)
		must(t, res.Body.Close())
		return res.StatusCode, string(body)
	}
	if status, body := get(address, "/admin/v1/openapi.json"); status != http.StatusOK {
		t.Errorf("admin: %d %s", status, body)
	}
	if status, _ := get(public, "/admin/v1/openapi.json"); status != http.StatusNotFound {
		t.Errorf("public: %d", status)
	}
	stop()
	must(t, <-done)
	for _, address := range []string{public, address} {
		if c, err := net.Dial("tcp", address); err == nil {
			t.Errorf("%s still open: %v", address, c.Close())
		}
	}
}
