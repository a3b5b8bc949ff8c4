package proof

import (
	"flag"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tests' names into docs/security.md")

var (
	rowLine  = regexp.MustCompile(`^\| ([A-Z]{1,2}[0-9]+) \| ([^|]+) \| ([^|]+) \|$`)
	rowTest  = regexp.MustCompile(`^(?:Test|Fuzz)((?:[A-Z]{1,2}[0-9]+_)+)`)
	testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
)

// rowTests are the tests of each row: "package name", in order.
func rowTests(t *testing.T) (rows map[string][]string, all map[string]bool) {
	t.Helper()
	rows, all = map[string][]string{}, map[string]bool{}
	eachFile(t, true, func(file string, f *ast.File) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			all[path.Dir(file)+" "+fn.Name.Name] = true
			if m := rowTest.FindStringSubmatch(fn.Name.Name); m != nil {
				for id := range strings.SplitSeq(strings.TrimSuffix(m[1], "_"), "_") {
					rows[id] = append(rows[id], path.Dir(file)+" "+fn.Name.Name)
				}
			}
		}
	})
	return rows, all
}

// proof is a row's cell: each package with its tests.
func proof(tests []string) string {
	slices.Sort(tests)
	var b strings.Builder
	last := ""
	for _, test := range tests {
		pkg, name, _ := strings.Cut(test, " ")
		switch {
		case pkg == last:
			b.WriteString(", ")
		case last != "":
			b.WriteString("; ")
		}
		if pkg != last {
			b.WriteString("`" + pkg + "` ")
		}
		b.WriteString(name)
		last = pkg
	}
	return b.String()
}

// TestSecurityRows: docs/security.md names tests that exist, and says that a row
// waits only when nothing proves it.
func TestSecurityRows(t *testing.T) {
	t.Parallel()
	file := filepath.Join(root, "docs", "security.md")
	text, err := os.ReadFile(file)
	must(t, err)
	rows, all := rowTests(t)
	seen := map[string]bool{}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		m := rowLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		id, cell := m[1], m[3]
		if seen[id] {
			t.Errorf("row %s twice", id)
		}
		seen[id] = true
		if *update && len(rows[id]) > 0 {
			cell = proof(rows[id])
			lines[i] = "| " + id + " | " + m[2] + " | " + cell + " |"
		}
		checkCell(t, id, cell, rows[id], all)
	}
	for id := range rows {
		if !seen[id] {
			t.Errorf("row %s has tests (%s) and no line", id, proof(rows[id]))
		}
	}
	if *update {
		must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
	}
}

func checkCell(t *testing.T, id, cell string, tests []string, all map[string]bool) {
	t.Helper()
	pkg, named := "", 0
	for word := range strings.FieldsSeq(cell) {
		if strings.HasPrefix(word, "`") {
			pkg = strings.Trim(word, "`;,")
		}
		if name := testName.FindString(word); name != "" {
			if named++; !all[pkg+" "+name] {
				t.Errorf("row %s: %s has no %s (go test ./internal/proof -run TestSecurityRows -update)", id, pkg, name)
			}
		}
	}
	if cell == "?" || named == 0 && len(tests) > 0 {
		t.Errorf("row %s says %q; its tests are %s", id, cell, proof(tests))
	}
}
