package sqlstore

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/grant"
	sess "github.com/foyer-id/foyer/internal/session"
)

// readSpec reads what json.Marshal made of a grant.Spec. Each use of a token
// does, and the general decoder took a tenth of the time of a userinfo request:
// so the form in which nearly all are is read here, and any other by it.
func readSpec(text string, to *grant.Spec) error {
	var s grant.Spec
	if r := (specReader{rest: text}); r.spec(&s) {
		*to = s
		return nil
	}
	return json.Unmarshal([]byte(text), to)
}

// readProfile does the same for a person's profile.
func readProfile(text string, to *account.Profile) error {
	var p account.Profile
	if r := (specReader{rest: text}); r.profile(&p) {
		*to = p
		return nil
	}
	return json.Unmarshal([]byte(text), to)
}

// specReader takes a compact object apart. It knows members, plain texts, lists
// of them, numbers and booleans; at anything else it gives up.
type specReader struct {
	rest string
	lost bool
}

// spec reports whether all of it was understood.
func (r *specReader) spec(s *grant.Spec) bool {
	r.take("{")
	for first := true; !r.lost && !r.took("}"); first = false {
		if !first {
			r.take(",")
		}
		name := r.text()
		r.take(":")
		r.member(name, s)
	}
	return !r.lost && r.rest == ""
}

func (r *specReader) member(name string, s *grant.Spec) {
	switch name {
	case "sid":
		s.SID = r.text()
	case "redirect_uri":
		s.RedirectURI = r.text()
	case "code_challenge":
		s.CodeChallenge = r.text()
	case "nonce":
		s.Nonce = r.text()
	case "scope":
		s.Scope = r.texts()
	case "resource":
		s.Resource = r.texts()
	case "auth_time":
		s.AuthTime = r.number()
	case "level":
		s.Level = sess.Level(r.number())
	case "amr":
		s.AMR = r.texts()
	case "offline":
		s.Offline = r.boolean()
	default: // claims, and what later releases add
		r.lost = true
	}
}

// profile reads one that has claims alone, each of them once.
func (r *specReader) profile(p *account.Profile) bool {
	r.take(`{"claims":{`)
	p.Claims = make(map[string]string, 4)
	for first := true; !r.lost && !r.took("}"); first = false {
		if !first {
			r.take(",")
		}
		name := r.text()
		r.take(":")
		p.Claims[name] = r.text()
	}
	r.take("}")
	return !r.lost && r.rest == ""
}

// took takes a prefix away, if it is there.
func (r *specReader) took(prefix string) bool {
	rest, ok := strings.CutPrefix(r.rest, prefix)
	r.rest = rest
	return ok
}

func (r *specReader) take(prefix string) {
	if !r.took(prefix) {
		r.lost = true
	}
}

// text is a string without escapes, in ASCII.
func (r *specReader) text() string {
	r.take(`"`)
	for i := range len(r.rest) {
		switch c := r.rest[i]; {
		case c == '"':
			text := r.rest[:i]
			r.rest = r.rest[i+1:]
			return text
		case c == '\\' || c < ' ' || c > '~':
			r.lost = true
			return ""
		}
	}
	r.lost = true
	return ""
}

func (r *specReader) texts() []string {
	if r.took("null") {
		return nil
	}
	r.take("[")
	list := make([]string, 0, 4)
	for first := true; !r.lost && !r.took("]"); first = false {
		if !first {
			r.take(",")
		}
		list = append(list, r.text())
	}
	return list
}

func (r *specReader) number() int64 {
	end := strings.IndexAny(r.rest, ",}")
	if end < 0 {
		r.lost = true
		return 0
	}
	digits := r.rest[:end]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != digits { // JSON has no "+1" and no "01"
		r.lost = true
	}
	r.rest = r.rest[end:]
	return n
}

func (r *specReader) boolean() bool {
	if r.took("true") {
		return true
	}
	r.take("false")
	return false
}
