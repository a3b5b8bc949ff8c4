package i18n

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func localeOf(t *testing.T, tag string) *Locale {
	t.Helper()
	l := Offered([]string{tag})[0]
	if l.Tag() != tag {
		t.Fatalf("no locale %s", tag)
	}
	return l
}

func tagsOf(ls []*Locale) []string {
	var tags []string
	for _, l := range ls {
		tags = append(tags, l.Tag())
	}
	return tags
}

func TestOffered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		in   []string
		want []string
	}{
		{"nothing configured means every language", nil, tagsOf(Offered([]string{"ar", "en", "fr"}))},
		{"the tenant's order is kept", []string{"fr", "en"}, []string{"fr", "en"}},
		{"a region is kept and made canonical", []string{"EN-us", "fr-CA"}, []string{"en-US", "fr-CA"}},
		{"unknown, malformed and repeated tags are dropped", []string{"tlh", "x", "", "fr", "FR"}, []string{"fr"}},
		{"nothing usable leaves English", []string{"tlh"}, []string{"en"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, tagsOf(Offered(c.in))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLocaleSays(t *testing.T) {
	t.Parallel()
	en, fr, ar := localeOf(t, "en"), localeOf(t, "fr"), localeOf(t, "ar")
	for _, c := range []struct{ got, want string }{
		{en.Name(), "English"}, {fr.Name(), "Français"}, {ar.Name(), "العربية"},
		{en.Dir(), "ltr"}, {fr.Dir(), "ltr"}, {ar.Dir(), "rtl"},
		{en.T(SignInTitle), "Sign in"},
		{en.T(SignInLead, "app", "Orders"), "to continue to Orders"},
		{en.T(SignInLead), "to continue to {app}"},
		{en.T(SignInLead, "app"), "to continue to {app}"},
		{en.T(LayoutReference, "id", 7), "Reference: 7"},
		{en.T(LayoutReference, "id", int64(7)), "Reference: 7"},
		{en.T(Key("no.such")), "no.such"},
		{en.T(TimeMinutes, "n", 1), "1 minute ago"},
		{en.T(TimeMinutes, "n", int64(3)), "3 minutes ago"},
		{en.T(TimeMinutes, "n", -1), "-1 minute ago"},
		{fr.T(LogoutEverywhere, "n", 0), "Se déconnecter partout"},
		{fr.T(LogoutEverywhere, "n", 3), "Se déconnecter partout (3 appareils)"},
		{ar.T(TimeDays, "n", 2), "قبل يومين"},
		{ar.T(TimeDays, "n", 3), "قبل 3 أيام"},
		{ar.T(TimeDays, "n", 11), "قبل 11 يومًا"},
		{ar.T(TimeDays, "n", 100), "قبل 100 يوم"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	want := []Part{{"to continue to ", false}, {"Orders", true}}
	if diff := cmp.Diff(want, en.Parts(SignInLead, "app", "Orders")); diff != "" {
		t.Error(diff)
	}
	us := localeOf(t, "en-US")
	if us.Language() != "en" {
		t.Errorf("en-US is served by %q", us.Language())
	}
	for key, fixed := range map[Key]bool{SignInTitle: true, SignInLead: false, TimeMinutes: false, "no.such": false} {
		if text, ok := us.Fixed(key); ok != fixed || ok && text != us.T(key) {
			t.Errorf("%s: fixed %v, %q", key, ok, text)
		}
	}
	if !Has(SignInTitle) || Has("no.such") {
		t.Error("Has does not know the keys")
	}
}

func TestFormatTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		tag  string
		ago  time.Duration
		want string
	}{
		{"en", 0, "just now"},
		{"en", -30 * time.Second, "just now"},
		{"en", -48 * time.Hour, "22 November 2026"},
		{"en", 90 * time.Second, "1 minute ago"},
		{"en", 2*time.Hour + time.Minute, "2 hours ago"},
		{"en", 25 * time.Hour, "yesterday"},
		{"en", 35 * time.Hour, "2 days ago"}, // 23:00 on the 18th: 35 hours, two calendar days
		{"en", 6 * 24 * time.Hour, "6 days ago"},
		{"en", 7 * 24 * time.Hour, "13 November 2026"},
		{"fr", 2 * time.Hour, "il y a 2 heures"},
		{"fr", 19 * 24 * time.Hour, "1er novembre 2026"},
		{"fr", 20 * 24 * time.Hour, "31 octobre 2026"},
		{"ar", 2 * time.Hour, "قبل ساعتين"},
		{"ar", 30 * 24 * time.Hour, "21 أكتوبر 2026"},
	} {
		if got := FormatTime(localeOf(t, c.tag), now.Add(-c.ago), now); got != c.want {
			t.Errorf("%s, %v ago: got %q, want %q", c.tag, c.ago, got, c.want)
		}
	}
	east := time.FixedZone("", 14*3600)
	if got := FormatDate(localeOf(t, "en"), now.In(east)); got != "21 November 2026" {
		t.Errorf("the date is not that of the time's location: %s", got)
	}
}
