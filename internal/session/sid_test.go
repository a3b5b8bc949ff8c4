package session

import (
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/secret"
)

func TestIsSID(t *testing.T) {
	t.Parallel()
	for range 100 {
		if sid := secret.Random(sidBytes); !IsSID(sid) {
			t.Errorf("%q is none", sid)
		}
	}
	for _, s := range []string{"", "ada@example.com", strings.Repeat("a", 21), strings.Repeat("a", 23), strings.Repeat("\x00", 22), strings.Repeat("é", 11)} {
		if IsSID(s) {
			t.Errorf("%q is one", s)
		}
	}
}

func TestClipKeepsWhatADatabaseTakes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                               "plain",
		"latin \xe9":                          "latin ?",
		"nul\x00":                             "nul?",
		strings.Repeat("é", 200):              strings.Repeat("é", 150),
		"x" + strings.Repeat("é", 200):        "x" + strings.Repeat("é", 149),
		strings.Repeat("a", 299) + "\xe9\xe9": strings.Repeat("a", 299) + "?",
	} {
		if got := clip(in, 300); got != want {
			t.Errorf("clip(%q) = %q", in, got)
		}
	}
}
