package account

import (
	"strings"
	"unicode"
)

// parseMobile reads an international number: a plus sign and 8 to 15 digits
// (ITU-T E.164 §6.2.1), in any decimal digits, with the usual separators.
// Numbers without a country code are refused rather than completed by a guess.
//
// It knows no numbering plans: the full phone-number library, which knows which
// numbers a country really has and which of them cost money, arrives together
// with sending SMS.
func parseMobile(s string) (Identifier, error) {
	var b strings.Builder
	for _, r := range s {
		digit, isDigit := decimal(r)
		switch {
		case r == '+' && b.Len() == 0:
			b.WriteByte('+')
		case isDigit && b.Len() > 0:
			b.WriteByte('0' + digit)
		case separator(r):
		default:
			return Identifier{}, refused("not an international number")
		}
	}
	key := b.String()
	// "+33 (0)6 …" names no one: the zero is dialled in some countries only.
	if n := len(key) - 1; n < 8 || n > 15 || key[1] == '0' || strings.Contains(s, "(0)") {
		return Identifier{}, refused("not an international number")
	}
	return Identifier{Kind: Mobile, Value: key, Key: key}, nil
}

// separator reports what people and address books put between digits. The
// bidirectional marks come with numbers copied from a contact; none of them
// survives into the key.
func separator(r rune) bool {
	switch r {
	case ' ', '-', '(', ')', '.', '/', '\u2212': // the last is a minus sign
		return true
	case '\u200e', '\u200f', '\u061c':
		return true
	}
	return unicode.Is(unicode.Pd, r) || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// decimal returns the value of a decimal digit of any script. Each range of
// Unicode's Nd is a run of whole decades that starts at a zero.
func decimal(r rune) (byte, bool) {
	if r <= unicode.MaxASCII {
		return byte(r - '0'), '0' <= r && r <= '9'
	}
	for _, g := range unicode.Nd.R16 {
		if rune(g.Lo) <= r && r <= rune(g.Hi) {
			return byte((r - rune(g.Lo)) % 10), true
		}
	}
	for _, g := range unicode.Nd.R32 {
		if rune(g.Lo) <= r && r <= rune(g.Hi) {
			return byte((r - rune(g.Lo)) % 10), true
		}
	}
	return 0, false
}
