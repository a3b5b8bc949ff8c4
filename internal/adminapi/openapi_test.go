package adminapi_test

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/rptest"
)

var update = flag.Bool("update", false, "write testdata/openapi.json")

// TestTheDocumentIsWhatItWas: programs are generated from it, so a change is
// made on purpose: go test ./internal/adminapi -run Document -update.
func TestTheDocumentIsWhatItWas(t *testing.T) {
	t.Parallel()
	w := &world{rptest.New(t, tenants, rptest.Options{})}
	got, err := adminapi.Document(w.Live("default"))
	must(t, err)
	got = append(got, '\n')
	file := filepath.Join("testdata", "openapi.json")
	if *update {
		must(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the document has changed; if that is meant, add -update:\n%s", diff)
	}
}

// TestTheDocumentIsServed: to anybody, for each tenant, with every operation, its
// scope and every scope there is, and nothing about the program.
func TestTheDocumentIsServed(t *testing.T) {
	t.Parallel()
	w := &world{rptest.New(t, tenants, rptest.Options{})}
	a := w.as("", "GET", "/acme/admin/v1/openapi.json")
	is(t, "document", a, http.StatusOK, "")
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			Security []map[string][]string
		}
		Components struct {
			SecuritySchemes map[string]struct {
				Flows map[string]struct {
					TokenURL string
					Scopes   map[string]string
				}
			}
		}
	}
	must(t, json.Unmarshal([]byte(a.Raw), &doc))
	flow := doc.Components.SecuritySchemes["client"].Flows["clientCredentials"]
	if doc.OpenAPI != "3.1.0" || doc.Info.Version != "1" || doc.Servers[0].URL != "/acme" || flow.TokenURL != w.Base+"/acme/token" || len(flow.Scopes) != len(grant.AdminScopes) {
		t.Errorf("%+v", doc)
	}
	used := map[string]bool{}
	for name, scope := range scopes {
		method, path, _ := strings.Cut(name, " ")
		if !strings.HasPrefix(path, "/admin/") {
			continue
		}
		used[scope] = true
		op, ok := doc.Paths[path][strings.ToLower(method)]
		if !ok || len(op.Security) != 1 || len(op.Security[0]["client"]) != 1 || op.Security[0]["client"][0] != scope {
			t.Errorf("%s: %+v", name, op)
		}
	}
	if len(used) != len(grant.AdminScopes) {
		t.Errorf("scopes that nothing needs: %v", used)
	}
}
