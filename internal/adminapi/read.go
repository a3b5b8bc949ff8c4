package adminapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// parameter is one of a query.
type parameter struct {
	name, about string
	required    bool
	oneOf       []string // what it may be; nil: any text
	number      bool
}

const (
	maxLimit     = 200
	defaultLimit = 50
	maxText      = 320  // bytes of a parameter: an e-mail address is the longest
	maxCursor    = 1024 // the longest client_id, sealed
)

// paged are the parameters of every list.
var paged = []parameter{
	{name: "limit", about: "At most so many, 1 to 200; 50 when left out.", number: true},
	{name: "cursor", about: "The member next of the page before. It belongs to the same question."},
}

// values are a query's parameters, checked.
type values map[string]string

// read takes the query and the body of a request apart, and refuses them with
// everything that is wrong: a member or parameter that nobody knows was meant to
// do something (AD3).
func (c *call) read() error {
	list, err := c.readQuery()
	if err != nil {
		return err
	}
	more, err := c.readBody()
	if err != nil {
		return err
	}
	if list = append(list, more...); len(list) > 0 {
		return &web.Refused{Status: http.StatusBadRequest, Code: string(oidc.InvalidRequest), Detail: list.Error(), Err: list}
	}
	return nil
}

func (c *call) readQuery() (findings, error) {
	f, refusal := oidc.ParseForm(c.URL.RawQuery)
	if refusal != nil {
		return nil, refusal
	}
	c.query = values{}
	var list findings
	say := func(name, detail string) { list = append(list, Finding{Parameter: name, Detail: detail}) }
	for _, name := range slices.Sorted(f.Names) {
		i := slices.IndexFunc(c.op.query, func(p parameter) bool { return p.name == name })
		if i < 0 {
			say(shown(name), "is not a parameter of this operation")
			continue
		}
		if len(f.All(name)) > 1 {
			say(name, "was sent more than once")
			continue
		}
		c.query[name] = f.Get(name)
		if wrong := c.op.query[i].wrong(f.Get(name)); wrong != "" {
			say(name, wrong)
		}
	}
	// A program whose variable is empty did not mean everybody.
	raw, _ := url.ParseQuery(c.URL.RawQuery)
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if slices.Contains(raw[name], "") && name != "cursor" {
			say(shown(name), "is empty; leave it out where it does not matter")
		}
	}
	for _, p := range c.op.query {
		if p.required && !f.Has(p.name) && !raw.Has(p.name) {
			say(p.name, "is missing")
		}
	}
	return list, nil
}

// wrong says what is wrong with a parameter's value.
func (p parameter) wrong(v string) string {
	switch {
	case p.number:
		if n, err := strconv.Atoi(v); err != nil || n < 1 || n > maxLimit {
			return "expected a number from 1 to " + strconv.Itoa(maxLimit)
		}
	case p.oneOf != nil:
		if !slices.Contains(p.oneOf, v) {
			return "expected one of " + strings.Join(p.oneOf, ", ")
		}
	case p.name == "cursor":
		if len(v) > maxCursor || !legible(v) {
			return "is not one that this list gave out; begin without it"
		}
	case len(v) > maxText || !legible(v):
		return "expected a text of at most 320 bytes without control characters"
	}
	return ""
}

// legible: what a database may not take is nobody's name.
func legible(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// shown is as much of a name that a stranger chose as an answer repeats.
func shown(name string) string {
	if len(name) > 40 {
		name = name[:40]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, name)
}

// limit is how many a page has.
func (v values) limit() int {
	if n, err := strconv.Atoi(v["limit"]); err == nil {
		return n
	}
	return defaultLimit
}

// readBody: no operation takes a body yet, so each member of one is a finding.
func (c *call) readBody() (findings, error) {
	if c.Body == nil || c.Body == http.NoBody {
		return nil, nil
	}
	body, err := web.ReadBody(c.Request)
	if err != nil || strings.TrimSpace(body) == "" {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &members); err != nil {
		return findings{{Detail: "this operation takes no body"}}, nil
	}
	var list findings
	escape := strings.NewReplacer("~", "~0", "/", "~1") // RFC 6901 §3
	for name := range members {
		list = append(list, Finding{Pointer: "/" + escape.Replace(shown(name)), Detail: "is not a member of this operation"})
	}
	slices.SortFunc(list, func(a, b Finding) int { return strings.Compare(a.Pointer, b.Pointer) })
	return list[:min(len(list), 20)], nil
}
