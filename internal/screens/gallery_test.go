package screens

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var galleryDir = flag.String("gallery", "", "write every page with its assets into this directory, to look at")

func newRenderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := NewRenderer(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t testing.TB, r *Renderer, p Page) (string, *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := r.Render(&b, p); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), doc
}

// elements are all elements in document order.
func elements(doc *html.Node) []*html.Node {
	var all []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func byID(doc *html.Node, id string) []*html.Node {
	var found []*html.Node
	for _, n := range elements(doc) {
		if v, _ := attr(n, "id"); v == id {
			found = append(found, n)
		}
	}
	return found
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestGallery(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, tag := range []string{"en", "fr", "ar"} {
		for _, v := range []values{plainly, longly, arabically} {
			for _, f := range fixtures(common(t, tag, v), v) {
				t.Run(tag+"/"+v.name+"/"+f.name, func(t *testing.T) {
					t.Parallel()
					source, doc := render(t, r, f.page)
					checkPage(t, doc, f.page.common())
					checkForm(t, doc)
					checkFrames(t, doc, f.page)
					checkIDs(t, doc, f.ids)
					if bad := firstOf(source, "{n}", "{app}", "{name}", "{host}", "{brand}", "{id}", "{code}", "ZgotmplZ", "<no value>", "%!"); bad != "" {
						t.Errorf("%q in the page", bad)
					}
				})
			}
		}
	}
	if *galleryDir != "" {
		writeGallery(t, r)
	}
}

func firstOf(s string, candidates ...string) string {
	for _, c := range candidates {
		if strings.Contains(s, c) {
			return c
		}
	}
	return ""
}

// checkPage is what every page has: language, title, one heading, one main, one script.
func checkPage(t *testing.T, doc *html.Node, c Common) {
	t.Helper()
	count := map[atom.Atom]int{}
	for _, n := range elements(doc) {
		count[n.DataAtom]++
		checkInert(t, n)
		switch n.DataAtom {
		case atom.Html:
			lang, _ := attr(n, "lang")
			if dir, _ := attr(n, "dir"); lang != c.Locale.Tag() || dir != c.Locale.Dir() {
				t.Errorf("lang %q dir %q", lang, dir)
			}
		case atom.Title, atom.H1, atom.Button, atom.A, atom.Label, atom.Summary, atom.P:
			if text(n) == "" {
				t.Errorf("<%s> without words", n.Data)
			}
		case atom.Img:
			if _, ok := attr(n, "alt"); !ok {
				t.Error("an image without alt")
			}
		}
	}
	for _, a := range []atom.Atom{atom.Title, atom.H1, atom.Main, atom.Script} {
		if count[a] != 1 {
			t.Errorf("%d <%s>", count[a], a)
		}
	}
	for _, a := range []atom.Atom{atom.Style, atom.Object, atom.Base} {
		if count[a] != 0 {
			t.Errorf("a <%s>", a)
		}
	}
}

// checkFrames: only the page that tells applications has frames, each in its
// sandbox, out of sight, named after one of the list's applications.
func checkFrames(t *testing.T, doc *html.Node, p Page) {
	t.Helper()
	want := []Frame{}
	if out, ok := p.(SignedOutPage); ok {
		want = append(want, out.Frames...)
	}
	var items, frames int
	for _, n := range elements(doc) {
		if n.DataAtom == atom.Li && n.Parent != nil {
			if id, _ := attr(n.Parent, "id"); id == "applications" {
				items++
			}
		}
		if n.DataAtom != atom.Iframe {
			continue
		}
		src, _ := attr(n, "src")
		sandbox, _ := attr(n, "sandbox")
		title, _ := attr(n, "title")
		_, hidden := attr(n, "hidden")
		if frames >= len(want) || src != want[frames].URL || sandbox != "allow-scripts allow-same-origin allow-forms" || title == "" || !hidden {
			t.Errorf("<iframe src=%q sandbox=%q title=%q>", src, sandbox, title)
		}
		frames++
	}
	if out, ok := p.(SignedOutPage); frames != len(want) || ok && items != len(out.Apps) {
		t.Errorf("%d frames and %d applications", frames, items)
	}
}

// checkInert finds inline script, inline style and addresses that run.
func checkInert(t *testing.T, n *html.Node) {
	t.Helper()
	if n.DataAtom == atom.Script {
		if src, _ := attr(n, "src"); !strings.HasSuffix(src, "/"+AssetPath("foyer.js")) || n.FirstChild != nil {
			t.Errorf("a script that is not ours: %q", src)
		}
	}
	for _, a := range n.Attr {
		if a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" {
			t.Errorf("<%s %s>", n.Data, a.Key)
		}
		if slices.Contains([]string{"href", "src", "action", "formaction"}, a.Key) {
			scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(a.Val)), ":")
			if slices.Contains([]string{"javascript", "data", "vbscript"}, scheme) {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
	}
}

// checkForm is what a form needs for people who do not see it.
func checkForm(t *testing.T, doc *html.Node) {
	t.Helper()
	labelled, focused := map[string]bool{}, 0
	for _, n := range elements(doc) {
		if id, ok := attr(n, "for"); ok {
			labelled[id] = true
		}
		if _, ok := attr(n, "autofocus"); ok {
			focused++
		}
	}
	if focused > 1 {
		t.Errorf("%d elements want the focus", focused)
	}
	for _, n := range elements(doc) {
		if described, ok := attr(n, "aria-describedby"); ok {
			for id := range strings.FieldsSeq(described) {
				if len(byID(doc, id)) != 1 {
					t.Errorf("described by %q, which is not there", id)
				}
			}
		}
		if _, ok := attr(n, "aria-invalid"); ok {
			if _, described := attr(n, "aria-describedby"); !described {
				t.Error("an invalid field that is not described")
			}
		}
		kind, _ := attr(n, "type")
		_, hidden := attr(n, "hidden")
		if id, _ := attr(n, "id"); n.DataAtom == atom.Input && kind != "hidden" && !hidden && !labelled[id] && n.Parent.DataAtom != atom.Label {
			t.Errorf("input %q has no label", id)
		}
		if href, _ := attr(n, "href"); strings.HasPrefix(href, "#") && len(byID(doc, href[1:])) != 1 {
			t.Errorf("link to %q, which is not there", href)
		}
	}
}

func checkIDs(t *testing.T, doc *html.Node, want []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, n := range elements(doc) {
		if id, ok := attr(n, "id"); ok {
			if seen[id] {
				t.Errorf("id %q twice", id)
			}
			seen[id] = true
		}
	}
	for _, id := range want {
		if !seen[id] {
			t.Errorf("no element %q", id)
		}
	}
}

// writeGallery writes pages that open from the disk.
func writeGallery(t *testing.T, r *Renderer) {
	t.Helper()
	write := func(name string, content []byte) {
		name = filepath.Join(*galleryDir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range assets {
		write(a.path, a.content)
	}
	theme := ThemeCSS(Brand{Accent: "#ffcc00", Background: "#0b3d2e"})
	write(ThemePath(theme), theme)
	for _, tag := range []string{"en", "fr", "ar"} {
		for _, v := range []values{plainly, longly, arabically, polyglot(1)} {
			c := common(t, tag, v)
			c.Base = "."
			themed := c
			themed.ThemePath = ThemePath(theme)
			for _, f := range fixtures(c, v) {
				source, _ := render(t, r, f.page)
				write(tag+"-"+strings.ReplaceAll(v.name, " ", "")+"-"+f.name+".html", []byte(source))
			}
			source, _ := render(t, r, loginFixtures(themed, v)[0].page)
			write(tag+"-"+strings.ReplaceAll(v.name, " ", "")+"-login-themed.html", []byte(source))
		}
	}
}
