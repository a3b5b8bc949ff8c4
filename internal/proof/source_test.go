package proof

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

// eachFile parses every Go file of the product, tests only when asked.
func eachFile(t *testing.T, tests bool, fn func(path string, f *ast.File)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") != tests {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		n++
		rel, err := filepath.Rel(root, path)
		fn(filepath.ToSlash(rel), f)
		return err
	})
	must(t, err)
	if n < 50 {
		t.Fatalf("read only %d files", n)
	}
}

// TestDS6_NoPatternComesFromOutside: every regular expression is a constant of
// the source (and package regexp is linear in any case).
func TestDS6_NoPatternComesFromOutside(t *testing.T) {
	t.Parallel()
	eachFile(t, false, func(path string, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			fun, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := fun.X.(*ast.Ident)
			if !ok || pkg.Name != "regexp" || !strings.Contains(fun.Sel.Name, "Compile") && !strings.HasPrefix(fun.Sel.Name, "Match") {
				return true
			}
			if _, constant := call.Args[0].(*ast.BasicLit); !constant {
				t.Errorf("%s: regexp.%s of something that is not a constant", path, fun.Sel.Name)
			}
			return true
		})
	})
}
