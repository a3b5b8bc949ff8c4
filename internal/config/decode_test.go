package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// shelf has one field of every shape that a configuration uses.
type shelf struct {
	Name     string            `yaml:"name"`
	Count    int               `yaml:"count"`
	Port     uint16            `yaml:"port"`
	Ratio    float64           `yaml:"ratio"`
	Open     bool              `yaml:"open"`
	Maybe    *bool             `yaml:"maybe"`
	Wait     Duration          `yaml:"wait"`
	Tags     []string          `yaml:"tags"`
	Titles   map[string]string `yaml:"titles"`
	Books    []book            `yaml:"books"`
	Lent     *book             `yaml:"lent"`
	Settings settings          `yaml:"settings"`
	Free     any               `yaml:"free"`
	Raw      yaml.Node         `yaml:"raw"`
	Place    `yaml:",inline"`
	Internal string `yaml:"-"`
}

type Place struct {
	Room string `yaml:"room"`
}

type book struct {
	Title string         `yaml:"title"`
	Pages int            `yaml:"pages"`
	Extra map[string]any `yaml:",inline"`
}

// settings has a default that is not zero, set the way DecodeNode recommends.
type settings struct {
	Depth int `yaml:"depth"`
	Width int `yaml:"width"`
}

func (s *settings) UnmarshalYAML(n *yaml.Node) error {
	type plain settings
	p := plain{Depth: 30, Width: 100}
	if err := DecodeNode(n, &p); err != nil {
		return err
	}
	*s = settings(p)
	return nil
}

