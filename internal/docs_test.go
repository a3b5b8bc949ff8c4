package internal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/tenant"
)

// documents returns every document of the repository by its path from the root.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			all[strings.TrimPrefix(filepath.ToSlash(f), "../")] = read(t, f)
		}
	}
	if len(all) < 20 {
		t.Fatalf("found only %d documents", len(all))
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestDocs_EveryKeyIsListed: docs/configuration.md has one row for each key,
// with its names and what --help says.
func TestDocs_EveryKeyIsListed(t *testing.T) {
	t.Parallel()
	doc := read(t, "../docs/configuration.md")
	rows := regexp.MustCompile("(?m)^\\| `([a-z._]+)` \\| `([A-Z_]+)` \\| `--([a-z-]+)` \\| [^|]* \\| (.+) \\|$").FindAllStringSubmatch(doc, -1)
	var got, want []string
	for _, r := range rows {
		got = append(got, strings.Join(r[1:], " | "))
	}
	for _, k := range config.Keys() {
		want = append(want, strings.Join([]string{k.Path, k.Env, k.Flag, k.Help}, " | "))
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/configuration.md lists\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDocs_EveryMemberIsListed: docs/tenant-file.md names every member that a
// tenant file may have.
func TestDocs_EveryMemberIsListed(t *testing.T) {
	t.Parallel()
	doc := read(t, "../docs/tenant-file.md")
	for _, typ := range []reflect.Type{
		reflect.TypeFor[app.Document](), reflect.TypeFor[client.Spec](), reflect.TypeFor[app.ResourceSpec](),
		reflect.TypeFor[app.AccountSpec](), reflect.TypeFor[app.AddressSpec](), reflect.TypeFor[app.IdentityProviderSpec](),
	} {
		for _, name := range members(typ, "") {
			if !strings.Contains(doc, "`"+name+"`") {
				t.Errorf("docs/tenant-file.md does not mention %s of %s", name, typ)
			}
		}
	}
}

// members are the names of a struct of a tenant file; those of settings read
// like settings.session.lifetime without their first part.
func members(t reflect.Type, prefix string) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		typ := f.Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch {
		case option == "inline":
			names = append(names, members(typ, prefix)...)
		case name == "" || name == "-":
		case name == "settings":
			names = append(names, members(typ, "")...)
		case typ.Kind() == reflect.Struct && prefix == "" && typ.PkgPath() == reflect.TypeFor[app.Document]().PkgPath():
			names = append(names, name)
		case typ.Kind() == reflect.Struct && strings.HasSuffix(typ.PkgPath(), "internal/tenant"):
			names = append(names, members(typ, name+".")...)
		default:
			names = append(names, prefix+name)
		}
	}
	return names
}

// TestDocs_PagesShowTheExamples: what a page shows is the file that
// e2e/examples.test.mjs runs.
func TestDocs_PagesShowTheExamples(t *testing.T) {
	t.Parallel()
	shown := regexp.MustCompile("(?m)^\\[examples/([^\\]]+)\\]\\([^)]+\\):\n\n```[a-z]+\n")
	n := 0
	for name, doc := range documents(t) {
		for _, at := range shown.FindAllStringSubmatchIndex(doc, -1) {
			file := doc[at[2]:at[3]]
			if block, _, ok := strings.Cut(doc[at[1]:], "\n```"); !ok || block+"\n" != read(t, "../examples/"+file) {
				t.Errorf("%s does not show examples/%s as it is", name, file)
			}
			n++
		}
	}
	if n < 10 {
		t.Errorf("found only %d examples in the documents", n)
	}
}

// TestDocs_ExamplesPinWhatRuns: the versions that examples/ installs are those
// that e2e/ runs them with.
func TestDocs_ExamplesPinWhatRuns(t *testing.T) {
	t.Parallel()
	var shown struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	var run struct {
		Dependencies map[string]string `json:"devDependencies"`
	}
	for file, into := range map[string]any{"../examples/package.json": &shown, "../e2e/package.json": &run} {
		if err := json.Unmarshal([]byte(read(t, file)), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(shown.Dependencies) < 5 {
		t.Fatalf("found only %d dependencies", len(shown.Dependencies))
	}
	for name, version := range shown.Dependencies {
		if run.Dependencies[name] != version {
			t.Errorf("examples/package.json has %s %s, e2e/package.json %q", name, version, run.Dependencies[name])
		}
	}
}

// TestDocs_ClientsOfPagesAreAccepted: the client entries that pages show are
// what a tenant file may say.
func TestDocs_ClientsOfPagesAreAccepted(t *testing.T) {
	t.Parallel()
	shown := regexp.MustCompile("(?ms)^```yaml\n(clients:\n.*?)^```")
	n := 0
	for name, page := range documents(t) {
		for _, m := range shown.FindAllStringSubmatch(page, -1) {
			docs, err := app.ParseDocuments(name, []byte("tenant: default\n"+m[1]))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, c := range *docs[0].Clients {
				findings, _ := app.CheckClient(config.Defaults(), tenant.New("default"), &c, client.FromFile)
				if len(findings) > 0 {
					t.Errorf("%s: client %s: %v", name, c.ClientID, findings)
				}
				n++
			}
		}
	}
	if n < 5 {
		t.Errorf("found only %d clients in the documents", n)
	}
}

// TestDocs_LinksLeadSomewhere: relative links name files that exist, and no
// document names a place on somebody's machine.
func TestDocs_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)|(?:src|srcset)="([^"]+)"`)
	machine := regexp.MustCompile(`(^|[\s"'(=` + "`" + `])/(work|tmp|home|root)/`)
	code := regexp.MustCompile("(?ms)^```.*?^```")
	for name, doc := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(doc, ""), -1) {
			to := m[1] + m[3]
			if strings.Contains(to, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", filepath.Dir(name), to)); err != nil {
				t.Errorf("%s links to %s, which does not exist", name, to)
			}
		}
		if at := machine.FindString(doc); at != "" {
			t.Errorf("%s names a place on a machine: %q", name, at)
		}
	}
}

// TestDocs_CitationsAreListed: every RFC that code or documents cite is in
// docs/specs.md.
func TestDocs_CitationsAreListed(t *testing.T) {
	t.Parallel()
	listed := read(t, "../docs/specs.md")
	cited := regexp.MustCompile(`RFC [0-9]{4}`)
	text := strings.Builder{}
	for _, doc := range documents(t) {
		text.WriteString(doc)
	}
	for _, pattern := range []string{"*/*.go", "../rp/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text.WriteString(read(t, f))
		}
	}
	missing := map[string]bool{}
	for _, c := range cited.FindAllString(text.String(), -1) {
		if !strings.Contains(listed, "| "+c+" |") {
			missing[c] = true
		}
	}
	for c := range missing {
		t.Errorf("docs/specs.md does not list %s", c)
	}
}
