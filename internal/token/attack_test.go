package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/keys"
)

// everywhere presents a forgery to every verifier.
func everywhere(t *testing.T, name string, make func(k kind, payload string) string) {
	t.Helper()
	for _, k := range verifiers() {
		payload, err := json.Marshal(k.claims)
		must(t, err)
		k.refused(t, name, k.verify(make(k, string(payload)), noon))
	}
}

func TestEveryKindIsAcceptedWhereItBelongs(t *testing.T) {
	t.Parallel()
	for _, k := range verifiers() {
		payload, err := json.Marshal(k.claims)
		must(t, err)
		for _, alg := range algs {
			if err := k.verify(forge(t, key(alg), k.header(alg), string(payload)), noon); err != nil {
				t.Errorf("%s, %s: %v", k.name, alg, err)
			}
		}
	}
}

func TestKJ1_NoneAndHMACAreRefused(t *testing.T) {
	t.Parallel()
	join := func(header, payload string) string {
		return b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	}
	for _, alg := range []string{"none", "None", "nOnE", "NONE", "", "HS256", "hs256", "RS512", "ES384", "es256", "Ed448", "ES256K", "ES256 "} {
		everywhere(t, "alg "+alg, func(k kind, payload string) string {
			header := strings.Replace(k.header(keys.ES256), `"ES256"`, fmt.Sprintf("%q", alg), 1)
			good := forge(t, key(keys.ES256), header, payload)
			return good
		})
		everywhere(t, "unsigned, alg "+alg, func(k kind, payload string) string {
			return join(strings.Replace(k.header(keys.ES256), `"ES256"`, fmt.Sprintf("%q", alg), 1), payload) + "."
		})
	}
	for _, header := range []string{`{}`, `{"alg":null}`, `{"alg":["ES256"]}`, `{"alg":1}`} {
		everywhere(t, header, func(_ kind, payload string) string { return forge(t, key(keys.ES256), header, payload) })
	}
	der, err := x509.MarshalPKIXPublicKey(public(keys.RS256))
	must(t, err)
	jwk, err := keys.PublicJWK(public(keys.RS256), keys.RS256, key(keys.RS256).KID)
	must(t, err)
	jwks, _ := shared().JWKS()
	for name, mac := range map[string][]byte{
		"DER": der, "JWK": []byte(jwk), "JWKS": jwks,
		"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	} {
		for alg, h := range map[string]func() hash.Hash{"HS256": sha256.New, "HS512": sha512.New} {
			everywhere(t, alg+" with public "+name, func(k kind, payload string) string {
				input := join(strings.Replace(k.header(keys.RS256), `"RS256"`, `"`+alg+`"`, 1), payload)
				m := hmac.New(h, mac)
				m.Write([]byte(input))
				return input + "." + b64.EncodeToString(m.Sum(nil))
			})
		}
	}
}

func TestKJ1_AlgorithmMustBeTheKeys(t *testing.T) {
	t.Parallel()
	for _, alg := range algs {
		for _, other := range algs {
			if alg == other {
				continue
			}
			everywhere(t, fmt.Sprintf("%s with the key of %s", alg, other), func(k kind, payload string) string {
				header := strings.Replace(k.header(other), string(other), string(alg), 1)
				return forge(t, key(other), header, payload)
			})
			everywhere(t, fmt.Sprintf("%s signed by %s", alg, other), func(k kind, payload string) string {
				return forge(t, key(other), k.header(alg), payload)
			})
		}
	}
	// RS256 and PS256 share a key type: a record of one does not do the other.
	cross := forge(t, key(keys.RS256), `{"alg":"PS256","typ":"JWT","kid":"`+key(keys.RS256).KID+`"}`, `{}`)
	if _, err := VerifyHint(shared(), issuer, cross); !errors.Is(err, errKeyAlg) {
		t.Errorf("PS256 with an RS256 key: %v", err)
	}
}

