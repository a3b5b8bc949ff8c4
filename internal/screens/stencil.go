package screens

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/foyer-id/foyer/internal/i18n"
)

// A template costs a hundred times what copying its result does, and the pages
// that everybody sees differ from person to person in three words: the nonce,
// the request's id and the sealed request. A stencil is such a page as it was
// rendered once, cut at these words.
//
// What is the same is not listed here but found: the key of a stencil is every
// field of the page, the three words taken out wherever they stand. A field that
// is added to a page is part of the key by itself. And a stencil is used only
// after a second page with other words, rendered in full, came out as the stencil
// would have made it: so no word of one person is left in the page of another.

// repeating is a page that is worth a stencil when repeats says so: nothing in
// it was typed by anybody or is about anybody.
type repeating interface {
	repeats() bool
	sealed() string // the request that the page is about, "" for none
}

// maxStencils bounds what is kept: some 3 KiB for each client and language.
const maxStencils = 512

// stencil is text, word, text, word … text. It does not change.
type stencil struct {
	text  [][]byte
	words []int    // which of the words stands after each text but the last
	size  int      // of all texts
	from  []string // the words it was cut at; nil once it has been proved
}

type stencils struct {
	mu    sync.RWMutex
	known map[string]*stencil
	keys  sync.Pool // of *[]byte
}

// render appends the page to b, by its stencil where there is one or can be.
func (s *stencils) render(b *bytes.Buffer, p Page, full func(*bytes.Buffer) error) error {
	words, ok := wordsOf(p)
	if !ok {
		return full(b)
	}
	held, _ := s.keys.Get().(*[]byte)
	if held == nil {
		held = new([]byte)
	}
	defer s.keys.Put(held)
	key, ok := appendKey((*held)[:0], reflect.ValueOf(p), words)
	*held = key
	if !ok {
		return full(b)
	}
	s.mu.RLock()
	st := s.known[string(key)]
	s.mu.RUnlock()
	if st != nil && st.from == nil {
		st.fill(b, words)
		return nil
	}
	if err := full(b); err != nil {
		return err
	}
	s.learn(string(key), st, b.Bytes(), words)
	return nil
}

// learn keeps the stencil of a page that was rendered in full, as proved if the
// one before it says the same.
func (s *stencils) learn(key string, before *stencil, page []byte, words []string) {
	st := cut(page, words)
	if before != nil {
		for i, w := range before.from {
			if w == words[i] {
				return // says nothing: the same request again
			}
		}
		var b bytes.Buffer
		if before.fill(&b, words); bytes.Equal(b.Bytes(), page) {
			st.from = nil
		}
	}
	s.keep(key, st)
}

func (s *stencils) keep(key string, st *stencil) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]*stencil{}
	}
	for old := range s.known {
		if len(s.known) < maxStencils {
			break
		}
		delete(s.known, old) // any one
	}
	s.known[key] = st
}

// wordsOf returns what differs in every rendering of the page; not ok when it
// has no stencil.
func wordsOf(p Page) (words []string, ok bool) {
	r, ok := p.(repeating)
	if !ok || !r.repeats() {
		return nil, false
	}
	c := p.common()
	for _, w := range []string{c.Nonce, c.RequestID, r.sealed()} {
		if w == "" {
			continue
		}
		// Short of that a word could also stand somewhere by chance. Any other
		// character could be escaped, and be another word in the page.
		if len(w) < 12 || strings.ContainsFunc(w, func(c rune) bool { return !plain(c) }) {
			return nil, false
		}
		words = append(words, w)
	}
	return words, true
}

// plain characters are written as they are in text, attributes and addresses.
func plain(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

var localeType = reflect.TypeFor[*i18n.Locale]()

// appendKey appends a value and all that it holds; not ok for kinds that no key
// can be made of.
func appendKey(k []byte, v reflect.Value, words []string) (_ []byte, ok bool) {
	switch v.Kind() {
	case reflect.String:
		return appendText(k, v.String(), words), true
	case reflect.Bool:
		if v.Bool() {
			return append(k, 1), true
		}
		return append(k, 0), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return binary.AppendVarint(k, v.Int()), true
	case reflect.Slice:
		k, ok = binary.AppendUvarint(k, uint64(v.Len())), true
		for i := 0; ok && i < v.Len(); i++ {
			k, ok = appendKey(k, v.Index(i), words)
		}
		return k, ok
	case reflect.Struct:
		ok = true
		for i := 0; ok && i < v.NumField(); i++ {
			k, ok = appendKey(k, v.Field(i), words)
		}
		return k, ok
	case reflect.Pointer:
		return appendPointer(k, v, words)
	}
	return k, false
}

// appendPointer: of a locale the tag says everything.
func appendPointer(k []byte, v reflect.Value, words []string) ([]byte, bool) {
	if v.IsNil() {
		return append(k, 0), true
	}
	k = append(k, 1)
	if v.Type() != localeType {
		return appendKey(k, v.Elem(), words)
	}
	if !v.CanInterface() {
		return k, false
	}
	return appendText(k, v.Interface().(*i18n.Locale).Tag(), nil), true
}

// appendText appends the text between the words, each with its length, and
// which word follows.
func appendText(k []byte, s string, words []string) []byte {
	for {
		at, which := next(s, words)
		if at < 0 {
			k = binary.AppendUvarint(k, uint64(len(s)))
			return append(append(k, s...), 0)
		}
		k = binary.AppendUvarint(k, uint64(at))
		k = append(append(k, s[:at]...), byte(which+1))
		s = s[at+len(words[which]):]
	}
}

// next finds the first of the words in s.
func next(s string, words []string) (at, which int) {
	at = -1
	for i, w := range words {
		if len(w) > len(s) {
			continue
		}
		if n := strings.Index(s, w); n >= 0 && (at < 0 || n < at) {
			at, which = n, i
		}
	}
	return at, which
}

// cut makes the stencil of a page that was rendered with these words.
func cut(page []byte, words []string) *stencil {
	st := &stencil{from: slices.Clone(words)}
	rest := string(page)
	for {
		at, which := next(rest, words)
		if at < 0 {
			st.text = append(st.text, []byte(rest))
			st.size += len(rest)
			return st
		}
		st.text, st.words = append(st.text, []byte(rest[:at])), append(st.words, which)
		st.size += at
		rest = rest[at+len(words[which]):]
	}
}

// fill appends the page with these words.
func (st *stencil) fill(b *bytes.Buffer, words []string) {
	size := st.size
	for _, w := range st.words {
		size += len(words[w])
	}
	b.Grow(size)
	for i, text := range st.text {
		b.Write(text)
		if i < len(st.words) {
			b.WriteString(words[st.words[i]])
		}
	}
}
