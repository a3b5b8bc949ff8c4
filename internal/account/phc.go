package account

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/foyer-id/foyer/internal/secret"
)

var (
	// ErrHashFormat says that a stored password hash is of no known form.
	ErrHashFormat = errors.New("account: unknown password hash")
	// ErrHashParams says that a hash asks for more work than we do, or for
	// none. It is found before any of that work (PW5).
	ErrHashParams = errors.New("account: password hash parameters out of bounds")
)

// Params is the cost of a new hash, argon2id version 19 (RFC 9106).
type Params struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// DefaultParams is the cost when nothing is configured: 19 MiB, two passes, one
// thread (OWASP Password Storage).
var DefaultParams = Params{Memory: 19456, Time: 2, Threads: 1}

// Bounds on stored hashes, ours and imported. The worst of them costs seconds
// of one slot; a hash that wants more is refused at import.
const (
	maxHashText   = 2048 // bytes of the whole string
	maxMemory     = 256 << 10
	maxTime       = 10
	maxThreads    = 4
	maxIterations = 5_000_000
	maxBcryptCost = 14
	maxScryptLogN = 17
	maxScryptR    = 16
	minOutput     = 16 // bytes of hash: fewer would match by luck
	maxOutput     = 64
	maxSalt       = 128

	saltLen   = 16
	outputLen = 32
)

// Validate reports ErrHashParams for a cost that could not be verified later.
func (p Params) Validate() error {
	if p.Time < 1 || p.Time > maxTime || p.Threads < 1 || p.Threads > maxThreads ||
		p.Memory < 8*uint32(p.Threads) || p.Memory > maxMemory {
		return ErrHashParams
	}
	return nil
}

// stored is a parsed password hash: match does the work, once, within the
// bounds above.
type stored interface {
	match(password []byte) bool
}

// derived is a stored hash that is compared with what a function derives.
type derived struct {
	derive func(password []byte) []byte
	want   []byte
}

func (d derived) match(password []byte) bool {
	return subtle.ConstantTimeCompare(d.derive(password), d.want) == 1
}

// CheckHash reports whether a hash can be imported: nil, ErrHashFormat or
// ErrHashParams. It does none of the hash's work.
func CheckHash(phc string) error {
	_, err := parseHash(phc)
	return err
}

// parseHash understands, beside our own argon2id strings:
//
//	$argon2i$v=19$m=…,t=…,p=…$salt$hash
//	$2a$ $2b$ $2y$                            bcrypt; only 72 bytes count, as where it came from
//	$pbkdf2$ $pbkdf2-sha256$ $pbkdf2-sha512$  passlib's 29000$salt$hash, or i=29000,l=32$salt$hash
//	pbkdf2_sha1$ pbkdf2_sha256$               Django: 600000$salt$hash
//	AQAAAA…                                   ASP.NET Core Identity v3, base64
//	$scrypt$ln=14,r=8,p=1$salt$hash
//	$fbscrypt$v=1,n=14,r=8,p=1,ss=…,sk=…$salt$hash
//	    Firebase: mem_cost, rounds, salt separator and signer key of the
//	    project, then the account's salt and hash, all as Firebase exports them
func parseHash(s string) (stored, error) {
	if len(s) > maxHashText {
		return nil, ErrHashFormat
	}
	if strings.HasPrefix(s, "pbkdf2_") {
		return parseDjango(s)
	}
	if !strings.HasPrefix(s, "$") {
		return parseASPNET(s)
	}
	name, rest, _ := strings.Cut(s[1:], "$")
	switch name {
	case "argon2id", "argon2i":
		return parseArgon2(name, rest)
	case "2a", "2b", "2y":
		return parseBcrypt(s)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return parsePBKDF2(name, rest)
	case "scrypt":
		return parseScrypt(rest)
	case "fbscrypt":
		return parseFirebase(rest)
	}
	return nil, ErrHashFormat
}