func TestKJ2_HeadersNeverBringKeys(t *testing.T) {
	t.Parallel()
	stranger := newKey(t)
	jwk, err := keys.PublicJWK(stranger.Signer.Public(), keys.ES256, stranger.KID)
	must(t, err)
	for _, header := range []string{
		`{"alg":"ES256","typ":%q,"jwk":` + jwk + `}`,
		`{"alg":"ES256","typ":%q,"kid":"` + stranger.KID + `","jwk":` + jwk + `}`,
		`{"alg":"ES256","typ":%q,"jku":"https://evil.example/jwks"}`,
		`{"alg":"ES256","typ":%q,"x5u":"https://evil.example/x","x5c":["MIIB"]}`,
		`{"alg":"ES256","typ":%q,"kid":"../../dev/null"}`,
		`{"alg":"ES256","typ":%q,"kid":"' OR 1=1 --"}`,
		`{"alg":"ES256","typ":%q,"kid":""}`,
		`{"alg":"ES256","typ":%q,"kid":null}`,
		`{"alg":"ES256","typ":%q,"kid":["a"]}`,
		`{"alg":"ES256","typ":%q,"kid":"` + key(keys.ES256).KID + `"}`, // ours, signed by the stranger
	} {
		everywhere(t, header, func(k kind, payload string) string { return forge(t, stranger, fmt.Sprintf(header, k.typ), payload) })
	}
	for _, crit := range []string{`["exp"]`, `["b64"]`, `[]`, `null`, `"x"`} {
		everywhere(t, "crit "+crit, func(k kind, payload string) string {
			return forge(t, key(keys.ES256), strings.TrimSuffix(k.header(keys.ES256), "}")+`,"b64":true,"crit":`+crit+`}`, payload)
		})
	}
	for _, k := range verifiers() { // what is ignored does not disturb either
		payload, err := json.Marshal(k.claims)
		must(t, err)
		header := strings.TrimSuffix(k.header(keys.ES256), "}") + `,"jku":"https://evil.example","x5c":1,"jwk":"x","cty":"y","zip":"DEF"}`
		if err := k.verify(forge(t, key(keys.ES256), header, string(payload)), noon); err != nil {
			t.Errorf("%s with ignored members: %v", k.name, err)
		}
	}
}

func TestKJ3_OnlyStrictCompactSerialization(t *testing.T) {
	t.Parallel()
	cut := func(k kind, payload string) (string, []string) {
		good := forge(t, key(keys.ES256), k.header(keys.ES256), payload)
		return good, strings.Split(good, ".")
	}
	for name, change := range map[string]func(good string, p []string) string{
		"empty":            func(string, []string) string { return "" },
		"two parts":        func(_ string, p []string) string { return p[0] + "." + p[1] },
		"no signature":     func(_ string, p []string) string { return p[0] + "." + p[1] + "." },
		"no header":        func(_ string, p []string) string { return "." + p[1] + "." + p[2] },
		"no payload":       func(_ string, p []string) string { return p[0] + ".." + p[2] },
		"four parts":       func(good string, _ []string) string { return good + "." },
		"five parts":       func(good string, p []string) string { return good + "." + p[0] + "." + p[1] },
		"leading space":    func(good string, _ []string) string { return " " + good },
		"trailing newline": func(good string, _ []string) string { return good + "\n" },
		"newline inside":   func(_ string, p []string) string { return p[0] + "." + p[1][:4] + "\n" + p[1][4:] + "." + p[2] },
		"CR in signature":  func(_ string, p []string) string { return p[0] + "." + p[1] + "." + p[2][:4] + "\r" + p[2][4:] },
		"padding":          func(good string, _ []string) string { return good + "==" },
		"standard alphabet": func(good string, _ []string) string {
			return strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+"
		},
		"stray last bits": func(_ string, p []string) string { return p[0] + "." + p[1] + "." + p[2][:len(p[2])-1] + last(p[2]) },
		"NUL":             func(good string, _ []string) string { return good + "\x00" },
		"Bearer":          func(good string, _ []string) string { return "Bearer " + good },
		"JSON serialization": func(_ string, p []string) string {
			return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, p[0], p[1], p[2])
		},
		"dots":               func(string, []string) string { return strings.Repeat(".", 1e6) },
		"a bit of signature": func(_ string, p []string) string { return p[0] + "." + p[1] + "." + p[2][:80] },
	} {
		everywhere(t, name, func(k kind, payload string) string { return change(cut(k, payload)) })
	}
	everywhere(t, "17 KiB", func(k kind, payload string) string {
		return forge(t, key(keys.ES256), k.header(keys.ES256), strings.TrimSuffix(payload, "}")+`,"x":"`+strings.Repeat("a", 13<<10)+`"}`)
	})
}

