package session

import "strings"

// IsSID tells whether s has the form of a sid: what has not is nobody's and need
// not be looked up.
func IsSID(s string) bool {
	const chars = (sidBytes*8 + 5) / 6 // of base64url
	return len(s) == chars && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// clip is what is kept of a text from outside: at most n bytes of it that are
// UTF-8 without NUL, because a header may be anything and a database may not
// take it.
func clip(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
