package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/foyer-id/foyer/internal/"

// imports is the import law: who may import whom. Changing it is a decision
// record (docs/decisions).
var imports = map[string]string{
	// words and tools
	"oidc": "", "secret": "", "i18n": "", "audit": "", "config": "", "egress": "", "outbox": "", "colour": "",
	"letter": "outbox secret",
	// keepers
	"throttle":  "secret",
	"keys":      "secret",
	"token":     "keys oidc secret",
	"tenant":    "audit config secret",
	"client":    "audit config keys oidc secret throttle token",
	"account":   "audit secret throttle",
	"alert":     "account audit letter outbox secret",
	"session":   "alert audit secret",
	"challenge": "account alert audit letter outbox secret throttle",
	// judges
	"grant":  "account audit client config keys oidc secret session tenant throttle token",
	"authz":  "account client grant keys oidc secret session tenant token",
	"logout": "audit client egress keys oidc outbox secret session tenant token",
	// adapters
	"sqlstore": "account alert audit authz challenge client grant keys logout oidc outbox secret session tenant throttle",
	"notify":   "colour i18n letter outbox secret session tenant",
	"web":      "audit config oidc secret tenant throttle",
	// doors
	"adminapi": "account client config grant i18n logout oidc outbox secret session tenant throttle web",
	"op":       "authz client grant i18n keys logout oidc secret session tenant throttle web",
	"screens":  "account alert audit authz challenge client colour i18n letter logout oidc secret session tenant throttle web",
	// the porter
	"app": "*", "cli": "*", "demo": "*",
	// tests only
	"storetest": "sqlstore", "rptest": "*", "proof": "*",
}

// forbidden are packages that words, keepers and judges never import (law 1).
var forbidden = []string{"net/http", "database/sql", "html/template", "os"}

var pure = strings.Fields("oidc secret i18n audit config outbox letter throttle keys token tenant client account alert session challenge grant authz logout")

func TestImportLaw(t *testing.T) {
	t.Parallel()
	eachImport(t, func(pkg, file, path string) {
		rel, ours := strings.CutPrefix(path, module)
		if ours {
			rel, _, _ = strings.Cut(rel, "/")
			allowed, known := imports[pkg]
			if !known {
				t.Errorf("%s: package %s is not in the import table", file, pkg)
			} else if rel != pkg && allowed != "*" && !slices.Contains(strings.Fields(allowed), rel) {
				t.Errorf("%s: %s must not import %s", file, pkg, rel)
			}
		}
		if slices.Contains(pure, pkg) && slices.Contains(forbidden, path) {
			t.Errorf("%s: %s must not import %s (law 1)", file, pkg, path)
		}
	})
}

// TestRandomnessAndTime: law 6. Randomness is package secret's; the clock is
// read by the porter and handed down.
func TestRandomnessAndTime(t *testing.T) {
	t.Parallel()
	eachImport(t, func(pkg, file, path string) {
		if path == "math/rand" || path == "math/rand/v2" || path == "crypto/rand" && pkg != "secret" {
			if !(pkg == "sqlstore" && path == "math/rand/v2") { // jitter of retries
				t.Errorf("%s: randomness only from package secret, not %s", file, path)
			}
		}
	})
}

// eachImport calls fn for every import of every product file below internal/.
// Generators (package main in a gen folder) are not product.
func eachImport(t *testing.T, fn func(pkg, file, path string)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "gen") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		pkg, _, _ := strings.Cut(filepath.ToSlash(file), "/")
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			fn(pkg, file, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("read only %d files: is this test run in internal/?", seen)
	}
}
