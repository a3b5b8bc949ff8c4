package token

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a JSON document inside a token (DS7).
const (
	maxDepth   = 16
	maxMembers = 500 // over all objects
)

var (
	errNotJSON   = errors.New("not a JSON object in UTF-8")
	errDuplicate = errors.New("a member occurs twice")
	errTooMuch   = errors.New("nested too deeply or too many members")
	errType      = errors.New("a member has the wrong type")
)

// members reads a JSON object, names as they are spelled: encoding/json alone
// would let "ISS" stand for "iss" and the last of two members win. Duplicates
// at any depth are refused (KJ3, RFC 7515 §4).
func members(data []byte) (map[string]json.RawMessage, error) {
	data = bytes.Trim(data, " \t\r\n")
	if !utf8.Valid(data) || !json.Valid(data) || data[0] != '{' {
		return nil, errNotJSON
	}
	s := scanner{data: data}
	return s.object(1)
}

// scanner walks JSON that is known to be valid, so it looks only for structure.
type scanner struct {
	data    []byte
	at      int
	members int
}

// space goes to the next byte that is not white space and returns it.
func (s *scanner) space() byte {
	for s.data[s.at] == ' ' || s.data[s.at] == '\t' || s.data[s.at] == '\r' || s.data[s.at] == '\n' {
		s.at++
	}
	return s.data[s.at]
}

// object reads the object that begins here and stops after it.
func (s *scanner) object(depth int) (map[string]json.RawMessage, error) {
	m := make(map[string]json.RawMessage, 16)
	s.at++ // {
	for s.space() != '}' {
		if s.data[s.at] == ',' {
			s.at++
			s.space()
		}
		name, err := s.name()
		if err != nil {
			return nil, err
		}
		if _, twice := m[name]; twice {
			return nil, errDuplicate
		}
		if s.members++; s.members > maxMembers {
			return nil, errTooMuch
		}
		s.space()
		s.at++ // :
		s.space()
		start := s.at
		if err := s.value(depth); err != nil {
			return nil, err
		}
		m[name] = s.data[start:s.at]
	}
	s.at++
	return m, nil
}

// value goes to the end of the value that begins here.
func (s *scanner) value(depth int) error {
	if depth >= maxDepth {
		return errTooMuch
	}
	switch s.data[s.at] {
	case '{':
		_, err := s.object(depth + 1)
		return err
	case '[':
		s.at++
		for s.space() != ']' {
			if s.data[s.at] == ',' {
				s.at++
				s.space()
			}
			if err := s.value(depth + 1); err != nil {
				return err
			}
		}
		s.at++
	case '"':
		s.text()
	default: // number, true, false, null
		for s.at < len(s.data) && strings.IndexByte(",]} \t\r\n", s.data[s.at]) < 0 {
			s.at++
		}
	}
	return nil
}

// text goes to the end of a string.
func (s *scanner) text() {
	for s.at++; s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// name reads a member's name; escapes are resolved, so that no spelling hides a
// duplicate.
func (s *scanner) name() (string, error) {
	start := s.at
	s.text()
	quoted := s.data[start:s.at]
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var name string
	err := json.Unmarshal(quoted, &name)
	return name, err
}

// claims reads members by exact name and type; err is the first thing wrong.
type claims struct {
	m   map[string]json.RawMessage
	err error
}

func (c *claims) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// text returns a string, "" when absent.
func (c *claims) text(name string) string {
	raw, ok := c.m[name]
	if !ok {
		return ""
	}
	if raw[0] != '"' {
		c.fail(errType)
		return ""
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	c.fail(json.Unmarshal(raw, &s))
	return s
}

// list returns an array of strings, or a string as a list of one; nil when
// absent.
func (c *claims) list(name string) []string {
	raw, ok := c.m[name]
	switch {
	case !ok:
		return nil
	case raw[0] == '"':
		return []string{c.text(name)}
	case raw[0] != '[' || bytes.Contains(raw, []byte("null")) && hasNull(raw):
		c.fail(errType)
		return nil
	}
	var list []string
	c.fail(json.Unmarshal(raw, &list))
	return list
}

// hasNull tells whether an array has a null, which encoding/json would read as
// an empty string.
func hasNull(raw json.RawMessage) bool {
	var list []any
	err := json.Unmarshal(raw, &list)
	for _, v := range list {
		if v == nil {
			return true
		}
	}
	return err != nil
}

// date returns a NumericDate in whole seconds (RFC 7519 §2), 0 when absent.
func (c *claims) date(name string) int64 {
	raw, ok := c.m[name]
	if !ok {
		return 0
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil && n > 0 && n < 1<<40 {
		return n
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f < 1 || f >= 1<<40 {
		c.fail(errType)
		return 0
	}
	return int64(math.Floor(f))
}

// object returns a nested object, nil when absent.
func (c *claims) object(name string) *claims {
	raw, ok := c.m[name]
	if !ok {
		return nil
	}
	m, err := members(raw)
	c.fail(err)
	return &claims{m: m}
}
