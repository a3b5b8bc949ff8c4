package sqlstore

import "strings"

// splitSQL cuts a migration into its statements: at each ; that is outside
// quotes and comments. Pieces without a statement are left out.
func splitSQL(text string) []string {
	var out []string
	start, blank := 0, true // blank: only space and comments since start
	for i := 0; i < len(text); {
		n := 1
		switch c := text[i]; {
		case c == ';':
			if !blank {
				out = append(out, strings.TrimSpace(text[start:i]))
			}
			start, blank = i+1, true
		case strings.HasPrefix(text[i:], "--"):
			n = span(text[i:], 2, "\n")
		case strings.HasPrefix(text[i:], "/*"):
			n = span(text[i:], 2, "*/")
		case c == '\'' || c == '"': // a doubled quote reads as two literals
			n, blank = span(text[i:], 1, string(c)), false
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			blank = false
		}
		i += n
	}
	if !blank {
		out = append(out, strings.TrimSpace(text[start:]))
	}
	return out
}

// span is the length of the piece of s that begins with skip bytes and ends
// after the next end, or with s.
func span(s string, skip int, end string) int {
	i := strings.Index(s[skip:], end)
	if i < 0 {
		return len(s)
	}
	return skip + i + len(end)
}
