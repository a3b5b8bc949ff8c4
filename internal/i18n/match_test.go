package i18n

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fake locales stand for catalogues that do not exist yet: matching looks at tags only.
func fake(tags ...string) []*Locale {
	var ls []*Locale
	for _, t := range tags {
		ls = append(ls, newLocale(t, english()))
	}
	return ls
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, cite string
		wanted     []string
		offered    []*Locale
		want       string // empty: none
	}{
		{"an exact tag", "RFC 4647 §3.4", []string{"fr"}, fake("en", "fr"), "fr"},
		{"case does not matter", "RFC 4647 §2", []string{"FR-ca"}, fake("en", "fr-CA"), "fr-CA"},
		{"a region falls back to its language", "RFC 4647 §3.4", []string{"fr-CA"}, fake("en", "fr"), "fr"},
		{"then to a configured variant", "sign-in.md §4", []string{"fr-CA"}, fake("en", "fr-BE"), "fr-BE"},
		{"a bare language takes a variant", "sign-in.md §4", []string{"pt"}, fake("en", "pt-BR"), "pt-BR"},
		{"the first wanted wins over the first offered", "OIDC Core §3.1.2.1", []string{"ar", "en"}, fake("en", "ar"), "ar"},
		{"what is not offered is passed over", "OIDC Core §3.1.2.1", []string{"de", "fr"}, fake("en", "fr"), "fr"},
		{"a singleton goes with its subtag", "RFC 4647 §3.4", []string{"fr-u-co-phonebk"}, fake("fr-u", "fr"), "fr"},
		{"Taiwan reads traditional characters", "CLDR likely subtags", []string{"zh-TW"}, fake("zh-Hans", "zh-Hant"), "zh-Hant"},
		{"Chinese alone reads simplified ones", "CLDR likely subtags", []string{"zh"}, fake("zh-Hant", "zh-Hans"), "zh-Hans"},
		{"some script is better than none", "sign-in.md §4", []string{"zh-HK"}, fake("zh-Hans"), "zh-Hans"},
		{"Norwegian is Bokmål here", "ISO 639 macrolanguage", []string{"no-NO"}, fake("en", "nb"), "nb"},
		{"Hebrew's old tag", "IANA preferred value", []string{"iw"}, fake("he"), "he"},
		{"bad tags are ignored", "sign-in.md §4", []string{"", "f", "fr_FR", "-", "fr-", "été", "*", "toolongsubtag", "fr"}, fake("en", "fr"), "fr"},
		{"a tag over 35 bytes is ignored", "RFC 5646 §4.4.1", []string{"fr-" + strings.Repeat("aaaaaaaa-", 4) + "aa"}, fake("fr"), ""},
		{"nothing wanted", "", nil, fake("en"), ""},
		{"se is not sv", "row E5", []string{"se"}, fake("sv", "en"), ""},
		{"only twenty are looked at", "row DS8", append(strings.Fields(strings.Repeat("de ", 20)), "fr"), fake("fr"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, ok := Match(c.wanted, c.offered)
			got := ""
			if ok {
				got = l.Tag()
			}
			if got != c.want {
				t.Errorf("got %q, want %q (%s)", got, c.want, c.cite)
			}
		})
	}
}

func TestParseAcceptLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", []string{}},
		{"fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", []string{"fr-CH", "fr", "en", "de"}},
		{"en;q=0.1,fr;q=0.123,ar;q=1.000", []string{"ar", "fr", "en"}},
		{"en;q=0,fr;q=0.0,ar", []string{"ar"}},
		{"en;q=1.1,fr;q=x,ar;q=,de;q=0.1234,it;level=1,es;q=0,5, pl ; Q=0.5", []string{"pl"}},
		{"en,fr,en-US", []string{"en", "fr", "en-US"}},
		{"en;q=2,,;, ,ar;q=.5", []string{}},
	} {
		if diff := cmp.Diff(c.want, ParseAcceptLanguage(c.in)); diff != "" {
			t.Errorf("%q: %s", c.in, diff)
		}
	}
}

func TestParseUILocales(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"fr-ca  en x !", []string{"fr-CA", "en"}},
		{"zh-hant-tw sl-ROZAJ-biske-1994", []string{"zh-Hant-TW", "sl-rozaj-biske-1994"}},
		{strings.Repeat("en ", 30), strings.Fields(strings.Repeat("en ", 20))},
		{strings.Repeat("x", 5000), nil},
	} {
		if diff := cmp.Diff(c.want, ParseUILocales(c.in)); diff != "" {
			t.Errorf("%.40q: %s", c.in, diff)
		}
	}
}

