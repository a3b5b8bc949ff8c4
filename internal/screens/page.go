package screens

import (
	"html/template"
	"math"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/foyer-id/foyer/internal/i18n"
)

// Page is one of the page structs of this package.
type Page interface {
	common() Common
	file() string  // name of its template
	HasForm() bool // decides Referrer-Policy and form-action
}

// Common is what every page has. Its methods are for templates.
type Common struct {
	Base       string // path of the tenant's base without the last slash: "" or "/acme"
	Brand      Brand
	ThemePath  string // ThemePath(ThemeCSS(Brand)); "" for Foyer's own look
	Locale     *i18n.Locale
	Locales    []LocaleChoice // the language menu; fewer than two are not shown
	RequestID  string
	Nonce      string // CSP nonce of the script tag; "" when script-src is 'self'
	PrivacyURL string
	TermsURL   string
}

// LocaleChoice is one entry of the language menu. The menu is one GET form made
// of the first entry's Href, so that a long sealed request is in the page once
// and not once for each language.
type LocaleChoice struct {
	Tag  string // fr
	Name string // Français
	Href string // the same page with the choice, such as "?lang=fr&r=…"
}

func (c Common) common() Common { return c }

// HasForm is false unless a page says otherwise.
func (c Common) HasForm() bool { return false }

// T is a sentence in the page's language.
func (c *Common) T(k i18n.Key, args ...any) string { return c.Locale.T(k, args...) }

// Parts is a sentence whose values the template emphasises.
func (c *Common) Parts(k i18n.Key, args ...any) []i18n.Part { return c.Locale.Parts(k, args...) }

// MenuAction is the path of the language menu's form.
func (c *Common) MenuAction() string {
	path, _, _ := strings.Cut(c.Locales[0].Href, "?")
	return path
}

// MenuParams are the parameters that the language menu keeps.
func (c *Common) MenuParams() []Param {
	_, query, _ := strings.Cut(c.Locales[0].Href, "?")
	var kept []Param
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if name != "" && name != "lang" && nameErr == nil && valueErr == nil {
			kept = append(kept, Param{name, value})
		}
	}
	return kept
}

// Home is the tenant's own page.
func (c *Common) Home() string { return c.Base + "/" }

// Person is whom a page speaks of.
type Person struct {
	Name       string // may be empty
	Identifier string // e-mail address or mobile number
}

// Called is the name, or the identifier of somebody without one.
func (p Person) Called() string {
	if p.Name != "" {
		return p.Name
	}
	return p.Identifier
}

// Initials are the face of a person without a picture: first and last initial,
// one letter only in scripts whose letters join.
func (p Person) Initials() string {
	words := strings.FieldsFunc(p.Called(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.Is(unicode.M, r) })
	if len(words) == 0 {
		return "•"
	}
	first, _ := utf8.DecodeRuneInString(words[0])
	last, _ := utf8.DecodeRuneInString(words[len(words)-1])
	if p.Name == "" || len(words) == 1 || !unicode.In(first, unicode.Latin, unicode.Cyrillic, unicode.Greek) {
		return string(unicode.ToUpper(first))
	}
	return string([]rune{unicode.ToUpper(first), unicode.ToUpper(last)})
}

// Param is one hidden field of a form that posts itself.
type Param struct{ Name, Value string }

// trustedLink is an accepted return address as a link: http, https, and
// private-use schemes, which contain a dot (RFC 8252 §7.1) and which
// html/template would not let through. Anything else is "".
func trustedLink(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	if u.Scheme == "https" || u.Scheme == "http" || strings.Contains(u.Scheme, ".") {
		return template.URL(address) // #nosec G203 -- scheme checked above; still escaped as an attribute
	}
	return ""
}

// hostOf names the destination of a link to a person.
func hostOf(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return ""
	case u.Host == "":
		return u.Scheme
	}
	return u.Host
}

// minutes rounds a wait up, to at least one.
func minutes(wait time.Duration) int { return max(1, int(math.Ceil(wait.Minutes()))) }

// seconds rounds a wait up, to at least one.
func seconds(wait time.Duration) int { return max(1, int(math.Ceil(wait.Seconds()))) }
