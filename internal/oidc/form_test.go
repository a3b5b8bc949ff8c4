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