func TestDecodeStrictFillsEveryShape(t *testing.T) {
	t.Parallel()
	got := shelf{Name: "kept", Tags: []string{"gone"}, Count: 7}
	err := DecodeStrict("s.yaml", []byte(`
count:
port: 8080
ratio: 1
open: true
maybe: false
wait: 336h
tags: [a, 12, 0123, 2026-01-02]
titles: {en: Books, de: &de Bücher, at: *de}
books:
  - &first {title: One, pages: 3, isbn: 9}
  - {<<: *first, title: Two}
  - {<<: [{pages: 5}, *first]}
lent: {title: Three}
settings: {width: 5}
free: [1, {a: b}]
raw: x
room: attic
`), &got)
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := shelf{
		Name: "kept", Count: 7, Port: 8080, Ratio: 1, Open: true, Maybe: &no, Wait: Duration(336 * 3600e9),
		Tags:   []string{"a", "12", "0123", "2026-01-02"},
		Titles: map[string]string{"en": "Books", "de": "Bücher", "at": "Bücher"},
		Books: []book{
			{Title: "One", Pages: 3, Extra: map[string]any{"isbn": 9}},
			{Title: "Two", Pages: 3, Extra: map[string]any{"isbn": 9}},
			{Title: "One", Pages: 5, Extra: map[string]any{"isbn": 9}},
		},
		Lent:     &book{Title: "Three"},
		Settings: settings{Depth: 30, Width: 5},
		Free:     []any{1, map[string]any{"a": "b"}},
		Raw:      got.Raw,
		Place:    Place{Room: "attic"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Raw.Value != "x" {
		t.Errorf("raw node holds %q", got.Raw.Value)
	}
}

func TestSU7_FindingsNameLineKeyAndRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"a misspelt key is suggested", "name: x\ncuont: 3\n",
			`f.yaml:2: cuont: unknown key; did you mean "count"?`},
		{"another spelling convention is suggested", "booKs: []\n",
			`f.yaml:1: booKs: unknown key; did you mean "books"?`},
		{"a far key gets the list, nested keys their path", "lent:\n  title: x\nsettings:\n  colour: red\n",
			`f.yaml:4: settings.colour: unknown key; known here: depth, width`},
		{"an excluded field is no key", "settings: {}\nInternal: x\n",
			`f.yaml:2: Internal: unknown key; known here: name, count, port, ratio, open, maybe, wait, tags, titles, books, lent, settings, free, raw, room`},
		{"a repeated key", "name: x\ncount: 1\nname: y\n",
			`f.yaml:3: name: given twice, first on line 1; keep one`},
		{"a repeated key below a free value", "free:\n  a: 1\n  a: 2\n",
			"f.yaml:3: a: given twice, first on line 2; keep one"},
		{"a list instead of a text", "name: [x]\n", `f.yaml:1: name: expected a text, found a list`},
		{"true instead of a text", "name: true\n", `f.yaml:1: name: expected a text, found true or false; put it in quotes`},
		{"a text instead of a number, not echoed", "count: hunter2\n", `f.yaml:1: count: expected a whole number, found a text`},
		{"a fraction instead of a whole number", "count: 1.5\n", `f.yaml:1: count: expected a whole number, found a number`},
		{"a number out of range", "port: 65536\n", `f.yaml:1: port: expected a whole number, not negative, found a number out of range`},
		{"yes instead of true", "open: yes\n", `f.yaml:1: open: expected true or false, found a text`},
		{"a text instead of a list", "tags: a\n", `f.yaml:1: tags: expected a list such as [a, b], found a text`},
		{"a list instead of a mapping", "settings: []\n", `f.yaml:1: settings: expected a mapping (key: value), found a list`},
		{"a wrong item", "books:\n- title: One\n- title: {}\n", `f.yaml:3: books[1].title: expected a text, found a mapping`},
		{"a wrong map value", "titles: {en: [x]}\n", `f.yaml:1: titles.en: expected a text, found a list`},
		{"a duration without a unit", "wait: 60\n", `f.yaml:1: wait: expected a duration with its unit, such as 60s, 15m or 336h`},
		{"a negative duration", "wait: -1s\n", `f.yaml:1: wait: expected a duration that is not negative`},
		{"a duration that is a list", "wait: []\n", `f.yaml:1: wait: expected a text, found a list`},
		{"a key that is a list", "? [a]\n: b\n", `f.yaml:1: expected a plain key, found a list`},
		{"a tag of its own", "name: !secret x\n", `f.yaml:1: name: expected a text, found a value with a tag of its own; put it in quotes`},
		{"a document that is a list", "- a\n", `f.yaml:1: expected a mapping (key: value), found a list`},
		{"a second document", "name: x\n---\nname: y\n", `f.yaml:3: a second document begins here; this file holds one`},
		{"broken syntax", "name: x\nlent: {title: y\ncount: 1\n", "f.yaml:2: not valid YAML from here on: did not find expected ',' or '}'"},
		{"broken syntax on the first line", "a: {\n", "f.yaml:2: not valid YAML from here on: did not find expected node content"},
		{"a text that goes on by accident", "name: x\n  count: 1\n", "f.yaml:2: not valid YAML from here on: mapping values are not allowed in this context"},
		{"wrong indentation", "name: x\nlent:\n    title: y\n  pages: 1\n", "f.yaml:4: not valid YAML from here on: did not find expected key"},
		{"bytes that are no text", "name: \xff\n", "f.yaml: not valid YAML from here on: invalid leading UTF-8 octet"},
		{"a tab", "lent:\n\ttitle: y\n", "f.yaml:2: not valid YAML from here on: found character that cannot start any token"},
		{"an unknown alias", "name: *nobody\n", "f.yaml:1: not valid YAML from here on: unknown anchor 'nobody' referenced"},
		{"control characters in a key are escaped", "settings:\n  \"a\\e[31m\": 1\n",
			`f.yaml:2: settings."a\x1b[31m": unknown key; known here: depth, width`},
		{"everything at once, in the order of the lines", "settings: {deepth: 1}\nname: []\nopen: 3\nopen: 4\n",
			"f.yaml:1: settings.deepth: unknown key; did you mean \"depth\"?\n" +
				"f.yaml:2: name: expected a text, found a list\n" +
				"f.yaml:3: open: expected true or false, found a number\n" +
				"f.yaml:4: open: given twice, first on line 3; keep one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := DecodeStrict("f.yaml", []byte(c.in), new(shelf))
			var wrong *Errors
			if !errors.As(err, &wrong) {
				t.Fatalf("error is %v, want *Errors", err)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	docs, err := Documents("t.yaml", []byte("# only a comment\n---\nname: a\n---\n---\n# second\nname: b\ncuont: 1\n---\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 2 || docs[0].Line != 3 || docs[1].Line != 7 || docs[1].Name != "t.yaml" {
		t.Fatalf("documents %+v", docs)
	}
	var a, b shelf
	if err := docs[0].Decode(&a); err != nil || a.Name != "a" {
		t.Errorf("first is %+v, %v", a, err)
	}
	const want = `t.yaml:8: cuont: unknown key; did you mean "count"?`
	if err := docs[1].Decode(&b); err == nil || err.Error() != want {
		t.Errorf("second: %v\nwant %s", err, want)
	}
	if err := docs[0].Decode(b); err == nil || errors.As(err, new(*Errors)) {
		t.Errorf("a target that is no pointer: %v, want a fault", err)
	}
}

func TestDocumentsRefuseBombs(t *testing.T) {
	t.Parallel()
	laughs := "free:\n  - &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'i'; c++ {
		laughs += "  - &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+", ", 8) + "*" + string(c-1) + "]\n"
	}
	for _, c := range []struct{ name, in, want string }{
		{"a billion laughs", laughs, "f.yaml:6: aliases stand for more than 10000 values; write them out"},
		{"an alias inside itself", "free: &a [*a]\n", "f.yaml:1: alias *a contains itself"},
		{"a merge of itself", "lent: &a\n  <<: *a\n", "f.yaml:2: alias *a contains itself"},
		{"a deep nest", "free: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "f.yaml:1: nested deeper than 64 levels"},
		{"one byte above the cap", strings.Repeat("#", MaxSize+1), "f.yaml: larger than 1024 KiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Documents("f.yaml", []byte(c.in))
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := Documents("f.yaml", []byte(strings.Repeat("#", MaxSize))); err != nil {
		t.Errorf("exactly the cap: %v", err)
	}
}

func TestErrorsPrintIsBounded(t *testing.T) {
	t.Parallel()
	err := DecodeStrict("f.yaml", []byte(strings.Repeat("- {}\n", 3)+"-  x\n"), new([]int))
	if n := strings.Count(err.Error(), "\n"); n != 3 {
		t.Errorf("four findings printed on %d lines", n+1)
	}
	err = DecodeStrict("f.yaml", []byte(strings.Repeat("- x\n", 100)), new([]int))
	if !strings.HasSuffix(err.Error(), "\nand 75 more") {
		t.Errorf("hundred findings end in %q", err.Error()[len(err.Error())-40:])
	}
}
