package token

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/foyer-id/foyer/internal/keys"
)

// MaxSize bounds a JWT in bytes, before anything is looked at (KJ3).
const MaxSize = 16 << 10

var strict = base64.RawURLEncoding.Strict()

var (
	errTooLong  = errors.New("longer than 16 KiB")
	errCompact  = errors.New("not three base64url parts joined by dots")
	errHeader   = errors.New("the header is malformed")
	errCritical = errors.New("crit names an extension that is not understood")
	errAlg      = errors.New("alg is not RS256, PS256, ES256 or EdDSA")
)

// jws is a signed JWT that has been read and not yet verified.
type jws struct {
	alg      keys.Alg
	kid, typ string // "" when absent
	claims   claims
	signed   string // header.payload, as received
	sig      []byte
}

// parse is the one door for JWTs (KJ3): compact serialization only, exactly
// three parts, strict base64url without padding or line breaks, header and
// payload JSON objects without duplicate members, an algorithm of ours, no
// crit. Nothing else in the header is looked at: jku, x5u, jwk and x5c are
// never followed (KJ2). A JWE has five parts and is not read at all (KJ4).
func parse(raw string) (*jws, error) {
	if len(raw) > MaxSize {
		return nil, errTooLong
	}
	head, rest, _ := strings.Cut(raw, ".")
	body, tail, ok := strings.Cut(rest, ".")
	if !ok || head == "" || body == "" || tail == "" {
		return nil, errCompact
	}
	t := &jws{signed: raw[:len(head)+1+len(body)]}
	header, err := decode(head)
	if err != nil {
		return nil, err
	}
	if err := t.readHeader(header); err != nil {
		return nil, err
	}
	payload, err := decode(body)
	if err != nil {
		return nil, err
	}
	if t.claims.m, err = members(payload); err != nil {
		return nil, err
	}
	t.sig, err = decode(tail)
	return t, err
}

// readHeader reads the JOSE header (RFC 7515 §4).
func (t *jws) readHeader(header []byte) error {
	m, err := members(header)
	if err != nil {
		return err
	}
	if _, ok := m["crit"]; ok {
		return errCritical // RFC 7515 §4.1.11: none is understood, and it must not be empty
	}
	h := claims{m: m}
	alg := h.text("alg")
	t.kid, t.typ = h.text("kid"), h.text("typ")
	if h.err != nil {
		return errHeader
	}
	if t.alg, _ = keys.ParseAlg(alg); t.alg == "" {
		return errAlg // none and HS* in every spelling (KJ1)
	}
	return nil
}

// decode is strict base64url. The decoder itself skips line breaks, and a dot
// in the last part would be a fourth part, so the alphabet is checked first.
func decode(part string) ([]byte, error) {
	for i := range len(part) {
		c := part[i]
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return nil, errCompact
		}
	}
	b, err := strict.DecodeString(part)
	if err != nil {
		return nil, errCompact
	}
	return b, nil
}

// isTyp compares media types: case does not matter and "application/" may be
// left out (RFC 7515 §4.1.9).
func isTyp(got, want string) bool {
	if len(got) > len("application/") && strings.EqualFold(got[:len("application/")], "application/") {
		got = got[len("application/"):]
	}
	return strings.EqualFold(got, want)
}
