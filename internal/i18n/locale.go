package i18n

import (
	"fmt"
	"strconv"
	"strings"
)

// Locale is one language that a tenant offers, perhaps with a region
// ("en-US"). It is immutable and safe for concurrent use.
type Locale struct {
	tag string
	dir string
	cat *catalogue
}

// Tag is the BCP 47 tag in canonical case, for lang attributes and cookies.
func (l *Locale) Tag() string { return l.tag }

// Dir is "ltr" or "rtl".
func (l *Locale) Dir() string { return l.dir }

// Name is the language's own name, such as "Français".
func (l *Locale) Name() string { return l.T(LanguageName) }

// T returns the sentence with its {placeholders} replaced. args are
// alternating names and values; the value named "n", an integer, picks the
// plural form. The result is plain text. A key that does not exist comes back
// as itself (typed keys and the catalogue test make that unreachable).
func (l *Locale) T(k Key, args ...any) string {
	p := l.pattern(k, args)
	if len(p) == 1 && !p[0].holds {
		return p[0].text
	}
	var b strings.Builder
	for _, s := range p {
		b.WriteString(s.value(args))
	}
	return b.String()
}

// Language is the tag of the catalogue, "en" for the locale "en-US": locales of
// one language say the same.
func (l *Locale) Language() string { return l.cat.tag }

// Fixed is the sentence when it is always the same: neither values nor plural.
func (l *Locale) Fixed(k Key) (string, bool) {
	m := l.cat.messages[k]
	if m == nil || m.plural || len(m.forms[other]) != 1 || m.forms[other][0].holds {
		return "", false
	}
	return m.forms[other][0].text, true
}

// Part is a piece of a sentence: its own words, or the value of a placeholder
// (Arg true), which a template may emphasise or isolate.
type Part struct {
	Text string
	Arg  bool
}

// Parts is T cut at the placeholders, so that a template can mark values up
// without markup in catalogues.
func (l *Locale) Parts(k Key, args ...any) []Part {
	p := l.pattern(k, args)
	parts := make([]Part, len(p))
	for i, s := range p {
		parts[i] = Part{Text: s.value(args), Arg: s.holds}
	}
	return parts
}

// Has says whether the key exists. Templates are checked with it when loaded.
func Has(k Key) bool {
	_, ok := english().messages[k]
	return ok
}

func english() *catalogue {
	for _, c := range catalogues() {
		if c.tag == "en" {
			return c
		}
	}
	return catalogues()[0]
}

func (l *Locale) pattern(k Key, args []any) pattern {
	m := l.cat.messages[k]
	if m == nil {
		return pattern{{text: string(k)}}
	}
	if !m.plural {
		return m.forms[other]
	}
	return m.form(l.cat, count(args))
}

// count is the value named "n"; 0 when it is absent, and its absolute value when negative.
func count(args []any) uint64 {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != "n" {
			continue
		}
		switch n := args[i+1].(type) {
		case int:
			return uint64(max(n, -n))
		case int64:
			return uint64(max(n, -n))
		}
	}
	return 0
}

// value is the literal text, or the argument of that name, or "{name}" when it was not given.
func (s segment) value(args []any) string {
	if !s.holds {
		return s.text
	}
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] != s.text {
			continue
		}
		switch v := args[i+1].(type) {
		case string:
			return v
		case int:
			return strconv.Itoa(v)
		default:
			return fmt.Sprint(v)
		}
	}
	return "{" + s.text + "}"
}

// Offered returns the locales of a tenant: those of its list for which there
// is a catalogue, in its order, with their region kept ("en-US" is served by
// en). An empty list means every language; the result is never empty.
func Offered(tenantLocales []string) []*Locale {
	every := make([]*Locale, 0, len(catalogues()))
	for _, c := range catalogues() {
		every = append(every, newLocale(c.tag, c))
	}
	var offered []*Locale
	seen := map[string]bool{}
	for _, wanted := range tenantLocales {
		tag, ok := canonical(wanted)
		if !ok || seen[tag] {
			continue
		}
		if l, found := Match([]string{tag}, every); found {
			seen[tag] = true
			offered = append(offered, newLocale(tag, l.cat))
		}
	}
	switch {
	case len(offered) > 0:
		return offered
	case len(tenantLocales) == 0:
		return every
	}
	return []*Locale{newLocale("en", english())}
}

func newLocale(tag string, c *catalogue) *Locale {
	dir := "ltr"
	if rightToLeft[primary(tag)] {
		dir = "rtl"
	}
	return &Locale{tag: tag, dir: dir, cat: c}
}
