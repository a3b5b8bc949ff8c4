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

// rowPart is what a row says of one package; what else stands in a row is
// written by hand.
var rowPart = regexp.MustCompile("^((?:[^`]*: )?`([^`]+)` )((?:Test|Fuzz)\\w+(?:, (?:Test|Fuzz)\\w+)*)$")

// renewed is a cell that names the row's tests: those that are gone are left
// out, new ones are added to their package, and what is written by hand stays,
// but that the row waits.
func renewed(cell string, tests []string, all map[string]bool) string {
	waits := !testName.MatchString(cell)
	rest := slices.Clone(tests)
	named := func(pkg, name string) bool {
		i := slices.Index(rest, pkg+" "+name)
		if i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		}
		return i >= 0
	}
	var parts []string
	last := map[string]int{} // where a package is named last
	for part := range strings.SplitSeq(cell, "; ") {
		m := rowPart.FindStringSubmatch(part)
		switch {
		case m != nil:
			names := strings.Split(m[3], ", ")
			names = slices.DeleteFunc(names, func(name string) bool { return !named(m[2], name) && !all[m[2]+" "+name] })
			if len(names) > 0 {
				last[m[2]] = len(parts)
				parts = append(parts, m[1]+strings.Join(names, ", "))
			}
		case !waits || part != "?" && !strings.HasPrefix(part, "arrives with "):
			parts = append(parts, part)
		}
	}
	slices.Sort(rest)
	var added []string
	for _, test := range rest {
		pkg, name, _ := strings.Cut(test, " ")
		if at, ok := last[pkg]; ok {
			parts[at] += ", " + name
		} else {
			added = append(added, test)
		}
	}
	if len(added) > 0 {
		at := 0 // after the tests that are named, before what is written below them
		for _, i := range last {
			at = max(at, i+1)
		}
		parts = slices.Insert(parts, at, proof(added))
	}
	return strings.Join(parts, "; ")
}

func TestRenewedRowsKeepWhatIsWritten(t *testing.T) {
	t.Parallel()
	all := map[string]bool{"rp TestLO7_Claims": true, "internal/op TestLO7_A": true, "internal/op TestLO7_B": true, "internal/op TestOther": true, "internal/token TestLO7_C": true}
	cases := []struct {
		name, cell string
		tests      []string
		want       string
	}{
		{"a new test joins its package", "`internal/op` TestLO7_B", []string{"internal/op TestLO7_A", "internal/op TestLO7_B"}, "`internal/op` TestLO7_B, TestLO7_A"},
		{"a test that is gone goes", "`internal/op` TestLO7_Gone, TestLO7_A", []string{"internal/op TestLO7_A"}, "`internal/op` TestLO7_A"},
		{"so does a package without any", "`internal/op` TestLO7_Gone; `rp` TestLO7_Claims", []string{"rp TestLO7_Claims"}, "`rp` TestLO7_Claims"},
		{"a test of another name stays", "`internal/op` TestOther", []string{"internal/op TestLO7_A"}, "`internal/op` TestOther, TestLO7_A"},
		{"words before a package and parts without tests stay", "as a receiver: `rp` TestLO7_Claims; in Chromium `e2e/x.test.mjs`; bounds: SS2",
			[]string{"rp TestLO7_Claims", "internal/token TestLO7_C"},
			"as a receiver: `rp` TestLO7_Claims; `internal/token` TestLO7_C; in Chromium `e2e/x.test.mjs`; bounds: SS2"},
		{"a row waits no longer", "arrives with the device grant", []string{"internal/op TestLO7_A"}, "`internal/op` TestLO7_A"},
		{"and keeps what else it says", "arrives with mTLS; until then no header is read", []string{"internal/op TestLO7_A"}, "`internal/op` TestLO7_A; until then no header is read"},
		{"a part still waits", "`internal/op` TestLO7_A; two arrive with the load rig", []string{"internal/op TestLO7_A"}, "`internal/op` TestLO7_A; two arrive with the load rig"},
	}
	for _, c := range cases {
		if got := renewed(c.cell, c.tests, all); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
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
			cell = renewed(cell, rows[id], all)
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
