package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// Kind is what an opaque string is for; it is part of the string and of its
// hash, so a value minted as one kind is never accepted as another (TK11).
type Kind string

// The kinds of opaque strings. A new kind is a new line here.
const (
	AccessToken  Kind = "at"
	RefreshToken Kind = "rt"
	AuthCode     Kind = "ac" // OIDC Core §3.1.2.5
	Session      Kind = "se"
	Browser      Kind = "br"
	AdminLink    Kind = "al"
	ClientSecret Kind = "cs"
	RegisterLink Kind = "rl" // mailed; each proves an address for one purpose
	VerifyLink   Kind = "vl"
	ResetLink    Kind = "pl"
	NotMeLink    Kind = "nm"
)

var b64 = base64.RawURLEncoding.Strict()

const (
	selectorChars = 11 // 8 bytes
	verifierChars = 43 // 32 bytes
)

// Opaque is a bearer string fo_KIND_SELECTOR.VERIFIER. The selector is a
// time-ordered positive integer, the primary key of its row (spec/performance.md,
// lesson 2); the verifier is 256 random bits of which only the hash is stored.
type Opaque struct {
	Kind     Kind
	Selector int64
	verifier [32]byte
}

// New makes an opaque string of kind at now.
func New(kind Kind, now time.Time) Opaque {
	o := Opaque{Kind: kind, Selector: NewSelector(now)}
	rand.Read(o.verifier[:])
	return o
}

// NewSelector returns a positive integer that grows with now: milliseconds
// since 1970 in the upper bits and 20 random bits below. Two in the same
// millisecond may collide: an insert that meets one is retried with another.
func NewSelector(now time.Time) int64 {
	var b [4]byte
	rand.Read(b[:])
	low := int64(binary.BigEndian.Uint32(b[:]) & (1<<20 - 1))
	return FirstSelector(now) | low
}

// FirstSelector is the least that NewSelector can return for now or later.
func FirstSelector(now time.Time) int64 { return now.UnixMilli() << 20 }

// Reveal returns the string itself, to be shown to its holder once.
func (o Opaque) Reveal() string {
	b := make([]byte, 0, 5+len(o.Kind)+selectorChars+1+verifierChars)
	b = append(b, "fo_"...)
	b = append(b, o.Kind...)
	b = append(b, '_')
	b = AppendSelector(b, o.Selector)
	b = append(b, '.')
	return string(b64.AppendEncode(b, o.verifier[:]))
}

// String is redacted, so that a log line or an error never carries the secret.
func (o Opaque) String() string { return "fo_" + string(o.Kind) + "_…" }

// Hash is what is stored: SHA-256 over kind, selector and verifier, in hex.
// The verifier has 256 bits of entropy, so one hash is enough (lesson 6).
func (o Opaque) Hash() string {
	var buf [64]byte
	b := append(buf[:0], o.Kind...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(o.Selector))
	b = append(b, o.verifier[:]...)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Key derives a key that only the holder of this string can derive; it seals
// what must not be readable by the database or the master key alone
// (spec/tokens.md §3).
func (o Opaque) Key(purpose string) [32]byte {
	return DeriveKey(o.verifier[:], "opaque/"+string(o.Kind)+"/"+purpose)
}

// Parse reads a string of exactly kind. Anything else, a truncated, padded or
// re-cased string among them, is not ok (TK9).
func Parse(kind Kind, s string) (Opaque, bool) {
	o := Opaque{Kind: kind}
	rest, ok := strings.CutPrefix(s, "fo_"+string(kind)+"_")
	if !ok || len(rest) != selectorChars+1+verifierChars || rest[selectorChars] != '.' {
		return Opaque{}, false
	}
	sel, ok := ParseSelector(rest[:selectorChars])
	if !ok {
		return Opaque{}, false
	}
	o.Selector = sel
	if n, err := b64.Decode(o.verifier[:], []byte(rest[selectorChars+1:])); err != nil || n != len(o.verifier) {
		return Opaque{}, false
	}
	return o, true
}

// IsKind tells whether s looks like an opaque string of kind, without parsing.
func IsKind(kind Kind, s string) bool { return strings.HasPrefix(s, "fo_"+string(kind)+"_") }

// AppendSelector appends the eleven characters of a selector.
func AppendSelector(dst []byte, sel int64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(sel))
	return b64.AppendEncode(dst, b[:])
}

// FormatSelector writes a selector as eleven characters.
func FormatSelector(sel int64) string { return string(AppendSelector(nil, sel)) }

// ParseSelector reads what FormatSelector wrote; only positive ones exist.
func ParseSelector(s string) (int64, bool) {
	var b [9]byte
	if len(s) != selectorChars {
		return 0, false
	}
	if n, err := b64.Decode(b[:], []byte(s)); err != nil || n != 8 {
		return 0, false
	}
	sel := int64(binary.BigEndian.Uint64(b[:8]))
	return sel, sel > 0
}

// Random returns n random bytes as base64url: ids, nonces, salts.
func Random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return b64.EncodeToString(b)
}

// Bytes returns n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// Hash returns the hex SHA-256 of a high-entropy secret under a label.
func Hash(label, s string) string {
	h := sha256.New()
	h.Write([]byte(label))
	h.Write([]byte{0})
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

// Equal compares two hashes in constant time.
func Equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// UUID returns a random version 4 UUID (RFC 9562 §5.4): stable public ids such
// as sub.
func UUID() string {
	b := Bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Stretch varies d by chance, evenly within ±20 %, so that nodes and retries do
// not move in step.
func Stretch(d time.Duration) time.Duration {
	var b [4]byte
	rand.Read(b[:])
	part := float64(binary.BigEndian.Uint32(b[:]))/(1<<31) - 1 // -1 to 1
	return d + time.Duration(part*0.2*float64(d))
}

// Digits returns n random decimal digits, for codes that people type.
func Digits(n int) string {
	b := make([]byte, 0, n)
	var buf [16]byte
	for len(b) < n {
		rand.Read(buf[:])
		for _, v := range buf {
			if v < 250 && len(b) < n { // 250 is the last multiple of ten in a byte
				b = append(b, '0'+v%10)
			}
		}
	}
	return string(b)
}
