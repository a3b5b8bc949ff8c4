package i18n

import (
	"encoding/json"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func placeholders(p pattern) map[string]bool {
	names := map[string]bool{}
	for _, s := range p {
		if s.holds {
			names[s.text] = true
		}
	}
	return names
}

// used are the plural categories that the numbers of a page, 0 to 999, reach in the language.
func used(c *catalogue) map[category]bool {
	set := map[category]bool{other: true}
	for n := range uint64(1000) {
		set[c.plural(n)] = true
	}
	return set
}

func TestCataloguesAreComplete(t *testing.T) {
	t.Parallel()
	source := english()
	for _, c := range catalogues() {
		if plurals[primary(c.tag)] == nil && len(used(c)) > 1 {
			t.Errorf("%s has no plural rule", c.tag)
		}
		for key, want := range source.messages {
			got := c.messages[key]
			if got == nil {
				t.Errorf("%s: %s is missing", c.tag, key)
				continue
			}
			checkMessage(t, c, key, want, got)
		}
		for key := range c.messages {
			if source.messages[key] == nil {
				t.Errorf("%s: %s is not in en.json", c.tag, key)
			}
		}
	}
}

func checkMessage(t *testing.T, c *catalogue, key Key, want, got *message) {
	t.Helper()
	if want.plural != got.plural && len(used(c)) > 1 {
		t.Errorf("%s: %s: plural in one language only", c.tag, key)
	}
	allowed := placeholders(want.forms[other])
	if diff := cmp.Diff(allowed, placeholders(got.forms[other])); diff != "" {
		t.Errorf("%s: %s: placeholders (-en +%s): %s", c.tag, key, c.tag, diff)
	}
	for i, p := range got.forms {
		if got.plural && p == nil && used(c)[category(i)] {
			t.Errorf("%s: %s: a plural form is missing (category %d)", c.tag, key, i)
		}
		for name := range placeholders(p) {
			if !allowed[name] {
				t.Errorf("%s: %s: unknown placeholder {%s}", c.tag, key, name)
			}
		}
		checkText(t, c.tag, key, p)
	}
}

// checkText refuses what would be markup or a slip of the typewriter.
func checkText(t *testing.T, tag string, key Key, p pattern) {
	t.Helper()
	for _, s := range p {
		if s.holds {
			continue
		}
		if strings.ContainsAny(s.text, "<>&'\"") || strings.Contains(s.text, "  ") {
			t.Errorf("%s: %s: straight quote, markup or double space in %q", tag, key, s.text)
		}
		for _, mark := range []string{" :", " ;", " ?", " !"} {
			if tag == "fr" && strings.Contains(s.text, mark) {
				t.Errorf("fr: %s: breaking space before %q", key, mark)
			}
		}
	}
}

func TestCatalogueFilesHaveNoDoubleKeys(t *testing.T) {
	t.Parallel()
	for _, c := range catalogues() {
		source, err := files.ReadFile("catalogue/" + c.tag + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for line := range strings.Lines(string(source)) {
			if key, _, ok := strings.Cut(strings.TrimSpace(line), `":`); ok && strings.Contains(key, ".") {
				keys = append(keys, key)
			}
		}
		sort.Strings(keys)
		for i := 1; i < len(keys); i++ {
			if keys[i] == keys[i-1] {
				t.Errorf("%s.json: %s\" twice", c.tag, keys[i])
			}
		}
	}
}

func TestParseCatalogueRefuses(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"no JSON":                `{`,
		"a number":               `{"a": 1}`,
		"an unknown category":    `{"a": {"several": "x", "other": "y"}}`,
		"no other form":          `{"a": {"one": "x"}}`,
		"an open placeholder":    `{"a": "x {n"}`,
		"an empty placeholder":   `{"a": "x {}"}`,
		"a bad form of a plural": `{"a": {"other": "{"}}`,
	} {
		if _, err := parseCatalogue("en", []byte(source)); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := parseCatalogue("EN", []byte(`{}`)); err == nil {
		t.Error("a tag that is not canonical was accepted")
	}
}

func TestPluralsFollowCLDR(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/plurals.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors map[string]map[string][]uint64
	if err := json.Unmarshal(source, &vectors); err != nil {
		t.Fatal(err)
	}
	for tag, forms := range vectors {
		rule := plurals[primary(tag)]
		if rule == nil {
			rule = func(uint64) category { return other }
		}
		for name, numbers := range forms {
			for _, n := range numbers {
				if got := rule(n); got != categoryNames[name] {
					t.Errorf("%s: %d is category %d, CLDR says %s", tag, n, got, name)
				}
			}
		}
	}
}
