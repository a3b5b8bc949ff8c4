package token

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
)

func TestTK10_CrossUseMatrix(t *testing.T) {
	t.Parallel()
	for _, made := range kinds() {
		for _, at := range verifiers() {
			err := at.verify(made.token(t, made.claims), noon)
			if made.name == at.name {
				must(t, err)
				continue
			}
			at.refused(t, made.name, err)
			// Neither does a kind pass whose typ its maker left out, or set plain.
			for _, typ := range []string{"", "JWT"} {
				if made.typ == typ || made.name == "introspection answer" {
					continue // an answer without typ does not leave Foyer
				}
				disguised := made
				disguised.typ = typ
				if made.name == "access token" && at.name == "ID token" {
					continue // the typ is the difference (RFC 9068 §5)
				}
				at.refused(t, made.name+" with typ "+typ, at.verify(disguised.token(t, made.claims), noon))
			}
		}
	}
}

func TestTypIsAMediaType(t *testing.T) {
	t.Parallel()
	for _, k := range verifiers() {
		if k.typ == "" {
			continue
		}
		for _, typ := range []string{strings.ToUpper(k.typ), "application/" + k.typ, "Application/" + strings.ToLower(k.typ)} {
			same := k
			same.typ = typ
			if err := k.verify(same.token(t, k.claims), noon); err != nil {
				t.Errorf("%s with typ %s: %v", k.name, typ, err)
			}
		}
		for _, typ := range []string{k.typ + " ", "x/" + k.typ, "application/", k.typ + "+jwt"} {
			other := k
			other.typ = typ
			k.refused(t, "typ "+typ, k.verify(other.token(t, k.claims), noon))
		}
	}
}

// TestKJ5_Times moves one time of each kind over its limits: each is where the
// skew of 30 s ends. The hint has none: its exp is ignored.
func TestKJ5_Times(t *testing.T) {
	t.Parallel()
	for _, k := range verifiers() {
		limit := map[string]time.Duration{"client assertion": 5 * time.Minute, "request object": time.Hour}[k.name]
		for _, c := range []struct {
			claim string
			at    time.Duration
			ok    bool
		}{
			{"exp", -29 * time.Second, true}, {"exp", -30 * time.Second, false}, {"exp", -time.Hour, false},
			{"exp", limit + 30*time.Second, true}, {"exp", limit + 31*time.Second, limit == 0},
			{"iat", 30 * time.Second, true}, {"iat", 31 * time.Second, false},
			{"iat", -10*time.Minute - 30*time.Second, true}, {"iat", -10*time.Minute - 31*time.Second, k.name != "client assertion"},
			{"nbf", 30 * time.Second, true}, {"nbf", 31 * time.Second, false}, {"nbf", -time.Hour, true},
		} {
			err := k.verify(k.token(t, k.with(fields{c.claim: noon.Add(c.at).Unix()})), noon)
			if want := c.ok || k.name == "ID token"; (err == nil) != want {
				t.Errorf("%s with %s at %v: %v", k.name, c.claim, c.at, err)
			}
		}
		for _, bad := range []any{"1700000000", -1, 0, 1e300, true, fields{}, []int{1}} {
			k.refused(t, fmt.Sprintf("exp %v", bad), k.verify(k.token(t, k.with(fields{"exp": bad})), noon))
		}
		k.refused(t, "no exp", k.verify(k.token(t, k.with(fields{"exp": nil})), noon))
		fraction := k.with(fields{"exp": float64(noon.Unix()) + 59.5})
		if err := k.verify(k.token(t, fraction), noon); err != nil { // RFC 7519 §2
			t.Errorf("%s with a fraction of a second: %v", k.name, err)
		}
	}
}

func TestKJ5_IssuerAndAudience(t *testing.T) {
	t.Parallel()
	for _, k := range verifiers() {
		iss, _ := k.claims["iss"].(string)
		for _, bad := range []any{nil, iss + "/", strings.ToUpper(iss), "https://evil.example", 7, []string{iss}} {
			k.refused(t, fmt.Sprintf("iss %v", bad), k.verify(k.token(t, k.with(fields{"iss": bad})), noon))
		}
		for _, bad := range []any{nil, "", []string{}, 7, []any{1}, []any{issuer, nil}, fields{}} {
			k.refused(t, fmt.Sprintf("aud %v", bad), k.verify(k.token(t, k.with(fields{"aud": bad})), noon))
		}
	}
}

