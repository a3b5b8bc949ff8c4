package oidc

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestDS8_FieldsKeepTheFirstOfEachWordInLinearTime(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 3000 {
		many = append(many, fmt.Sprintf("%x", i))
	}
	for name, c := range map[string]struct{ in, want []string }{
		"none":                 {nil, nil},
		"only spaces":          {[]string{"", "", ""}, nil},
		"order":                {[]string{"b", "a", "b", "c"}, []string{"b", "a", "c"}},
		"more than a few":      {many, many},
		"each of them twice":   {append(slices.Clone(many), many...), many},
		"a repeat at the edge": {append(slices.Clone(many[:fewFields]), many[0], many[fewFields], many[fewFields], many[1]), many[:fewFields+1]},
	} {
		if got := Fields(strings.Join(c.in, " ")); !slices.Equal(got, c.want) {
			t.Errorf("%s: %d words %.80q, want %d", name, len(got), got, len(c.want))
		}
	}
}

func BenchmarkFieldsOfTheLongestValue(b *testing.B) {
	var long strings.Builder
	for i := 0; long.Len() < MaxValue-4; i++ {
		fmt.Fprintf(&long, "%x ", i)
	}
	for b.Loop() {
		Fields(long.String())
	}
}

func FuzzParseAuthRequest(f *testing.F) {
	f.Add("client_id=web&scope=openid+email&state=%00&max_age=0&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%7D%7D%7D")
	f.Add("prompt=login+none&prompt=&resource=a&resource=b&x")
	f.Fuzz(func(t *testing.T, encoded string) {
		form, err := ParseForm(encoded)
		if err != nil {
			return
		}
		r, refusal := ParseAuthRequest(form)
		if len(r.State) > MaxState || len(r.Scope) == 0 {
			t.Errorf("state of %d bytes, %d scopes", len(r.State), len(r.Scope))
		}
		if refusal != nil && strings.ContainsFunc(refusal.Description, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
			t.Errorf("error_description cannot be sent (RFC 6749 §5.2): %q", refusal.Description)
		}
		again, err := ParseForm(form.Encode()) // as it travels, sealed
		if err != nil || again.Encode() != form.Encode() {
			t.Errorf("%q does not survive its encoding: %v", encoded, err)
		}
	})
}
