package screens

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/secret"
)

// loginOf is the login page of one request: nothing of it occurs in another's.
func loginOf(t testing.TB, tag string, change func(*LoginPage)) LoginPage {
	t.Helper()
	p := LoginPage{Common: common(t, tag, plainly), App: "Orders", Remember: true, Cancel: true, Request: secret.Random(300)}
	p.Nonce, p.RequestID = secret.Random(nonceBytes), secret.Random(9)
	p.Locales = menu(i18n.Offered([]string{"en", "fr", "ar"}), "/acme/login", p.Request, "")
	p.RegisterURL, p.ForgotURL = "/acme/register?r="+p.Request, "/acme/forgot-password?r="+p.Request
	if change != nil {
		change(&p)
	}
	return p
}

// inFull is the page without a stencil.
func inFull(t testing.TB, r *Renderer, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := r.in(p.common().Locale)[p.file()].Execute(&b, addressable(p)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func rendered(t testing.TB, r *Renderer, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := r.Render(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAPageByStencilIsThePageInFull(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*LoginPage){
		"as applications show it": nil,
		"without an application": func(p *LoginPage) {
			p.App, p.Request, p.RegisterURL, p.ForgotURL, p.Cancel = "", "", "", "", false
			p.Locales = nil
		},
		"a name that is escaped": func(p *LoginPage) { p.App = `<Orders> & "more" 'x'` },
		"identifier first":       func(p *LoginPage) { p.Step = StepIdentifier },
		"a telephone number":     func(p *LoginPage) { p.Kind = IdentifierPhone },
		"somebody typed":         func(p *LoginPage) { p.Identifier = "ada@example.com" },
		"somebody was wrong":     func(p *LoginPage) { p.Identifier, p.Notice = "ada@example.com", NoticeWrongPair },
		"a short request":        func(p *LoginPage) { p.Request = "x" },
		"a request to escape":    func(p *LoginPage) { p.Request = `"><script>` + secret.Random(20) },
		"no nonce":               func(p *LoginPage) { p.Nonce = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRenderer(t)
			for _, tag := range []string{"en", "ar", "en", "ar", "en", "ar", "en"} {
				p := loginOf(t, tag, change)
				if got, want := rendered(t, r, p), inFull(t, r, p); got != want {
					t.Fatalf("got:\n%s\nwant:\n%s", got, want)
				}
			}
		})
	}
}

// Whatever a page says, a page that says something else has another stencil:
// each field is changed in turn, those that are added later too.
func TestEveryFieldIsInTheKey(t *testing.T) {
	t.Parallel()
	words := []string{"n", "i", "r"}
	base := loginOf(t, "en", nil)
	base.Fixed = &Person{Name: "Ada", Identifier: "ada@example.com"}
	key := func(p LoginPage) string {
		k, ok := appendKey(nil, reflect.ValueOf(p), words)
		if !ok {
			t.Fatal("the login page has no key: a field is of a kind that cannot be part of one")
		}
		return string(k)
	}
	want := key(base)
	n := eachField(reflect.ValueOf(&base).Elem(), "LoginPage", func(path string) {
		if key(base) == want {
			t.Errorf("%s is not in the key", path)
		}
	})
	if n < 25 || key(base) != want {
		t.Errorf("%d fields were tried", n)
	}
}

// eachField changes what is in v one by one, calls look, and puts it back.
func eachField(v reflect.Value, path string, look func(string)) (n int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			n += eachField(v.Field(i), path+"."+v.Type().Field(i).Name, look)
		}
		return n
	case reflect.Slice:
		for i := range v.Len() {
			n += eachField(v.Index(i), path, look)
		}
		return n
	case reflect.Pointer:
		if v.Type() != localeType && !v.IsNil() {
			return eachField(v.Elem(), path, look)
		}
	}
	old := reflect.New(v.Type()).Elem()
	old.Set(v)
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "+")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Pointer:
		v.SetZero()
	default:
		v.SetInt(v.Int() + 1)
	}
	look(path)
	v.Set(old)
	return 1
}

// Two texts with a word between them are not one text, and a word in one place
// is not a word in another.
func TestKeysAreNotAmbiguous(t *testing.T) {
	t.Parallel()
	words := []string{"WORD-ONE-WORD", "WORD-TWO-WORD"}
	seen := map[string][]string{}
	for _, texts := range [][]string{
		{"a", "b"}, {"ab", ""}, {"", "ab"}, {"aWORD-ONE-WORDb", ""}, {"aWORD-TWO-WORDb", ""}, {"a\x01b", ""}, {"aWORD-ONE-WORD", "b"},
		{"a", "WORD-ONE-WORDb"}, {"a\x00\x01b", ""}, {"a\x01\x01b\x00", ""}, {"WORD-ONE-WORDWORD-TWO-WORD", ""}, {"WORD-TWO-WORDWORD-ONE-WORD", ""},
	} {
		key, ok := appendKey(nil, reflect.ValueOf(texts), words)
		if other := seen[string(key)]; other != nil || !ok {
			t.Errorf("%q and %q have one key", texts, other)
		}
		seen[string(key)] = texts
	}
}

// A stencil that was cut at words which a template turned into something else
// is never used: the second page disproves it.
func TestAStencilIsProvedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	var s stencils
	turned := func(p LoginPage) func(*bytes.Buffer) error {
		return func(b *bytes.Buffer) error {
			b.WriteString(p.Nonce + " " + strings.ToUpper(p.Request))
			return nil
		}
	}
	for range 5 {
		p := loginOf(t, "en", nil)
		var b bytes.Buffer
		if err := s.render(&b, p, turned(p)); err != nil || b.String() != p.Nonce+" "+strings.ToUpper(p.Request) {
			t.Fatalf("%s: %v", b.String(), err)
		}
	}
}

func TestStencilsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for range maxStencils + 10 {
		rendered(t, r, loginOf(t, "en", func(p *LoginPage) { p.App = secret.Random(6) }))
	}
	if n := len(r.cut.known); n != maxStencils {
		t.Errorf("%d stencils", n)
	}
}

func TestManyPagesAtOnce(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 50 {
				p := loginOf(t, []string{"en", "fr"}[i%2], nil)
				if got, want := rendered(t, r, p), inFull(t, r, p); got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
					return
				}
			}
		})
	}
	all.Wait()
}

// The nonce and the ids of a page are words of that page alone.
func TestHD3_NoWordOfAPageIsLeftInTheNext(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	var before []string
	for range 6 {
		p := loginOf(t, "fr", nil)
		source := rendered(t, r, p)
		for _, w := range before {
			if strings.Contains(source, w) {
				t.Fatalf("%s is of an earlier page:\n%s", w, source)
			}
		}
		if !strings.Contains(source, `nonce="`+p.Nonce+`"`) || !strings.Contains(source, `value="`+p.Request+`"`) {
			t.Errorf("without its own words:\n%s", source)
		}
		before = append(before, p.Nonce, p.Request)
	}
	for _, st := range r.cut.known {
		if st.from != nil {
			t.Error("the stencil was not used")
		}
	}
}

func BenchmarkLoginPageByStencil(b *testing.B) {
	r := newRenderer(b)
	pages := make([]LoginPage, 64)
	for i := range pages {
		pages[i] = loginOf(b, "en", nil)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if err := r.Render(io.Discard, pages[n%len(pages)]); err != nil {
			b.Fatal(err)
		}
	}
}