// last replaces the last character of a 64-byte signature by one that differs
// only in bits that are not there.
func last(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, part[len(part)-1])|1])
}

func TestKJ3_DuplicateAndMisspelledMembers(t *testing.T) {
	t.Parallel()
	in := func(payload, more string) string { return strings.TrimSuffix(payload, "}") + "," + more + "}" }
	for _, more := range []string{
		`"iss":"evil"`, `"\u0069ss":"evil"`, `"exp":99999999999`, `"x":{"a":1,"a":2}`, `"x":[{"a":{"b":1,"b":1}}]`,
		`"x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20), `"x":"` + "\xff" + `"`, `"x":01`, `"x":'y'`, `"x":1,`,
	} {
		everywhere(t, "payload with "+more, func(k kind, payload string) string {
			return forge(t, key(keys.ES256), k.header(keys.ES256), in(in(payload, `"exp":1`), more))
		})
		if _, err := members([]byte(in(`{"iss":"a","exp":1}`, more))); err == nil {
			t.Errorf("members accepts %s", more)
		}
	}
	for _, payload := range []string{`[]`, `"x"`, `null`, ``, ` `, `{}{}`, `{} x`, `{"a":1} {"a":1}`} {
		everywhere(t, "payload "+payload, func(k kind, _ string) string { return forge(t, key(keys.ES256), k.header(keys.ES256), payload) })
	}
	everywhere(t, "duplicate alg", func(k kind, payload string) string {
		return forge(t, key(keys.ES256), in(k.header(keys.ES256), `"alg":"ES256"`), payload)
	})
	for _, k := range verifiers() { // encoding/json would take "ISS" for iss
		payload, err := json.Marshal(k.with(fields{"iss": nil}))
		must(t, err)
		raw := forge(t, key(keys.ES256), k.header(keys.ES256), in(string(payload), fmt.Sprintf(`"ISS":%q`, k.claims["iss"])))
		k.refused(t, "ISS", k.verify(raw, noon))
	}
	if m, err := members([]byte(" {\"a\" : [1 , {\"a\":null}] ,\n\"b\\n\":\"\\\\\\\"}\" }\r\n")); err != nil || string(m["a"]) != `[1 , {"a":null}]` || string(m["b\n"]) != `"\\\"}"` {
		t.Errorf("members = %q, %v", m, err)
	}
	if _, err := members([]byte(`{"a":{` + strings.TrimSuffix(manyMembers(600), ",") + `}}`)); !errors.Is(err, errTooMuch) {
		t.Errorf("600 members: %v", err)
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d":%d,`, i, i)
	}
	return b.String()
}

func TestKJ4_EncryptedTokensAreNotRead(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`, `{"alg":"PBES2-HS256+A128KW","p2c":2147483647,"p2s":"AAAA","enc":"A128CBC-HS256"}`,
		`{"alg":"ECDH-ES","enc":"A256GCM","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`, `{"alg":"RSA-OAEP","enc":"A256GCM"}`,
	} {
		h := b64.EncodeToString([]byte(header))
		everywhere(t, "JWE "+header, func(kind, string) string { return h + ".AAAA.AAAA.AAAA.AAAA" })
		everywhere(t, "JWE header in three parts "+header, func(_ kind, payload string) string {
			return forge(t, key(keys.ES256), header, payload)
		})
	}
}
