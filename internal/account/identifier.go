package account

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Kind says what sort of identifier a person signs in with.
type Kind string

// The kinds of identifier.
const (
	Email  Kind = "email"
	Mobile Kind = "mobile"
)

// ErrIdentifier says that the text is not an identifier of an allowed kind.
// Its wrapping text is for logs and names no part of the input.
var ErrIdentifier = errors.New("account: not an identifier of an allowed kind")

// Identifier is an address that names an account.
//
// Value is what is shown, put into claims and sent to. Key is what is compared:
// lookup, uniqueness and throttling all use Key and nothing else, so two texts
// name the same account exactly when their keys are equal (RE12). Mail and SMS
// go to the Value that was stored, never to what was typed in a later form.
type Identifier struct {
	Kind  Kind
	Value string // e-mail: trimmed, NFKC, case kept; mobile: the same as Key
	Key   string // e-mail: folded local part @ ASCII domain; mobile: E.164
}

const (
	maxTyped = 1024 // bytes looked at, before any other work
	maxEmail = 254  // bytes, RFC 5321 §4.5.3.1.3 less the angle brackets
	maxLocal = 64   // bytes, RFC 5321 §4.5.3.1.1
)

// ParseIdentifier reads what a person typed as one of the allowed kinds, and
// canonicalises it once; parsing a Value or a Key again gives the same Key.
// The error is ErrIdentifier, wrapped with the reason.
func ParseIdentifier(s string, allowed []Kind) (Identifier, error) {
	if len(s) > maxTyped {
		return Identifier{}, refused("too long")
	}
	if !utf8.ValidString(s) {
		return Identifier{}, refused("not UTF-8")
	}
	// NFKC before anything is looked at: full-width keyboards give ＠ and ＋,
	// and a compatibility form of an address must not be a second address.
	s = strings.TrimFunc(norm.NFKC.String(s), unicode.IsSpace)
	kind := Mobile
	if strings.Contains(s, "@") {
		kind = Email
	}
	if !slices.Contains(allowed, kind) {
		return Identifier{}, refused("kind not allowed")
	}
	if kind == Email {
		return parseEmail(s)
	}
	return parseMobile(s)
}

func refused(why string) error { return fmt.Errorf("%w: %s", ErrIdentifier, why) }

// parseEmail accepts a dot-string local part (RFC 5321 §4.1.2, RFC 6531 §3.3)
// at a host name. Plus-addressing stays significant: whether ada+shop@ reaches
// ada@ is known only to the receiving server. Look-alike letters of other
// scripts stay different addresses, for they are: Cyrillic а is not Latin a.
func parseEmail(s string) (Identifier, error) {
	local, domain, _ := strings.Cut(s, "@")
	switch {
	case len(s) > maxEmail || len(local) > maxLocal:
		return Identifier{}, refused("too long")
	case !validLocal(local):
		return Identifier{}, refused("local part")
	case !visible(domain) || strings.HasSuffix(domain, "."):
		return Identifier{}, refused("domain")
	}
	key, err := emailKey(local, domain)
	if err != nil {
		return Identifier{}, err
	}
	// Canonicalised exactly once means that a second time changes nothing;
	// input on which folding and the IDNA tables disagree is refused.
	l, d, _ := strings.Cut(key, "@")
	if again, err := emailKey(l, d); err != nil || again != key || !validLocal(l) {
		return Identifier{}, refused("no stable form")
	}
	return Identifier{Kind: Email, Value: s, Key: key}, nil
}

// domains maps a host name to lower-case ASCII as a resolver would (UTS 46,
// non-transitional), and refuses what no resolver accepts.
var domains = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true),
	idna.VerifyDNSLength(true))

func emailKey(local, domain string) (string, error) {
	ascii, err := domains.ToASCII(domain)
	if err != nil {
		return "", refused("domain")
	}
	key := fold(local) + "@" + ascii
	if len(key) > maxEmail {
		return "", refused("too long")
	}
	return key, nil
}

// fold is the comparable form of a text: NFKC and full case folding. Folding
// can undo composition and the reverse, hence the second pass (Unicode §3.13).
func fold(s string) string {
	fold := cases.Fold()
	s = norm.NFKC.String(fold.String(norm.NFKC.String(s)))
	return norm.NFKC.String(fold.String(s))
}

func validLocal(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") || !visible(s) {
		return false
	}
	// The specials of RFC 5322 §3.2.3 would need quotes, and a comma or an
	// angle bracket would be a second recipient in a header (RE10).
	return !strings.ContainsAny(s, "\"(),:;<>@[\\]")
}

// visible reports that every rune leaves a mark on the page: no controls, no
// line ends, no spaces, no bidirectional or zero-width characters, nothing
// that a font may silently drop.
func visible(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) ||
			unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
			return false
		}
	}
	return true
}
