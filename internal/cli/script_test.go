package cli

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/storetest"
)

// A script is a txtar file: commands with what they print, then files.
//
//	$ foyer client list --json     a command; also chmod, mode and rm
//	< FILE                         its standard input
//	text                           a line of standard output
//	! text                         a line of standard error
//	exit 1                         the exit code, when not 0
//	env NAME=value                 for the commands that follow
//	databases sqlite postgres      what the script runs on, sqlite alone otherwise
//
// In output, {*} is anything within a line, {NAME} a word that $NAME stands for
// from then on, and {...} alone on a line any number of lines. $WORK is the
// directory of the files.

func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		commands, contents := parseScript(string(raw))
		kinds := []string{"sqlite"}
		if line, ok := strings.CutPrefix(commands[0].line, "databases "); ok {
			kinds, commands = strings.Fields(line), commands[1:]
		}
		for _, kind := range kinds {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+kind, func(t *testing.T) {
				t.Parallel()
				newWorld(t, kind, contents).play(commands)
			})
		}
	}
}

type command struct {
	at       int // line in the script
	line     string
	stdin    string // name of a file
	out, err []string
	exit     int
}

func parseScript(text string) ([]*command, map[string]string) {
	script, rest, _ := strings.Cut(text, "\n-- ")
	var list []*command
	for i, line := range strings.Split(script, "\n") {
		last := &command{}
		if len(list) > 0 {
			last = list[len(list)-1]
		}
		word, value, _ := strings.Cut(line, " ")
		switch {
		case word == "$":
			list = append(list, &command{at: i + 1, line: value})
		case word == "env" || word == "databases":
			list = append(list, &command{at: i + 1, line: line})
		case word == "<":
			last.stdin = value
		case word == "!":
			last.err = append(last.err, value)
		case word == "exit":
			last.exit, _ = strconv.Atoi(value)
		case strings.HasPrefix(line, "# ") || line == "":
		default:
			last.out = append(last.out, line)
		}
	}
	files := map[string]string{}
	for part := range strings.SplitSeq("\n-- "+rest, "\n-- ") {
		if name, body, ok := strings.Cut(part, " --\n"); ok {
			files[name] = strings.TrimSuffix(body, "\n") + "\n"
		}
	}
	return list, files
}

// world is the machine that one script runs on.
type world struct {
	t    *testing.T
	dir  string
	env  []string
	vars map[string]string
}

func newWorld(t *testing.T, kind string, files map[string]string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	database := map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "sqlite:" + filepath.Join(w.dir, "data", "foyer.db") }, "postgres": storetest.Postgres}[kind](t)
	w.env = []string{"FOYER_DATABASE=" + database, "FOYER_MASTER_KEY_FILE=" + filepath.Join(w.dir, "data", "master.key")}
	w.vars = map[string]string{"WORK": w.dir}
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) play(commands []*command) {
	for _, c := range commands {
		if env, ok := strings.CutPrefix(c.line, "env "); ok {
			w.env = append(w.env, w.expand(env))
			continue
		}
		var stdin []byte
		if c.stdin != "" {
			var err error
			if stdin, err = os.ReadFile(filepath.Join(w.dir, c.stdin)); err != nil {
				w.t.Fatal(err)
			}
		}
		out, errs, exit := w.run(words(w.expand(c.line)), stdin)
		if exit != c.exit {
			w.t.Errorf("line %d: %s: exit code %d, want %d\n%s%s", c.at, c.line, exit, c.exit, out, errs)
		}
		w.match(c, "standard output", c.out, out)
		w.match(c, "standard error", c.err, errs)
		if w.t.Failed() {
			w.t.FailNow()
		}
	}
}

// run runs foyer in this process, or one of the script's own commands.
func (w *world) run(args []string, stdin []byte) (out, errs string, exit int) {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	switch args[0] {
	case "foyer":
		ctx := audit.WithActor(context.Background(), audit.Actor{Name: "cli"})
		exit = runCommand(ctx, args[1:], w.env, Stdio{bytes.NewReader(stdin), &stdout, &stderr})
	case "chmod":
		mode, err := strconv.ParseUint(args[1], 8, 32)
		w.must(err)
		w.must(os.Chmod(args[2], os.FileMode(mode)))
	case "mode":
		info, err := os.Stat(args[1])
		w.must(err)
		fmt.Fprintf(&stdout, "%04o\n", info.Mode().Perm())
	case "rm":
		w.must(os.Remove(args[1]))
	default:
		w.t.Fatalf("%s is no command of scripts", args[0])
	}
	return stdout.String(), stderr.String(), exit
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

var variable = regexp.MustCompile(`\$[A-Z]+`)

func (w *world) expand(s string) string {
	return variable.ReplaceAllStringFunc(s, func(name string) string { return w.vars[name[1:]] })
}

// words splits at blanks outside double quotes.
func words(s string) []string {
	var out []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 0 {
			out = append(out, strings.Fields(part)...)
			if strings.HasSuffix(part, "=") && len(out) > 0 {
				out[len(out)-1] += "\x00"
			}
		} else if n := len(out); n > 0 && strings.HasSuffix(out[n-1], "\x00") {
			out[n-1] = strings.TrimSuffix(out[n-1], "\x00") + part
		} else {
			out = append(out, part)
		}
	}
	return out
}

var hole = regexp.MustCompile(`\\\{(\\\*|[A-Z]+)\\\}`)

func (w *world) match(c *command, stream string, want []string, got string) {
	w.t.Helper()
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	var names []string
	for _, line := range want {
		if line == "{...}" {
			pattern.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		quoted := hole.ReplaceAllStringFunc(regexp.QuoteMeta(w.expand(line)), func(h string) string {
			if h == `\{\*\}` {
				return `[^\n]*`
			}
			name := h[2 : len(h)-2]
			if slices.Contains(names, name) {
				return `\S+`
			}
			names = append(names, name)
			return `(?P<` + name + `>\S+)`
		})
		pattern.WriteString(quoted + `[ ]*\n`)
	}
	pattern.WriteString(`\z`)
	re := regexp.MustCompile(pattern.String())
	found := re.FindStringSubmatch(got)
	if found == nil {
		w.t.Errorf("line %d: %s: %s is\n%s\nwant\n%s", c.at, c.line, stream, got, strings.Join(want, "\n"))
		return
	}
	captured := map[string]string{}
	for _, name := range names {
		captured[name] = found[re.SubexpIndex(name)]
	}
	maps.Copy(w.vars, captured)
}
