package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/storetest"
)

// TestSS1_TheDemoOpensOneAddress: with --demo Foyer may call the demo, and
// nothing else of this machine; without, not even that.
func TestSS1_TheDemoOpensOneAddress(t *testing.T) {
	t.Parallel()
	there := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(there.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(there.URL, "http://"), ":")
	c := open(t, testConfig(t, storetest.MigratedSQLite(t)))
	call := func(host string) error {
		out, err := newEgress(c)
		must(t, err)
		_, err = out.Do(t.Context(), egress.Request{Method: http.MethodPost, URL: "http://" + host + ":" + port + "/"})
		return err
	}
	if err := call("127.0.0.1"); !errors.Is(err, egress.ErrBlocked) {
		t.Errorf("without --demo: %v", err)
	}
	c.own = demoNetworks
	if err := call("127.0.0.1"); err != nil {
		t.Errorf("the demo: %v", err)
	}
	for _, host := range []string{"127.0.0.2", "10.0.0.1", "169.254.169.254", "[::1]"} {
		if err := call(host); !errors.Is(err, egress.ErrBlocked) {
			t.Errorf("%s: %v", host, err)
		}
	}
}
