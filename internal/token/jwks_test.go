package token

import (
	"fmt"
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/keys"
)

const (
	// The public keys of RFC 7515 A.2 and A.3 and of RFC 8037 A.2.
	rfcRSA = `"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"`
	rfcEC  = `"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	rfcOKP = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	// Payload of RFC 7515 A.2 and A.3.
	rfcPayload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)

func TestVectorsOfTheRFCs(t *testing.T) {
	t.Parallel()
	set, err := ParseJWKS([]byte(`{"keys":[{` + rfcRSA + `},{` + rfcEC + `},{` + rfcOKP + `}]}`))
	must(t, err)
	for _, c := range []struct {
		cite, input, sig string
		alg              keys.Alg
	}{
		{"RFC 7515 A.2", "eyJhbGciOiJSUzI1NiJ9." + rfcPayload, "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw", keys.RS256},
		{"RFC 7515 A.3", "eyJhbGciOiJFUzI1NiJ9." + rfcPayload, "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q", keys.ES256},
		{"RFC 8037 A.4", "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg", keys.EdDSA},
	} {
		pub, err := set.find("", c.alg)
		must(t, err)
		sig, err := decode(c.sig)
		must(t, err)
		if !verified(c.alg, pub, []byte(c.input), sig) {
			t.Errorf("%s does not verify", c.cite)
		}
		sig[len(sig)-1] ^= 1
		if verified(c.alg, pub, []byte(c.input), sig) {
			t.Errorf("%s verifies with a bit changed", c.cite)
		}
		if c.alg != keys.EdDSA { // whose payload is not JSON
			parsed, err := parse(c.input + "." + c.sig)
			if err != nil || parsed.claims.text("iss") != "joe" || parsed.claims.date("exp") != 1300819380 {
				t.Errorf("%s: parse = %+v, %v", c.cite, parsed, err)
			}
		}
	}
}

func TestES256SignaturesAreExactly64BytesInRange(t *testing.T) {
	t.Parallel()
	set, err := ParseJWKS([]byte(`{"keys":[{` + rfcEC + `}]}`))
	must(t, err)
	pub, err := set.find("", keys.ES256)
	must(t, err)
	order, err := decode("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE")
	must(t, err)
	for name, sig := range map[string][]byte{
		"zero":      make([]byte, 64), // CVE-2022-21449
		"order":     append(append([]byte{}, order...), order...),
		"63 bytes":  make([]byte, 63),
		"65 bytes":  make([]byte, 65),
		"empty":     {},
		"all ones":  []byte(strings.Repeat("\xff", 64)),
		"DER":       {0x30, 6, 2, 1, 1, 2, 1, 1},
		"r is zero": append(make([]byte, 32), order[:32]...),
	} {
		if verified(keys.ES256, pub, []byte("x"), sig) {
			t.Errorf("%s verifies", name)
		}
	}
}

func TestKJ8_ClientKeySets(t *testing.T) {
	t.Parallel()
	weak := `"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("_", 170) + `"`
	for _, c := range []struct {
		name, keys string
		want       int // usable keys, -1 for refused
	}{
		{"none", ``, 0},
		{"three", `{` + rfcRSA + `},{` + rfcEC + `},{` + rfcOKP + `}`, 3},
		{"unknown kty", `{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"},{` + rfcEC + `}`, 1},
		{"unknown curve", `{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}`, 0},
		{"for encryption", `{"use":"enc",` + rfcRSA + `}`, 0},
		{"for encryption, by alg", `{"alg":"RSA-OAEP",` + rfcRSA + `}`, 0},
		{"for verifying, by key_ops", `{"key_ops":["verify"],` + rfcRSA + `}`, 1},
		{"for encryption, by key_ops", `{"key_ops":["encrypt"],` + rfcRSA + `}`, 0},
		{"private", `{"d":"AA",` + rfcEC + `}`, -1},
		{"private of an unknown type", `{"kty":"AKP","priv":"AA"}`, -1},
		{"symmetric", `{"kty":"oct","k":"AAAA"}`, -1},
		{"weak RSA", `{` + weak + `}`, -1},
		{"RSA with e = 1", `{` + strings.Replace(rfcRSA, "AQAB", "AQ", 1) + `}`, -1},
		{"RSA with even e", `{` + strings.Replace(rfcRSA, "AQAB", "AQAA", 1) + `}`, -1},
		{"RSA with huge e", `{` + strings.Replace(rfcRSA, "AQAB", "AQABAQAB", 1) + `}`, -1},
		{"KJ4: a point not on the curve", `{` + strings.Replace(rfcEC, "f83O", "f83P", 1) + `}`, -1},
		{"KJ4: the point at zero", `{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}`, -1},
		{"short coordinate", `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, -1},
		{"short Ed25519", `{"kty":"OKP","crv":"Ed25519","x":"AA"}`, -1},
		{"alg of another type", `{"alg":"ES256",` + rfcRSA + `}`, -1},
		{"kid is a number", `{"kid":1,` + rfcEC + `}`, -1},
		{"duplicate member", `{"kid":"a","kid":"b",` + rfcEC + `}`, -1},
		{"null", `null`, -1},
		{"101", strings.TrimSuffix(strings.Repeat(`{"kty":"x"},`, 101), ","), -1},
		{"100", strings.TrimSuffix(strings.Repeat(`{"kty":"x"},`, 100), ","), 0},
	} {
		set, err := ParseJWKS([]byte(`{"keys":[` + c.keys + `]}`))
		if got := set.Len(); err != nil && c.want != -1 || err == nil && got != c.want {
			t.Errorf("%s: %d keys, %v; want %d", c.name, got, err, c.want)
		}
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"keys":null}`, `{"keys":{}}`, `{"Keys":[]}`, `{"keys":[]`, `{"keys":[],"x":"` + strings.Repeat("a", 64<<10) + `"}`} {
		if _, err := ParseJWKS([]byte(bad)); err == nil {
			t.Errorf("accepted %.40q", bad)
		}
	}
}

func TestAKeyIsNamedWhenThereIsAChoice(t *testing.T) {
	t.Parallel()
	set, err := ParseJWKS(fmt.Appendf(nil, `{"keys":[{"kid":"a",%s},{"kid":"b",%s},{"kid":"c",%s}]}`, rfcEC, rfcEC, rfcRSA))
	must(t, err)
	for _, c := range []struct {
		kid string
		alg keys.Alg
		ok  bool
	}{
		{"a", keys.ES256, true}, {"b", keys.ES256, true}, {"", keys.ES256, false}, // OIDC Core §10.1
		{"", keys.RS256, true}, {"", keys.PS256, true}, {"c", keys.ES256, false}, {"", keys.EdDSA, false}, {"A", keys.ES256, false},
	} {
		if _, err := set.find(c.kid, c.alg); (err == nil) != c.ok {
			t.Errorf("kid %q for %s: %v", c.kid, c.alg, err)
		}
	}
}
