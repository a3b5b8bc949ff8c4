package app

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/storetest"
)

// A port that is taken stops the start, names its key, and nobody has been told
// that Foyer answers.
func TestATakenPortStopsTheStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, taken.Close()) })
	for key, set := range map[string]func(*config.Server, string){
		"listen":         func(c *config.Server, a string) { c.Listen = a },
		"admin.listen":   func(c *config.Server, a string) { c.Admin.Listen = a },
		"metrics.listen": func(c *config.Server, a string) { c.Metrics.Listen = a },
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(t, storetest.SQLite(t))
			cfg.Listen = "127.0.0.1:0"
			set(cfg, taken.Addr().String())
			var out bytes.Buffer
			err := Serve(t.Context(), cfg, ServeOptions{Stdout: &out, Stderr: t.Output()})
			want := key + ": " + taken.Addr().String() + " is in use by another program; stop that one, or set " + key + " (--" + strings.ReplaceAll(key, ".", "-") + ") to another port"
			if err == nil || err.Error() != want || out.Len() > 0 {
				t.Errorf("%v\n%swant %s and no output", err, out.String(), want)
			}
		})
	}
}