// DS8: a header at the size limit costs no more than a short one.
func TestDS8_LocaleParsersAreBounded(t *testing.T) {
	t.Parallel()
	offered := Offered(nil)
	for _, unit := range []string{"en-US;q=0.5,", ",", ";", "a", "-", "q=", "fr ", " ", "é", "a-b-c-"} {
		huge := strings.Repeat(unit, 1<<20/len(unit))
		fastest := time.Hour
		for range 5 { // the best of five: other work on the machine is not our cost
			start := time.Now()
			Match(ParseAcceptLanguage(huge), offered)
			Match(ParseUILocales(huge), offered)
			Negotiate(Negotiation{Menu: huge, Cookie: huge, ClientDefault: huge, Offered: offered})
			fastest = min(fastest, time.Since(start))
		}
		if fastest > time.Millisecond {
			t.Errorf("1 MiB of %q took %v", unit, fastest)
		}
	}
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	all := []string{"en", "fr", "ar"}
	for _, c := range []struct {
		name     string
		in       Negotiation
		want     string
		remember bool
	}{
		{"the first of ui_locales that is offered wins and is remembered", Negotiation{UILocales: "de fr-CA ar", Cookie: "ar", AcceptLanguage: "en"}, "fr", true},
		{"the menu wins over the parameter and is remembered", Negotiation{Menu: "ar", UILocales: "fr", Cookie: "en"}, "ar", true},
		{"the remembered choice comes next", Negotiation{Cookie: "ar", AcceptLanguage: "fr", ClientDefault: "en"}, "ar", false},
		{"then the browser's languages", Negotiation{AcceptLanguage: "de, fr;q=0.5, ar;q=0.9", ClientDefault: "en"}, "ar", false},
		{"then the client's default", Negotiation{AcceptLanguage: "de", ClientDefault: "fr-BE", TenantDefault: "ar"}, "fr", false},
		{"then the tenant's default", Negotiation{ClientDefault: "tlh", TenantDefault: "ar"}, "ar", false},
		{"then the first offered", Negotiation{}, "en", false},
		{"a parameter that matches nothing remembers nothing", Negotiation{UILocales: "tlh !! x", Cookie: "fr"}, "fr", false},
		{"garbage everywhere is the default", Negotiation{Menu: "\x00", UILocales: "\xff", Cookie: "../..", AcceptLanguage: ";;", TenantDefault: "fr"}, "fr", false},
		{"a menu choice that is not offered is ignored", Negotiation{Menu: "de", UILocales: "fr"}, "fr", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.in.Offered = Offered(all)
			l, remember := Negotiate(c.in)
			if l.Tag() != c.want || remember != c.remember {
				t.Errorf("got %s, %v; want %s, %v", l.Tag(), remember, c.want, c.remember)
			}
		})
	}
	if l, _ := Negotiate(Negotiation{UILocales: "ar"}); l.Tag() != "ar" {
		t.Errorf("an empty offer is not every language: %s", l.Tag())
	}
}

// E5: whatever comes in, the result is an offered tag of cookie size.
func TestE5_NegotiationAlwaysEndsAtAnOfferedTag(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	offered := fake("en", "fr-CA", "zh-Hant", "pt-BR")
	alphabet := []string{"en", "fr", "zh", "Hant", "TW", "-", "-", ",", ";q=", "0.5", " ", "*", "x", "i-klingon", "se", "1996", "\x00", "é"}
	random := func() string {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 10_000 {
		in := Negotiation{Menu: random(), UILocales: random(), Cookie: random(), AcceptLanguage: random(), ClientDefault: random(), TenantDefault: random(), Offered: offered}
		l, _ := Negotiate(in)
		found := false
		for _, o := range offered {
			found = found || o == l
		}
		if !found || len(l.Tag()) > maxTagBytes {
			t.Fatalf("%+v gave %v", in, l)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("fr-CA", "fr")
	f.Add("zh-TW", "zh-Hant")
	f.Add("-", "x-y")
	f.Fuzz(func(t *testing.T, wanted, offeredTag string) {
		tag, ok := canonical(offeredTag)
		if !ok {
			return
		}
		if again, ok := canonical(tag); !ok || again != tag {
			t.Errorf("canonical form of %q is not stable: %q", tag, again)
		}
		if l, ok := Match([]string{wanted}, fake(tag)); ok && l.Tag() != tag {
			t.Errorf("matched %q, which was not offered", l.Tag())
		}
		if _, ok := Match([]string{offeredTag}, fake(tag)); !ok {
			t.Errorf("%q does not match itself", offeredTag)
		}
	})
}

func FuzzParseAcceptLanguage(f *testing.F) {
	f.Add("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5")
	f.Add(";q=1.000,,")
	f.Fuzz(func(t *testing.T, h string) { checkTags(t, ParseAcceptLanguage(h)) })
}

func FuzzParseUILocales(f *testing.F) {
	f.Add("fr-CA fr en")
	f.Add("  x é ")
	f.Fuzz(func(t *testing.T, s string) { checkTags(t, ParseUILocales(s)) })
}

func checkTags(t *testing.T, tags []string) {
	t.Helper()
	if len(tags) > maxTags {
		t.Errorf("%d tags", len(tags))
	}
	for _, tag := range tags {
		if c, ok := canonical(tag); !ok || c != tag {
			t.Errorf("%q is not a canonical tag", tag)
		}
	}
}