func TestCA3_ClientAssertions(t *testing.T) {
	t.Parallel()
	k := verifiers()[2]
	for _, c := range []struct {
		name    string
		changes fields
		ok      bool
	}{
		{"aud is the token endpoint", fields{"aud": tokenEndpoint}, true},
		{"aud is an array with the issuer", fields{"aud": []string{"https://other.example", issuer}}, true},
		{"aud is an array without it", fields{"aud": []string{"https://other.example"}}, false},
		{"aud is the PAR endpoint", fields{"aud": issuer + "/par"}, false},
		{"aud merely begins with the issuer", fields{"aud": issuer + ".evil.example"}, false},
		{"sub is missing", fields{"sub": nil}, false},
		{"sub is somebody else", fields{"sub": "https://other.example"}, false},
		{"iss is somebody else", fields{"iss": "https://other.example"}, false},
		{"both are somebody else", fields{"iss": "https://other.example", "sub": "https://other.example"}, false},
		{"jti is missing", fields{"jti": nil}, false},
		{"jti is empty", fields{"jti": ""}, false},
		{"jti has 256 bytes", fields{"jti": strings.Repeat("j", 256)}, true},
		{"jti has 257 bytes", fields{"jti": strings.Repeat("j", 257)}, false},
		{"iat is missing", fields{"iat": nil}, true},
	} {
		err := k.verify(k.token(t, k.with(c.changes)), noon)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	strict := k.token(t, k.with(fields{"aud": tokenEndpoint}))
	if _, err := VerifyClientAssertion(strict, clientSet(), client, []string{issuer}, noon); err == nil {
		t.Error("a strict server accepts the token endpoint as aud")
	}
	if _, err := VerifyClientAssertion(k.token(t, k.with(fields{"iss": "", "sub": ""})), clientSet(), "", []string{issuer}, noon); err == nil {
		t.Error("the empty client_id authenticates")
	}
	a, err := VerifyClientAssertion(k.token(t, k.claims), clientSet(), client, []string{issuer}, noon)
	if err != nil || a.JTI != "j2" || a.Exp != noon.Add(time.Minute).Unix() {
		t.Errorf("assertion %+v, %v", a, err)
	}
	peek, err := PeekClientAssertion(k.token(t, k.claims))
	if err != nil || *peek != (Peek{Iss: client, Sub: client, KID: key(keys.ES256).KID, Alg: keys.ES256}) {
		t.Errorf("peek %+v, %v", peek, err)
	}
	stranger := forge(t, newKey(t), `{"alg":"ES256","kid":"new"}`, `{}`)
	if err := k.verify(stranger, noon); !errors.Is(err, ErrUnknownKey) {
		t.Errorf("unknown kid: %v", err)
	}
}

func TestRequestObjects(t *testing.T) {
	t.Parallel()
	k := verifiers()[3]
	for _, c := range []struct {
		cite    string
		changes fields
		ok      bool
	}{
		{"RFC 9101 §4: aud is an array", fields{"aud": []string{"https://other.example", issuer}}, true},
		{"RFC 9101 §4: aud is the token endpoint", fields{"aud": tokenEndpoint}, false},
		{"RFC 9101 §4: request inside", fields{"request": "x"}, false},
		{"RFC 9101 §4: request_uri inside", fields{"request_uri": "urn:x"}, false},
		{"RFC 9101 §5: another client_id inside", fields{"client_id": "https://other.example"}, false},
		{"RFC 9101 §5: client_id is not a string", fields{"client_id": []string{client}}, false},
		{"RFC 9101 §5: no client_id inside", fields{"client_id": nil}, true},
		{"RFC 9101 §10.8: sub is the client", fields{"sub": client}, false},
		{"RFC 9101 §10.8: sub is somebody", fields{"sub": "alice"}, true},
	} {
		if err := k.verify(k.token(t, k.with(c.changes)), noon); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.cite, err)
		}
	}
	m, err := VerifyRequestObject(k.token(t, k.claims), clientSet(), client, issuer, noon)
	if err != nil || string(m["response_type"]) != `"code"` {
		t.Errorf("request object %v, %v", m, err)
	}
}

func TestAccessTokensLackNothing(t *testing.T) {
	t.Parallel()
	k := verifiers()[1]
	for _, name := range []string{"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} { // RFC 9068 §2.2
		k.refused(t, "no "+name, k.verify(k.token(t, k.with(fields{name: nil})), noon))
	}
	for _, bad := range []fields{{"scope": []string{"openid"}}, {"cnf": "x"}, {"cnf": fields{"jkt": 1}}, {"act": fields{"sub": 1}}, {"sid": nil, "gid": 7}} {
		k.refused(t, fmt.Sprint(bad), k.verify(k.token(t, k.with(bad)), noon))
	}
}