// parseArgon2 reads v=19$m=…,t=…,p=…$salt$hash.
func parseArgon2(name, rest string) (stored, error) {
	f := strings.Split(rest, "$")
	if len(f) != 4 || f[0] != "v=19" {
		return nil, ErrHashFormat
	}
	v, err := parseParams(f[1], "m", "t", "p")
	if err != nil {
		return nil, err
	}
	if v[0] > maxMemory || v[1] > maxTime || v[2] > maxThreads {
		return nil, ErrHashParams
	}
	p := Params{Memory: uint32(v[0]), Time: uint32(v[1]), Threads: uint8(v[2])}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	salt, want, err := saltAndHash(f[2], f[3])
	if err != nil {
		return nil, err
	}
	if len(salt) < 8 { // RFC 9106 §3.1
		return nil, ErrHashParams
	}
	return argon2Hash{id: name == "argon2id", params: p, salt: salt, want: want}, nil
}

// argon2Hash is its own type so that NeedsRehash can look inside.
type argon2Hash struct {
	id     bool // argon2id rather than argon2i
	params Params
	salt   []byte
	want   []byte
}

func (a argon2Hash) match(password []byte) bool {
	key := argon2.Key
	if a.id {
		key = argon2.IDKey
	}
	p := a.params
	got := key(password, a.salt, p.Time, p.Memory, p.Threads, uint32(len(a.want)))
	return subtle.ConstantTimeCompare(got, a.want) == 1
}

// newHash hashes an NFC password at cost p under a fresh salt.
func newHash(password []byte, p Params) string {
	salt := secret.Bytes(saltLen)
	key := argon2.IDKey(password, salt, p.Time, p.Memory, p.Threads, outputLen)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.Memory, p.Time, p.Threads, b64(salt), b64(key))
}

// NeedsRehash reports that a hash which has just matched is not the one we
// would make today: another function, another cost, a shorter salt. Cheaper
// costs count as well, so that all accounts take the same time (RE2).
func NeedsRehash(phc string, want Params) bool {
	s, err := parseHash(phc)
	if err != nil {
		return true
	}
	a, ok := s.(argon2Hash)
	return !ok || !a.id || a.params != want || len(a.salt) < saltLen || len(a.want) < outputLen
}

// parseParams reads "m=19456,t=2,p=1" with exactly these keys in this order.
func parseParams(s string, keys ...string) ([]int, error) {
	fields := strings.Split(s, ",")
	if len(fields) != len(keys) {
		return nil, ErrHashFormat
	}
	values := make([]int, len(keys))
	for i, f := range fields {
		digits, ok := strings.CutPrefix(f, keys[i]+"=")
		if !ok {
			return nil, ErrHashFormat
		}
		n, err := parseCount(digits)
		if err != nil {
			return nil, err
		}
		values[i] = n
	}
	return values, nil
}

// parseCount reads a positive decimal without sign or leading zero, as PHC
// strings ask. A number too large for any bound is ErrHashParams.
func parseCount(s string) (int, error) {
	if s == "" || s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return 0, ErrHashFormat
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, ErrHashParams
	}
	return int(n), nil
}

func saltAndHash(salt64, hash64 string) (salt, hash []byte, err error) {
	if salt, err = decode64(salt64); err != nil {
		return nil, nil, err
	}
	if hash, err = decode64(hash64); err != nil {
		return nil, nil, err
	}
	if len(salt) > maxSalt || len(hash) < minOutput || len(hash) > maxOutput {
		return nil, nil, ErrHashParams
	}
	return salt, hash, nil
}

// decode64 reads standard base64 with or without padding, and passlib's
// spelling of it, which writes a dot for a plus.
func decode64(s string) ([]byte, error) {
	s = strings.ReplaceAll(strings.TrimRight(s, "="), ".", "+")
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, ErrHashFormat
	}
	return b, nil
}
