package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
)

//go:embed catalogue/*.json
var files embed.FS

// Key names one sentence. The constants are in keys.go.
type Key string

// catalogue is one language, parsed.
type catalogue struct {
	tag      string
	plural   func(uint64) category
	messages map[Key]*message
}

// message is one sentence in its plural forms; without plurals only forms[other] is set.
type message struct {
	forms  [categories]pattern
	plural bool
}

// pattern is a sentence cut at its placeholders.
type pattern []segment

// segment is literal text, or the name of a placeholder.
type segment struct {
	text  string
	holds bool
}

// catalogues returns all languages, sorted by tag. The files are embedded and
// tested, so a broken one cannot reach a release.
var catalogues = sync.OnceValue(func() []*catalogue {
	all, err := loadAll()
	if err != nil {
		panic("i18n: " + err.Error())
	}
	return all
})

func loadAll() ([]*catalogue, error) {
	entries, err := files.ReadDir("catalogue")
	if err != nil {
		return nil, err
	}
	var all []*catalogue
	for _, e := range entries {
		source, err := files.ReadFile("catalogue/" + e.Name())
		if err != nil {
			return nil, err
		}
		c, err := parseCatalogue(strings.TrimSuffix(e.Name(), ".json"), source)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].tag < all[j].tag })
	return all, nil
}

func parseCatalogue(tag string, source []byte) (*catalogue, error) {
	canon, ok := canonical(tag)
	if !ok || canon != tag {
		return nil, fmt.Errorf("%q is not a canonical language tag", tag)
	}
	var raw map[Key]json.RawMessage
	if err := json.Unmarshal(source, &raw); err != nil {
		return nil, err
	}
	c := &catalogue{tag: tag, plural: plurals[primary(tag)], messages: make(map[Key]*message, len(raw))}
	if c.plural == nil {
		c.plural = func(uint64) category { return other }
	}
	for key, value := range raw {
		m, err := parseMessage(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		c.messages[key] = m
	}
	return c, nil
}

func parseMessage(value json.RawMessage) (*message, error) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		p, err := parsePattern(text)
		return &message{forms: [categories]pattern{other: p}}, err
	}
	var forms map[string]string
	if err := json.Unmarshal(value, &forms); err != nil {
		return nil, err
	}
	m := &message{plural: true}
	for name, text := range forms {
		c, known := categoryNames[name]
		if !known {
			return nil, fmt.Errorf("%q is not a plural category", name)
		}
		p, err := parsePattern(text)
		if err != nil {
			return nil, err
		}
		m.forms[c] = p
	}
	if m.forms[other] == nil {
		return nil, fmt.Errorf("no form %q", "other")
	}
	return m, nil
}

func parsePattern(text string) (pattern, error) {
	p := pattern{}
	for text != "" {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			return append(p, segment{text: text}), nil
		}
		if open > 0 {
			p = append(p, segment{text: text[:open]})
		}
		shut := strings.IndexByte(text[open:], '}')
		if shut < 2 {
			return nil, fmt.Errorf("placeholder without name or end in %q", text)
		}
		p = append(p, segment{text: text[open+1 : open+shut], holds: true})
		text = text[open+shut+1:]
	}
	return p, nil
}

// form picks the plural form for n, falling back to "other".
func (m *message) form(c *catalogue, n uint64) pattern {
	if p := m.forms[c.plural(n)]; p != nil {
		return p
	}
	return m.forms[other]
}
