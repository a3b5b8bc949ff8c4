package token

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// object writes a JSON object member by member; absent values are left out.
type object struct {
	b   []byte
	err error // first value that does not encode
}

func newObject() *object { return &object{b: append(make([]byte, 0, 640), '{')} }

// name begins a member; names of protocol claims need no escaping.
func (o *object) name(name string) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) text(name, v string) {
	if v != "" {
		o.name(name)
		o.b = appendText(o.b, v)
	}
}

func (o *object) number(name string, v int64) {
	if v != 0 {
		o.name(name)
		o.b = strconv.AppendInt(o.b, v, 10)
	}
}

func (o *object) list(name string, v []string) {
	if len(v) == 0 {
		return
	}
	o.name(name)
	o.b = append(o.b, '[')
	for i, s := range v {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = appendText(o.b, s)
	}
	o.b = append(o.b, ']')
}

// audience writes one audience as a string, several as an array (RFC 7519 §4.1.3).
func (o *object) audience(aud []string) {
	if len(aud) == 1 {
		o.text("aud", aud[0])
		return
	}
	o.list("aud", aud)
}

// extra writes further claims, sorted; a protocol claim is never among them,
// also when this token does not have it.
func (o *object) extra(claims map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if reserved[name] || claims[name] == nil {
			continue
		}
		v, err := json.Marshal(claims[name])
		if err != nil {
			o.err = fmt.Errorf("claim %q: %w", name, err)
			return
		}
		if len(o.b) > 1 {
			o.b = append(o.b, ',')
		}
		o.b = append(appendText(o.b, name), ':')
		o.b = append(o.b, v...)
	}
}

func (o *object) close() ([]byte, error) { return append(o.b, '}'), o.err }

// reserved names the claims that only the protocol sets.
var reserved = map[string]bool{
	"iss": true, "sub": true, "aud": true, "exp": true, "nbf": true, "iat": true, "jti": true, // RFC 7519 §4.1
	"auth_time": true, "nonce": true, "acr": true, "amr": true, "azp": true, // OIDC Core §2
	"at_hash": true, "c_hash": true, "s_hash": true, "sid": true, "events": true, "sub_jwk": true,
	"client_id": true, "scope": true, "gid": true, "cnf": true, "act": true, "may_act": true,
}

// appendText appends a JSON string; printable ASCII, that is nearly everything,
// is copied.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always encodes
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
