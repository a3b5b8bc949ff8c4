package sqlstore

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
)

// fullSpec is a grant with every member but claims.
var fullSpec = grant.Spec{
	SID: "0123456789abcdef", RedirectURI: "https://app.example.com/callback?a=b", CodeChallenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
	Nonce: "n-0S6_WzA2Mj", Scope: []string{"openid", "profile", "email"}, Resource: []string{"https://api.example.com"},
	AuthTime: 1767225600000000, Level: 2, AMR: []string{"pwd", "otp"}, Offline: true,
}

func TestGrantsAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	withClaims, odd, quoted := fullSpec, fullSpec, fullSpec
	withClaims.Claims = &oidc.ClaimsRequest{}
	odd.Nonce, odd.RedirectURI = "Grüße 日本", "https://app.example.com/?a=1&b=<2>"
	quoted.Nonce = "a\"b\\c\n"
	for name, c := range map[string]struct {
		spec grant.Spec
		fast bool
	}{
		"every member":   {fullSpec, true},
		"hardly any":     {grant.Spec{Scope: []string{"openid"}}, true},
		"none":           {grant.Spec{}, true},
		"an empty scope": {grant.Spec{Scope: []string{}}, true},
		"claims":         {withClaims, false},
		"other letters":  {odd, false},
		"escapes":        {quoted, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(&c.spec)
			if err != nil {
				t.Fatal(err)
			}
			var got, fast grant.Spec
			if err := readSpec(string(text), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.spec, got); diff != "" {
				t.Error(diff)
			}
			if r := (specReader{rest: string(text)}); r.spec(&fast) != c.fast {
				t.Errorf("%s: the short way is taken: %t", text, !c.fast)
			}
		})
	}
}

// FuzzSpec: what the short way reads, it reads as the general decoder does.
func FuzzSpec(f *testing.F) {
	for _, s := range []grant.Spec{fullSpec, {}, {Scope: []string{}}} {
		text, err := json.Marshal(&s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, s := range []string{`{"level":01}`, `{"level":-1}`, `{"level":-0}`, `{"level":+1}`, `{"scope":["a",]}`, `{"scope":["a" ]}`, `{"scope":null}`, `{"amr":["a"],"amr":[]}`, `{"offline":true,}`, `{,}`, `{"sid":"a"}}`, `{"auth_time":99999999999999999999}`, `{"SID":"a"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var fast, want grant.Spec
		if r := (specReader{rest: text}); !r.spec(&fast) {
			return
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%s: not JSON: %v", text, err)
		}
		if diff := cmp.Diff(want, fast); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	})
}

func BenchmarkReadSpec(b *testing.B) {
	text, _ := json.Marshal(&fullSpec)
	b.ReportAllocs()
	for b.Loop() {
		var s grant.Spec
		if err := readSpec(string(text), &s); err != nil {
			b.Fatal(err)
		}
	}
}

func TestProfilesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile account.Profile
		fast    bool
	}{
		"claims":        {account.Profile{Claims: map[string]string{"given_name": "Ada", "family_name": "Lovelace"}}, true},
		"one":           {account.Profile{Claims: map[string]string{"locale": "en-GB"}}, true},
		"none":          {account.Profile{}, false},
		"other letters": {account.Profile{Claims: map[string]string{"given_name": "José"}}, false},
		"escapes":       {account.Profile{Claims: map[string]string{"nickname": "a\"b<c>"}}, false},
		"an address":    {account.Profile{Claims: map[string]string{"locale": "en"}, Address: json.RawMessage(`{"country":"GB"}`)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(c.profile)
			if err != nil {
				t.Fatal(err)
			}
			var got, fast account.Profile
			if err := readProfile(string(text), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.profile, got); diff != "" {
				t.Error(diff)
			}
			if r := (specReader{rest: string(text)}); r.profile(&fast) != c.fast {
				t.Errorf("%s: the short way is taken: %t", text, !c.fast)
			}
		})
	}
}

// FuzzProfile: what the short way reads, it reads as the general decoder does.
func FuzzProfile(f *testing.F) {
	for _, s := range []string{`{"claims":{"a":"b","c":"d"}}`, `{"claims":{}}`, `{"claims":{"a":"b","a":"c"}}`, `{"claims":{"a":"b",}}`, `{"claims":{"a":1}}`, `{"claims":null}`, `{"claims":{"a":"b"},"x":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var fast, want account.Profile
		if r := (specReader{rest: text}); !r.profile(&fast) {
			return
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatalf("%s: not JSON: %v", text, err)
		}
		if diff := cmp.Diff(want, fast); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	})
}
