package account

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPW1_Length(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		pw   string
		min  int
		want []Problem
	}{
		{"fourteen characters where fifteen are asked", "xkq vbz mwp rt", 15, []Problem{TooShort}},
		{"fifteen characters", "xkq vbz mwp rtj", 15, nil},
		{"seven characters where eight are asked", "xkqvbzm", 8, []Problem{TooShort}},
		{"eight characters", "xkqvbzmw", 8, nil},
		{"characters are code points, not bytes", "ñandúñáü", 8, nil},
		{"and are counted after composition", "e\u0301a\u0301o\u0301u\u0301", 8, []Problem{TooShort}},
		{"a thousand and twenty-four bytes", strings.Repeat("xkq vbz mwp rtj!", 63) + "a different end!", 15, nil},
		{"one more", strings.Repeat("xkq vbz mwp rtj!", 63) + "a different end!!", 15, []Problem{TooLong}},
		{"bytes that are no text", "xkqvbzmw\xff\xfe", 8, []Problem{NotText}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, CheckNew(c.pw, Policy{c.min})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestPW2_AnyCharacterNoComposition(t *testing.T) {
	t.Parallel()
	for _, pw := range []string{
		"all lower case letters", "ALLUPPERCASEXQJ", "8301948572610394", "🦊🐢🦉🐙🦔🐝🦩🐬🦥🐞🦚🐳🦦🐌🦜",
		"nul\x00 inside the text", "\t tabs and spaces \t",
	} {
		if got := CheckNew(pw, Policy{15}); got != nil {
			t.Errorf("%q: %v", pw, got)
		}
	}
}

func TestPW3_CommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/top3000.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	if len(lines) != 3000 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, pw := range lines {
		for _, form := range []string{pw, strings.ToUpper(pw)} {
			if diff := cmp.Diff([]Problem{CommonWord}, CheckNew(form, Policy{1})); diff != "" {
				t.Errorf("%q (-want +got)\n%s", form, diff)
			}
		}
	}
	for _, pw := range []string{
		"password1234567", "PasswordPassword", "Password2026!", "123456789012345", "aaaaaaaaaaaaaaaa",
		"abcdefghijklmnop", "abcabcabcabcabc", "98765432109876543", "iloveyou123456789", "qwertyuiopqwertyuiop",
	} {
		if diff := cmp.Diff([]Problem{CommonWord}, CheckNew(pw, Policy{8})); diff != "" {
			t.Errorf("%q (-want +got)\n%s", pw, diff)
		}
	}
	for _, pw := range []string{"correct battery staple", "tonight we ride at dawn", "dragon egg omelette", "xkqvbzmw"} {
		if got := CheckNew(pw, Policy{8}); got != nil {
			t.Errorf("%q: %v", pw, got)
		}
	}
}

func TestPW3_ContextWordsAreRefused(t *testing.T) {
	t.Parallel()
	context := []string{"Foyer", "Zürich Ballet & Opera", "wilhelmina.ostergaard@kupferberg.example", "Wilhelmina", "Østergaard", "", "X"}
	for _, pw := range []string{
		"Foyer2026!Foyer", "foyerfoyerfoyer", "ZÜRICH zürich-ballet 99", "wilhelmina-østergaard", "ØSTERGAARD19871987",
		"Kupferberg Kupferberg", "__Wilhelmina__1987__", "ｆｏｙｅｒ　ｆｏｙｅｒ　ｆｏｙｅｒ",
	} {
		if diff := cmp.Diff([]Problem{ContextWord}, CheckNew(pw, Policy{8}, context...)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", pw, diff)
		}
	}
	for _, pw := range []string{"the foyer has nine green lamps", "ballet shoes in the rain", "xkqvbzmw"} {
		if got := CheckNew(pw, Policy{8}, context...); got != nil {
			t.Errorf("%q: %v", pw, got)
		}
	}
}

func TestDS2_LongPasswordIsRefusedBeforeHashing(t *testing.T) {
	t.Parallel()
	h, err := NewHasher(HasherOptions{Now: func() time.Time { t.Error("hashed"); return time.Time{} }})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 10<<20)
	if _, err := h.Hash(t.Context(), long); err != ErrPasswordTooLong {
		t.Errorf("Hash: %v", err)
	}
	if _, err := h.Verify(t.Context(), "", long); err != ErrPasswordTooLong {
		t.Errorf("Verify: %v", err)
	}
	if err := h.VerifyDummy(t.Context(), long); err != ErrPasswordTooLong {
		t.Errorf("VerifyDummy: %v", err)
	}
	if got := CheckNew(long, Policy{8}); !cmp.Equal(got, []Problem{TooLong}) {
		t.Errorf("CheckNew: %v", got)
	}
}

func BenchmarkCheckNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		CheckNew("tonight we ride at dawn", Policy{15}, "Foyer", "Acme Bank", "ada@example.com")
	}
}
