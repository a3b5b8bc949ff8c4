package keys

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// rfc7638N is the modulus of RFC 7638 §3.1.
const rfc7638N = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

func TestThumbprintsOfTheRFCs(t *testing.T) {
	t.Parallel()
	n, err := b64.DecodeString(rfc7638N)
	must(t, err)
	x, err := b64.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	must(t, err)
	for _, c := range []struct {
		cite, want string
		pub        crypto.PublicKey
	}{
		{"RFC 7638 §3.1", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}},
		{"RFC 8037 A.3", "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", ed25519.PublicKey(x)},
	} {
		if got, err := Thumbprint(c.pub); err != nil || got != c.want {
			t.Errorf("%s: Thumbprint = %q, %v", c.cite, got, err)
		}
	}
	if _, err := Thumbprint("not a key"); err == nil {
		t.Error("a string has a thumbprint")
	}
}

func TestKJ8_KeysAreStrongAndReadByOthers(t *testing.T) {
	t.Parallel()
	for _, alg := range algOrder {
		signer, err := generate(alg)
		must(t, err)
		k, err := NewSigningKey(alg, signer)
		must(t, err)
		if r, ok := signer.(*rsa.PrivateKey); ok && r.N.BitLen() < 2048 {
			t.Errorf("%s: %d bits", alg, r.N.BitLen())
		}
		doc, err := PublicJWK(signer.Public(), alg, k.KID)
		must(t, err)
		var other jose.JSONWebKey
		must(t, json.Unmarshal([]byte(doc), &other))
		sum, err := other.Thumbprint(crypto.SHA256)
		must(t, err)
		if !other.Valid() || !other.IsPublic() || b64.EncodeToString(sum) != k.KID || other.Algorithm != string(alg) || other.Use != "sig" || other.KeyID != k.KID {
			t.Errorf("%s: go-jose reads %s as %+v", alg, doc, other)
		}
		for _, wrong := range algOrder {
			_, err := NewSigningKey(wrong, signer)
			rsaPair := (alg == RS256 || alg == PS256) && (wrong == RS256 || wrong == PS256)
			if (err == nil) != (wrong == alg || rsaPair) {
				t.Errorf("a key of %s for %s: %v", alg, wrong, err)
			}
		}
	}
	weak := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	if RS256.Fits(weak) {
		t.Error("RSA of 1024 bits fits RS256")
	}
}

func TestKJ7_PrivateKeysAreNeverShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.Ensure(t.Context(), "acme", EdDSA, PS256))
	r := ring(t, b.Service)
	for _, alg := range []Alg{ES256, EdDSA, PS256} {
		k, ok := r.Signing(alg)
		if !ok {
			t.Fatalf("no %s key", alg)
		}
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", k)
		doc, err := json.Marshal(k)
		must(t, err)
		shown := fmt.Sprintf("%v %+v %#v %s %s %s", k, k, k, k, log.String(), doc)
		if want := k.String(); !strings.Contains(shown, want) || len(shown) > 900 {
			t.Errorf("%s shows as %s", alg, shown)
		}
	}
	body, _ := r.JWKS()
	var set struct{ Keys []map[string]string }
	must(t, json.Unmarshal(body, &set))
	allowed := map[string]bool{"kty": true, "use": true, "alg": true, "kid": true, "crv": true, "x": true, "y": true, "n": true, "e": true}
	for _, k := range set.Keys {
		for name := range k {
			if !allowed[name] {
				t.Errorf("JWKS has member %q", name)
			}
		}
	}
	if len(set.Keys) != 3 {
		t.Errorf("JWKS has %d keys", len(set.Keys))
	}
	for _, rec := range b.store.records["acme"] {
		if strings.Contains(rec.Public, `"d"`) || strings.Contains(rec.Sealed, "PRIVATE") {
			t.Errorf("record of %s shows its private part", rec.KID)
		}
		if _, err := open(b.sealer, "other", rec); err == nil {
			t.Error("a key opens for another tenant")
		}
		rec.Alg = map[Alg]Alg{PS256: RS256, ES256: EdDSA, EdDSA: ES256}[rec.Alg]
		if _, err := open(b.sealer, "acme", rec); err == nil {
			t.Error("a key opens as another algorithm's")
		}
	}
}
