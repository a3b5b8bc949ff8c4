package screens

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/foyer-id/foyer/internal/i18n"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Options configures a Renderer.
type Options struct {
	// OverrideDir holds templates of the operator that replace ours by name
	// (layout.html, parts.html, login.html …). nil for none.
	OverrideDir fs.FS
}

// Renderer turns page structs into HTML. It is safe for concurrent use.
type Renderer struct {
	pages   map[string]*template.Template
	buffers sync.Pool
}

// shared are the files that every page is built with.
var shared = []string{"layout.html", "parts.html"}

// everyPage has one value of each page struct, to know their templates.
func everyPage(c Common) []Page {
	return []Page{
		LoginPage{Common: c}, RegisterPage{Common: c}, ChoosePage{Common: c}, NativeContinuePage{Common: c},
		LogoutConfirmPage{Common: c}, SignedOutPage{Common: c}, StillSignedInPage{Common: c},
		ErrorPage{Common: c}, ExpiredRequestPage{Common: c}, RateLimitedPage{Common: c}, UnavailablePage{Common: c},
		HomePage{Common: c}, FormPostPage{Common: c},
	}
}

// NewRenderer compiles all templates. Errors say which file is wrong: one that
// does not parse or escape, names a sentence that does not exist, or replaces
// nothing.
func NewRenderer(o Options) (*Renderer, error) {
	if err := checkOverrides(o.OverrideDir); err != nil {
		return nil, err
	}
	base := template.New("layout.html").Funcs(template.FuncMap{"asset": AssetPath})
	for _, name := range shared {
		if err := parseFile(base, o.OverrideDir, name); err != nil {
			return nil, err
		}
	}
	r := &Renderer{pages: map[string]*template.Template{}, buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
	sample := Common{Locale: i18n.Offered([]string{"en"})[0]}
	for _, p := range everyPage(sample) {
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if err := parseFile(t, o.OverrideDir, p.file()); err != nil {
			return nil, err
		}
		if err := checkKeys(t); err != nil {
			return nil, err
		}
		r.pages[p.file()] = t.Lookup("layout.html")
		if err := r.Render(io.Discard, p); err != nil { // escapes it now, not at the first request
			return nil, err
		}
	}
	return r, nil
}

// Render writes the page. Nothing is written when it fails.
func (r *Renderer) Render(w io.Writer, p Page) error {
	if p.common().Locale == nil {
		return errors.New("render " + p.file() + ": no locale")
	}
	b := r.buffers.Get().(*bytes.Buffer)
	defer r.keep(b)
	if err := r.pages[p.file()].Execute(b, p); err != nil {
		return fmt.Errorf("render %s: %w", p.file(), err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// keep returns a buffer to the pool, unless a rare huge page made it large.
func (r *Renderer) keep(b *bytes.Buffer) {
	if b.Cap() <= 128<<10 {
		b.Reset()
		r.buffers.Put(b)
	}
}

func parseFile(t *template.Template, override fs.FS, name string) error {
	source, err := readTemplate(override, name)
	if err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	into := t
	if t.Name() != name {
		into = t.New(name)
	}
	if _, err := into.Parse(string(source)); err != nil {
		return fmt.Errorf("template %s: %w", name, err)
	}
	return nil
}

func readTemplate(override fs.FS, name string) ([]byte, error) {
	if override != nil {
		source, err := fs.ReadFile(override, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return source, err
		}
	}
	return templateFiles.ReadFile("templates/" + name)
}

// checkOverrides refuses a file that would silently do nothing.
func checkOverrides(override fs.FS) error {
	if override == nil {
		return nil
	}
	names, err := fs.Glob(override, "*.html")
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := fs.Stat(templateFiles, "templates/"+name); err != nil {
			return fmt.Errorf("template %s: there is no page of that name to replace", name)
		}
	}
	return nil
}

// checkKeys finds .T "key" and .Parts "key" whose key does not exist.
func checkKeys(t *template.Template) error {
	for _, part := range t.Templates() {
		if part.Tree == nil {
			continue
		}
		if key := unknownKey(part.Tree.Root); key != "" {
			return fmt.Errorf("template %s: no sentence %q", part.Tree.ParseName, key)
		}
	}
	return nil
}

func unknownKey(n parse.Node) string {
	for _, command := range commands(n) {
		for i, arg := range command.Args[:len(command.Args)-1] {
			text, isText := command.Args[i+1].(*parse.StringNode)
			says := strings.HasSuffix(arg.String(), ".T") || strings.HasSuffix(arg.String(), ".Parts")
			if says && isText && !i18n.Has(i18n.Key(text.Text)) {
				return text.Text
			}
		}
	}
	return ""
}

// commands are all commands under a node, those in parentheses too.
func commands(n parse.Node) []*parse.CommandNode {
	var found []*parse.CommandNode
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, c := range p.Cmds {
			found = append(found, c)
			for _, a := range c.Args {
				found = append(found, commands(a)...)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		found = append(found, commands(b.List)...)
		found = append(found, commands(b.ElseList)...)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				found = append(found, commands(child)...)
			}
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
	return found
}
