package i18n

import "strings"

// Bounds of what a browser or an application can make us look at (security row DS8).
const (
	maxTags     = 20   // tags of one list
	maxTagBytes = 35   // the buffer size that RFC 5646 §4.4.1 recommends
	maxListSize = 2048 // bytes of a list
)

// Match finds the first wanted tag that is offered, by RFC 4647 §3.4 lookup:
// each wanted tag in turn is shortened until it is offered (fr-CA, fr), then
// any offered variant of its language will do (fr-BE). Malformed tags and
// "*" are passed over.
func Match(wanted []string, offered []*Locale) (*Locale, bool) {
	for _, w := range wanted[:min(len(wanted), maxTags)] {
		tag, ok := canonical(w)
		if !ok {
			continue
		}
		if l := lookup(tag, offered); l != nil {
			return l, true
		}
	}
	return nil, false
}

func lookup(tag string, offered []*Locale) *Locale {
	for t := tag; t != ""; t = shorten(t) {
		for _, l := range offered {
			if l.tag == t {
				return l
			}
		}
	}
	language := primary(tag)
	if l := variant(language, script(tag), offered); l != nil {
		return l
	}
	if modern := successors[language]; modern != "" {
		return lookup(modern+tag[len(language):], offered)
	}
	return nil
}

// shorten drops the last subtag, and a single-letter subtag before it (RFC 4647 §3.4).
func shorten(tag string) string {
	i := strings.LastIndexByte(tag, '-')
	if i < 0 {
		return ""
	}
	if i >= 2 && tag[i-2] == '-' {
		i -= 2
	}
	return tag[:i]
}

// variant is the first offered locale of the language, the one in the wanted
// script before others: zh-TW is closer to zh-Hant than to zh-Hans.
func variant(language, wantedScript string, offered []*Locale) *Locale {
	var first *Locale
	for _, l := range offered {
		if primary(l.tag) != language {
			continue
		}
		if script(l.tag) == wantedScript {
			return l
		}
		if first == nil {
			first = l
		}
	}
	return first
}

// successors are tags that browsers still send for what is now named
// otherwise, and the macrolanguage of Norwegian.
var successors = map[string]string{"no": "nb", "nn": "nb", "iw": "he", "in": "id"}

// script is the script subtag, or for Chinese the one its region implies.
func script(tag string) string {
	if primary(tag) != "zh" {
		return ""
	}
	for _, sub := range strings.Split(tag, "-")[1:] {
		switch sub {
		case "Hant", "TW", "HK", "MO":
			return "Hant"
		}
	}
	return "Hans"
}

func primary(tag string) string {
	if i := strings.IndexByte(tag, '-'); i >= 0 {
		return tag[:i]
	}
	return tag
}

// canonical checks the form of a tag (RFC 5646 §2.1, without its registry) and
// returns it in canonical case (§2.1.1): fr-ca is fr-CA, zh-hant is zh-Hant.
func canonical(tag string) (string, bool) {
	if len(tag) < 2 || len(tag) > maxTagBytes {
		return "", false
	}
	b := []byte(tag)
	start, private := 0, false
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] != '-' {
			continue
		}
		sub := b[start:i]
		if len(sub) == 0 || len(sub) > 8 || !alphanumeric(sub) {
			return "", false
		}
		switch {
		case start == 0:
			if len(sub) < 2 || !letters(sub) {
				return "", false
			}
			lower(sub)
		case private || len(sub) == 1:
			private = true // extensions and private use stay in lower case
			lower(sub)
		case len(sub) == 2:
			upper(sub)
		case len(sub) == 4 && letters(sub):
			lower(sub)
			upper(sub[:1])
		default:
			lower(sub)
		}
		start = i + 1
	}
	return string(b), true
}

func alphanumeric(b []byte) bool {
	for _, c := range b {
		if !letter(c) && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func letters(b []byte) bool {
	for _, c := range b {
		if !letter(c) {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func lower(b []byte) {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
}

func upper(b []byte) {
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
}
