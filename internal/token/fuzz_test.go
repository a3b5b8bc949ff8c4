package token

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/foyer-id/foyer/internal/keys"
)

// FuzzE2_Parse compares the parser with an independent one: what ours accepts
// the other accepts with the same payload, and the parts encode back to the
// input. Ours is stricter, so nothing is said about the other direction, except
// for what both take as signed.
func FuzzE2_Parse(f *testing.F) {
	for _, k := range kinds() {
		f.Add(k.token(f, k.claims))
	}
	good := verifiers()[0].token(f, verifiers()[0].claims)
	f.Add(good + ".")
	f.Add(good[:len(good)-1])
	f.Add("e30.e30.AA")
	f.Add("...")
	all := []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}
	f.Fuzz(func(t *testing.T, raw string) {
		ours, err := parse(raw)
		if err != nil {
			return
		}
		parts := strings.Split(raw, ".")
		for _, p := range parts {
			b, err := decode(p)
			if err != nil || b64.EncodeToString(b) != p {
				t.Fatalf("%q was read and is not what its bytes encode to", p)
			}
		}
		theirs, err := jose.ParseSignedCompact(raw, all)
		if err != nil {
			if head := bytesOf(t, parts[0]); !goJoseOnly(head) {
				t.Fatalf("accepted %s, the other library says %v", head, err)
			}
			return
		}
		if !bytes.Equal(theirs.UnsafePayloadWithoutVerification(), bytesOf(t, parts[1])) {
			t.Fatal("the payloads differ")
		}
		if pub, err := clientSet().find(ours.kid, ours.alg); err == nil {
			_, err := theirs.Verify(pub)
			if got := verified(ours.alg, pub, []byte(ours.signed), ours.sig); got != (err == nil) {
				t.Fatalf("verified = %v, the other library says %v", got, err)
			}
		}
	})
}

func bytesOf(t *testing.T, part string) []byte {
	b, err := decode(part)
	must(t, err)
	return b
}

// goJoseOnly tells whether a header has members that only the other library
// reads: ours ignores them (KJ2), so it does not mind their type.
func goJoseOnly(header []byte) bool {
	var m map[string]json.RawMessage
	if json.Unmarshal(header, &m) != nil {
		return false
	}
	for name := range m {
		switch strings.ToLower(name) {
		case "alg", "kid", "typ":
		default:
			return true
		}
	}
	return false
}

// FuzzMembers compares the scanner with encoding/json: same names, same values.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[{"c":"\u0041\""}]}`))
	f.Add([]byte(` {"a" : {} , "b":-1.5e3 } `))
	f.Add([]byte(`{"a":1,"\u0061":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := members(data)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("accepted %q: %v", data, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %d members, want %d", data, len(got), len(want))
		}
		for name, v := range want {
			if !bytes.Equal(got[name], v) {
				t.Fatalf("%q: member %q is %q, want %q", data, name, got[name], v)
			}
		}
	})
}

func FuzzParseJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{` + rfcRSA + `},{` + rfcEC + `},{` + rfcOKP + `}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ParseJWKS(data)
		if err != nil {
			return
		}
		for _, k := range set.keys {
			if !keys.RS256.Fits(k.pub) && !keys.ES256.Fits(k.pub) && !keys.EdDSA.Fits(k.pub) {
				t.Fatalf("%T is of no use", k.pub)
			}
		}
	})
}
