package screens

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"reflect"
	"sync"

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
	parsed  map[string]*template.Template // by file, never executed: what others are cloned from
	settles bool                          // whether pages are settled for each language
	generic map[string]*template.Template
	settled sync.Map // language → func() map[string]*template.Template
	buffers sync.Pool
	cut     stencils
}

// shared are the files that every page is built with.
var shared = []string{"layout.html", "parts.html"}

// everyPage has one value of each page struct, to know their templates.
func everyPage(c Common) []Page {
	return []Page{
		LoginPage{Common: c}, RegisterPage{Common: c}, ChoosePage{Common: c}, NativeContinuePage{Common: c}, ConsentPage{Common: c},
		LogoutConfirmPage{Common: c}, SignedOutPage{Common: c}, StillSignedInPage{Common: c},
		ErrorPage{Common: c}, ExpiredRequestPage{Common: c}, RateLimitedPage{Common: c}, UnavailablePage{Common: c},
		HomePage{Common: c}, FormPostPage{Common: c}, ProfilePage{Common: c}, DevicesPage{Common: c},
		CheckMailPage{Common: c, Purpose: "register"}, VerifyPage{Common: c}, LinkPage{Common: c, Purpose: "register"}, DeadLinkPage{Common: c},
		ForgotPage{Common: c}, NewPasswordPage{Common: c}, NotMePage{Common: c}, NotMeDonePage{Common: c},
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
	r := &Renderer{parsed: map[string]*template.Template{}, settles: o.OverrideDir == nil, buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }}}
	for _, p := range everyPage(Common{}) {
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
		r.parsed[p.file()] = t
	}
	generic, err := r.build(i18n.Offered([]string{"en"})[0], false)
	r.generic = generic
	return r, err
}

// build clones all pages, settled in the locale's language or not, and executes
// them once: that escapes them now, and not at the first request.
func (r *Renderer) build(l *i18n.Locale, settled bool) (map[string]*template.Template, error) {
	built := map[string]*template.Template{}
	for _, p := range everyPage(Common{Locale: l}) {
		t, err := r.parsed[p.file()].Clone()
		if err != nil {
			return nil, err
		}
		if settled {
			settle(t, l)
		}
		built[p.file()] = t.Lookup("layout.html")
		if err := built[p.file()].Execute(io.Discard, addressable(p)); err != nil {
			return nil, fmt.Errorf("template %s: %w", p.file(), err)
		}
	}
	return built, nil
}

// in returns the pages for a locale, built when its language is first used.
func (r *Renderer) in(l *i18n.Locale) map[string]*template.Template {
	if !r.settles {
		return r.generic
	}
	build, ok := r.settled.Load(l.Language())
	if !ok {
		build, _ = r.settled.LoadOrStore(l.Language(), sync.OnceValue(func() map[string]*template.Template {
			pages, err := r.build(l, true)
			if err != nil {
				return r.generic // says the same, slower
			}
			return pages
		}))
	}
	return build.(func() map[string]*template.Template)()
}

// Render writes the page. Nothing is written when it fails.
func (r *Renderer) Render(w io.Writer, p Page) error {
	l := p.common().Locale
	if l == nil {
		return errors.New("render " + p.file() + ": no locale")
	}
	b := r.buffers.Get().(*bytes.Buffer)
	defer r.keep(b)
	full := func(b *bytes.Buffer) error { return r.in(l)[p.file()].Execute(b, addressable(p)) }
	render := full
	if r.settles { // an operator's template may do anything with a word
		render = func(b *bytes.Buffer) error { return r.cut.render(b, p, full) }
	}
	if err := render(b); err != nil {
		return fmt.Errorf("render %s: %w", p.file(), err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// addressable gives the template a pointer, so that reflection calls methods
// without copying the page for each of them.
func addressable(p Page) any {
	v := reflect.ValueOf(p)
	if v.Kind() == reflect.Pointer {
		return p
	}
	copied := reflect.New(v.Type())
	copied.Elem().Set(v)
	return copied.Interface()
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
