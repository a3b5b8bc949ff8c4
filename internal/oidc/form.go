package oidc

import (
	"maps"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Limits of a request's parameters (DS1): counts and bytes.
const (
	MaxParams    = 100
	MaxValue     = 8 << 10
	MaxState     = 2 << 10 // also nonce
	MaxRequestID = 6 << 10 // a sealed request (spec/sign-in.md §1)
)

// Form is a request's parameters after the checks that every endpoint shares.
// An empty value is absent (spec/sign-in.md §1).
type Form struct {
	values   map[string][]string
	repeated string
}

// repeatable names the parameters that may occur several times.
var repeatable = map[string]bool{"resource": true, "audience": true} // RFC 8707 §2, RFC 8693 §2.1

// Repeatable tells whether a parameter may occur several times.
func Repeatable(name string) bool { return repeatable[name] }

// ParseForm reads query strings and urlencoded bodies, in order. Repetition is
// remembered, not refused yet: the door decides where the error goes.
func ParseForm(encoded ...string) (Form, *Error) {
	f := Form{values: map[string][]string{}}
	n := 0
	for _, enc := range encoded {
		for enc != "" {
			var pair string
			pair, enc, _ = strings.Cut(enc, "&")
			if pair == "" {
				continue
			}
			if n++; n > MaxParams {
				return Form{}, Refuse(InvalidRequest, "Foyer DS1", "the request has more than 100 parameters")
			}
			if err := f.add(pair); err != nil {
				return Form{}, err
			}
		}
	}
	return f, nil
}

func (f *Form) add(pair string) *Error {
	k, v, _ := strings.Cut(pair, "=")
	k, err1 := url.QueryUnescape(k)
	v, err2 := url.QueryUnescape(v)
	if err1 != nil || err2 != nil || !utf8.ValidString(k) || !utf8.ValidString(v) {
		return Refuse(InvalidRequest, "RFC 6749 App. B", "a parameter is not valid application/x-www-form-urlencoded UTF-8")
	}
	if len(v) > MaxValue {
		return Refuse(InvalidRequest, "Foyer DS1", "a parameter is longer than 8 KiB")
	}
	if v == "" {
		return nil // RFC 6749 §3.1: without a value is as if omitted
	}
	if len(f.values[k]) > 0 && !repeatable[k] && f.repeated == "" {
		f.repeated = k
	}
	f.values[k] = append(f.values[k], v)
	return nil
}

// FormOf makes a Form of single values; parameters of request objects and
// stored requests come this way.
func FormOf(values map[string]string) Form {
	f := Form{values: make(map[string][]string, len(values))}
	for k, v := range values {
		if v != "" {
			f.values[k] = []string{v}
		}
	}
	return f
}

// Get returns a parameter's first value, "" when absent.
func (f Form) Get(name string) string {
	if v := f.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// All returns every value of a repeatable parameter.
func (f Form) All(name string) []string { return f.values[name] }

// Has tells whether a parameter is present with a value.
func (f Form) Has(name string) bool { return len(f.values[name]) > 0 }

// Names calls yield for each parameter present.
func (f Form) Names(yield func(string) bool) {
	for k := range f.values {
		if !yield(k) {
			return
		}
	}
}

// Repeated returns the refusal for a parameter sent more than once, or nil.
func (f Form) Repeated() *Error {
	if f.repeated == "" {
		return nil
	}
	return Refuse(InvalidRequest, "RFC 6749 §3.1", "the parameter "+printable(f.repeated)+" was sent more than once; send it once")
}

// Encode returns the parameters in a canonical encoding (sorted by name).
func (f Form) Encode() string { return url.Values(f.values).Encode() }

// printable keeps what an error description may contain (RFC 6749 §5.2:
// %x20-21 / %x23-5B / %x5D-7E), at most 60 characters.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= 60 {
			break
		}
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Fields splits a space separated list without duplicates, order kept, in time
// linear in len(s) (DS8).
func Fields(s string) []string {
	var out []string
	var seen map[string]bool // only for lists that nobody honest sends
	for w := range strings.SplitSeq(s, " ") {
		switch {
		case w == "" || seen[w] || seen == nil && contains(out, w):
			continue
		case seen != nil:
			seen[w] = true
		case len(out) == fewFields:
			seen = map[string]bool{w: true}
			for _, x := range out {
				seen[x] = true
			}
		}
		out = append(out, w)
	}
	return out
}

// fewFields is how many words are compared one by one.
const fewFields = 32

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// BadRequestObject stands in the place of a request object that did not verify.
const BadRequestObject = "invalid"

// With returns a copy of f in which name has the one value v; "" removes it.
func (f Form) With(name, v string) Form {
	out := Form{values: make(map[string][]string, len(f.values)+1), repeated: f.repeated}
	maps.Copy(out.values, f.values)
	delete(out.values, name)
	if v != "" {
		out.values[name] = []string{v}
	}
	return out
}
