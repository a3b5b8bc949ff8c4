package token

import (
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/keys"
)

const day = 24 * time.Hour

// newKey returns a key that nobody knows.
func newKey(t testing.TB) *keys.SigningKey {
	t.Helper()
	s := service(func() time.Time { return noon })
	must(t, s.Ensure(t.Context(), "other", keys.ES256))
	ring, err := s.Ring(t.Context(), "other")
	must(t, err)
	k, _ := ring.Signing(keys.ES256)
	return k
}

// TestLO3_HintsByAgeOfTheirKey follows one ID token through the life of its key.
func TestLO3_HintsByAgeOfTheirKey(t *testing.T) {
	t.Parallel()
	now := noon
	s := service(func() time.Time { return now })
	must(t, s.Ensure(t.Context(), "acme", keys.ES256))
	ring, err := s.Ring(t.Context(), "acme")
	must(t, err)
	k, _ := ring.Signing(keys.ES256)
	id, err := (&IDToken{Iss: issuer, Sub: "alice", Aud: "app", Iat: noon.Unix(), Exp: noon.Unix() + 60, SID: "s"}).Mint(k)
	must(t, err)
	at, err := (&AccessToken{Iss: issuer, Sub: "alice", Aud: []string{"app"}, ClientID: "app", JTI: "j", Iat: noon.Unix(), Exp: noon.Add(600 * day).Unix()}).Mint(k)
	must(t, err)
	_, err = s.Rotate(t.Context(), "acme", keys.ES256, keys.Rotation{}) // signs in 14 days
	must(t, err)
	for _, c := range []struct {
		name             string
		after            time.Duration
		hint, accessible bool
	}{
		{"signing, not expired", 0, true, true},
		{"signing, expired", day, true, true},
		{"retired", 27 * day, true, true},
		{"archived", 29 * day, true, false},
		{"archived a year", 400 * day, true, false},
		{"gone", 430 * day, false, false},
	} {
		now = noon.Add(c.after)
		ring, err := s.Ring(t.Context(), "acme")
		must(t, err)
		if _, err := VerifyHint(ring, issuer, id); (err == nil) != c.hint {
			t.Errorf("hint with a key that is %s: %v", c.name, err)
		}
		if _, err := VerifyAccessToken(ring, issuer, at, now); (err == nil) != c.accessible {
			t.Errorf("access token with a key that is %s: %v", c.name, err)
		}
	}
	now = noon.Add(29 * day)
	must(t, s.Revoke(t.Context(), "acme", k.KID))
	ring, err = s.Ring(t.Context(), "acme")
	must(t, err)
	if _, err := VerifyHint(ring, issuer, id); err == nil {
		t.Error("a hint with a revoked key was accepted")
	}
}

func TestLO3_Hints(t *testing.T) {
	t.Parallel()
	k := verifiers()[0]
	for _, c := range []struct {
		name    string
		typ     string
		changes fields
		ok      bool
	}{
		{"as issued", "JWT", nil, true},
		{"without typ", "", nil, true},
		{"expired long ago", "JWT", fields{"exp": 1, "iat": 1}, true},
		{"without sid", "JWT", fields{"sid": nil}, true},
		{"one audience in an array", "JWT", fields{"aud": []string{client}}, true},
		{"two audiences", "JWT", fields{"aud": []string{client, "https://b.example"}}, false},
		{"without sub", "JWT", fields{"sub": nil}, false},
		{"without iat", "JWT", fields{"iat": nil}, false},
		{"sid is a number", "JWT", fields{"sid": 1}, false},
		{"an event", "JWT", fields{"events": fields{}}, false},
		{"an access token", "at+jwt", nil, false},
		{"a logout token", "logout+jwt", nil, false},
		{"another issuer", "JWT", fields{"iss": issuer + "/other"}, false},
	} {
		presented := k
		presented.typ = c.typ
		if err := k.verify(presented.token(t, k.with(c.changes)), noon); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	// A key of another tenant, also under a kid of ours.
	for _, kid := range []string{newKey(t).KID, key(keys.ES256).KID} {
		raw := forge(t, newKey(t), `{"alg":"ES256","typ":"JWT","kid":"`+kid+`"}`, `{"iss":"`+issuer+`","sub":"a","aud":"b","exp":1,"iat":1}`)
		k.refused(t, "another tenant's key", k.verify(raw, noon))
	}
}
