package secret

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTK9_OpaqueTokensMatchWhole(t *testing.T) {
	t.Parallel()
	o := New(RefreshToken, noon)
	s := o.Reveal()
	got, ok := Parse(RefreshToken, s)
	if !ok || got != o || got.Hash() != o.Hash() {
		t.Fatalf("Parse(%q) = %v, %v", s, got, ok)
	}
	for name, bad := range map[string]string{
		"truncated":     s[:len(s)-1],
		"padded":        s + "=",
		"appended":      s + "A",
		"upper case":    strings.ToUpper(s),
		"space":         " " + s,
		"other kind":    strings.Replace(s, "fo_rt_", "fo_at_", 1),
		"no dot":        strings.Replace(s, ".", "_", 1),
		"empty":         "",
		"NUL":           s[:len(s)-1] + "\x00",
		"selector zero": "fo_rt_" + FormatSelector(0) + s[len("fo_rt_")+selectorChars:],
	} {
		if p, ok := Parse(RefreshToken, bad); ok && p.Hash() == o.Hash() {
			t.Errorf("%s: %q was accepted", name, bad)
		}
	}
	if _, ok := Parse(AccessToken, s); ok {
		t.Error("a refresh token parsed as an access token")
	}
	if strings.Contains(o.String(), s[10:20]) {
		t.Error("String reveals the secret")
	}
}

func TestSelectorsGrowWithTime(t *testing.T) {
	t.Parallel()
	a, b := NewSelector(noon), NewSelector(noon.Add(time.Millisecond))
	if a <= 0 || b <= a {
		t.Fatalf("selectors %d, %d do not grow", a, b)
	}
	if got, ok := ParseSelector(FormatSelector(a)); !ok || got != a {
		t.Fatalf("ParseSelector(FormatSelector(%d)) = %d, %v", a, got, ok)
	}
	if far := NewSelector(time.Date(2240, 1, 1, 0, 0, 0, 0, time.UTC)); far <= b {
		t.Fatalf("a selector of 2240 is %d: overflow", far)
	}
}

func TestSealOpensOnlyForItsPurpose(t *testing.T) {
	t.Parallel()
	s := NewSealer(DeriveKey([]byte("master"), "request"))
	box := s.Seal("acme", "authorize", []byte("plain"))
	if got, err := s.Open("acme", "authorize", box); err != nil || !bytes.Equal(got, []byte("plain")) {
		t.Fatalf("Open = %q, %v", got, err)
	}
	other := NewSealer(DeriveKey([]byte("master"), "keys"))
	for name, open := range map[string]func() ([]byte, error){
		"other tenant":  func() ([]byte, error) { return s.Open("acm", "eauthorize", box) },
		"other purpose": func() ([]byte, error) { return s.Open("acme", "endsession", box) },
		"other key":     func() ([]byte, error) { return other.Open("acme", "authorize", box) },
		"truncated":     func() ([]byte, error) { return s.Open("acme", "authorize", box[:20]) },
	} {
		if _, err := open(); err != ErrSealed {
			t.Errorf("%s: err = %v, want ErrSealed", name, err)
		}
	}
	for i := range box {
		bad := bytes.Clone(box)
		bad[i] ^= 1
		if _, err := s.Open("acme", "authorize", bad); err != ErrSealed {
			t.Fatalf("bit flip at %d: err = %v", i, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(New(AuthCode, noon).Reveal())
	f.Add("fo_ac_.")
	f.Fuzz(func(t *testing.T, s string) {
		if o, ok := Parse(AuthCode, s); ok && o.Reveal() != s {
			t.Fatalf("%q was read as %q", s, o.Reveal())
		}
	})
}
