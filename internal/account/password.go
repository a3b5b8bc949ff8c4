package account

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxPassword is the longest password looked at, in bytes as sent. Longer ones
// are refused before normalising or hashing (DS2).
const MaxPassword = 1024

// ErrPasswordTooLong says that a password is over MaxPassword. At sign-in it
// is a wrong password like any other.
var ErrPasswordTooLong = errors.New("account: password over 1024 bytes")

// Policy is what a tenant asks of a new password.
type Policy struct {
	// MinLength is in Unicode code points after NFC: 15 where the password is
	// the only factor, 8 beside a second step (NIST SP 800-63B-4 §3.1.1.2).
	MinLength int
}

// Problem is why a new password is refused, as a key for the text catalogue.
type Problem string

// The problems CheckNew finds.
const (
	TooShort    Problem = "too_short"
	TooLong     Problem = "too_long"
	NotText     Problem = "not_text"     // not UTF-8
	CommonWord  Problem = "common"       // on the list of common and breached passwords, or a mere run or repeat
	ContextWord Problem = "context_word" // little more than a name the attacker knows
)

// CheckNew returns what is wrong with pw as a new password, or nil. Any
// character counts, spaces, emoji and NUL too, and no mixture of kinds is
// asked for. The context is what an attacker would try first: the product's
// and the tenant's names, the e-mail address, the person's names.
func CheckNew(pw string, p Policy, context ...string) []Problem {
	if len(pw) > MaxPassword {
		return []Problem{TooLong}
	}
	if !utf8.ValidString(pw) {
		return []Problem{NotText}
	}
	pw = norm.NFC.String(pw)
	var found []Problem
	if utf8.RuneCountInString(pw) < p.MinLength {
		found = append(found, TooShort)
	}
	if isCommon(pw) {
		found = append(found, CommonWord)
	}
	if isContext(pw, context) {
		found = append(found, ContextWord)
	}
	return found
}

// normalize returns the bytes that are hashed: NFC, so that a password typed
// on another keyboard is the same password, and never truncated.
func normalize(pw string) ([]byte, error) {
	if len(pw) > MaxPassword {
		return nil, ErrPasswordTooLong
	}
	return norm.NFC.Bytes([]byte(pw)), nil
}

// isCommon reports that pw is on the list, or is a listed password repeated or
// with a short or counting tail ("Password2026!", "password123456789"): with a
// minimum of 15 characters that is what the list's entries turn into.
func isCommon(pw string) bool {
	low := strings.ToLower(pw)
	if listed(pw) || listed(low) || isRun(low) {
		return true
	}
	if unit := repeated(low); unit != low && (listed(unit) || utf8.RuneCountInString(unit) <= 4) {
		return true
	}
	core := strings.TrimRightFunc(low, func(r rune) bool { return !unicode.IsLetter(r) })
	tail := strings.TrimFunc(low[len(core):], func(r rune) bool { return !unicode.IsDigit(r) })
	short := utf8.RuneCountInString(tail) <= 4 || isRun(tail)
	return short && utf8.RuneCountInString(core) >= 4 && listed(repeated(core))
}

// isRun reports that each character follows its neighbour by the same step of
// -1, 0 or 1, as in "aaaaaaaa", "abcdefgh" and "1234567890123".
func isRun(s string) bool {
	runes := []rune(s)
	if len(runes) < 3 {
		return false
	}
	for _, step := range []rune{-1, 0, 1} {
		same := true
		for i := 1; i < len(runes) && same; i++ {
			d := runes[i] - runes[i-1]
			wraps := runes[i-1] == '9' && runes[i] == '0' && step == 1 ||
				runes[i-1] == '0' && runes[i] == '9' && step == -1
			same = d == step || wraps
		}
		if same {
			return true
		}
	}
	return false
}

// repeated returns the shortest unit that s repeats throughout, or s itself.
func repeated(s string) string {
	if s == "" {
		return s
	}
	// The first place where s occurs again in its own double is its period.
	n := strings.Index((s + s)[1:], s) + 1
	return s[:n]
}

// isContext reports that pw is essentially context words: when their letters
// are taken out, at most four characters or only digits remain.
func isContext(pw string, context []string) bool {
	rest := lettersAndDigits(fold(pw))
	before := len(rest)
	for _, w := range contextWords(context) {
		rest = strings.ReplaceAll(rest, w, "")
	}
	if len(rest) == before {
		return false
	}
	onlyDigits := strings.TrimFunc(rest, unicode.IsDigit) == ""
	return onlyDigits || utf8.RuneCountInString(rest) <= 4
}

// contextWords returns each context text whole and in its parts, folded, those
// under three characters left out.
func contextWords(context []string) []string {
	var words []string
	for _, c := range context {
		c = fold(c)
		parts := strings.FieldsFunc(c, func(r rune) bool { return !wordRune(r) })
		for _, w := range append([]string{lettersAndDigits(c)}, parts...) {
			if utf8.RuneCountInString(w) >= 3 {
				words = append(words, w)
			}
		}
	}
	return words
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

func lettersAndDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if wordRune(r) {
			return r
		}
		return -1
	}, s)
}
