package screens

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
)

// values are the texts that fixtures are filled with: what people, operators
// and applications wrote.
type values struct {
	name string
	say  func(plain string) string
}

var plainly = values{"plain", func(s string) string { return s }}

var longly = values{"long", func(s string) string {
	return s + " " + strings.Repeat("Donaudampfschifffahrtsgesellschaft", 3) + " " + strings.Repeat("und noch etwas ", 6)
}}

var arabically = values{"rtl", func(s string) string {
	if strings.Contains(s, "@") {
		return s
	}
	return "شركة الأفق الأزرق"
}}

// polyglots break out of text, attributes, URLs, comments, titles, scripts and styles where escaping fails.
var polyglots = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`' onfocus=alert(1) autofocus x='`,
	`javascript:/*--></title></style></textarea></script></xmp><svg/onload='+/"/+/onmouseover=1/+/[*/[]/+alert(1)//'>`,
	"jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=alert() )//%0D%0A%0d%0a//</stYle/</titLe/</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=alert()//>\\x3e",
	`--><!--<base href=//evil.example>`,
	`</main></body><form action=//evil.example>`,
	`{{.Request}} {app} %s ${x}`,
	`]]>&lt;&#60;&NewLine;<a href="&#106;avascript:alert(1)">`,
	"\u202e\u2066\u0000\ufeff\x80<b>",
}

func polyglot(i int) values {
	return values{fmt.Sprintf("polyglot %d", i), func(s string) string { return s + polyglots[i] }}
}

func locale(t testing.TB, tag string) *i18n.Locale {
	t.Helper()
	l := i18n.Offered([]string{tag})[0]
	if l.Tag() != tag {
		t.Fatalf("no locale %s", tag)
	}
	return l
}

func common(t testing.TB, tag string, v values) Common {
	t.Helper()
	c := Common{
		Base:       "/acme",
		Brand:      Brand{Name: v.say("Northwind")},
		Locale:     locale(t, tag),
		RequestID:  v.say("req_8Qm4ZtYw2c"),
		PrivacyURL: "https://northwind.example/privacy?" + v.say("x"),
		TermsURL:   "https://northwind.example/terms",
	}
	for _, l := range i18n.Offered([]string{"en", "fr", "ar"}) {
		c.Locales = append(c.Locales, LocaleChoice{l.Tag(), l.Name(), "/acme/login?lang=" + l.Tag() + "&r=" + url.QueryEscape(v.say("sealed"))})
	}
	return c
}

type fixture struct {
	name string
	page Page
	ids  []string // must be there, once
}

// fixtures are all pages in all their states.
func fixtures(c Common, v values) []fixture {
	var all []fixture
	all = append(all, loginFixtures(c, v)...)
	all = append(all, signInFixtures(c, v)...)
	all = append(all, logoutFixtures(c, v)...)
	all = append(all, mailFixtures(c, v)...)
	all = append(all, profileFixtures(c, v)...)
	return append(all, statusFixtures(c, v)...)
}

func loginFixtures(c Common, v values) []fixture {
	app, mail, r := v.say("Orders"), v.say("ada@example.com"), v.say("sealed")
	ada := &Person{v.say("Ada Lovelace"), mail}
	full := LoginPage{Common: c, App: app, Request: r, RegisterURL: "register?r=" + r, ForgotURL: "forgot-password?r=" + r, Remember: true, Cancel: true}
	typed := full
	typed.Identifier, typed.RememberChecked = mail, true
	notice := func(n Notice) LoginPage {
		p := typed
		p.Notice, p.RetryAfter = n, 14*time.Minute
		return p
	}
	again := full
	again.Fixed, again.Notice, again.OtherURL, again.RegisterURL, again.Remember = ada, NoticeAgain, "login?other=1&r="+r, "", false
	first, second, either, phone := full, typed, full, full
	first.Step, second.Step, second.OtherURL = StepIdentifier, StepPassword, "login?r="+r
	second.Notice = NoticeWrongPair
	either.Kind, either.Notice, phone.Kind, phone.Notice = IdentifierEither, NoticeWrongPair, IdentifierPhone, NoticeWrongPair
	both := []string{"login-identifier", "login-password", "login-submit"}
	return []fixture{
		{"login", full, append(both, "cancel", "login-remember")},
		{"login-bare", LoginPage{Common: c, Request: r}, both},
		{"login-hint", typed, append(both, "cancel")},
		{"login-wrong", notice(NoticeWrongPair), append(both, "notice")},
		{"login-missing", notice(NoticeMissing), append(both, "notice")},
		{"login-throttled", notice(NoticeThrottled), append(both, "notice")},
		{"login-busy", notice(NoticeBusy), append(both, "notice")},
		{"login-again", again, append(both, "notice")},
		{"login-again-no-app", LoginPage{Common: c, Fixed: ada, Request: r}, both},
		{"login-first", first, []string{"login-identifier", "login-next"}},
		{"login-second", second, both},
		{"login-either", either, both},
		{"login-phone", phone, both},
	}
}

func signInFixtures(c Common, v values) []fixture {
	app, mail, r := v.say("Orders"), v.say("ada@example.com"), v.say("sealed")
	ada := Person{v.say("Ada Lovelace"), mail}
	fields := []Field{{Name: "given_name", Value: v.say("Ada"), Required: true}, {Name: "family_name", Value: v.say("Lovelace")},
		{Name: "birthdate", Value: v.say("1815-12-10")}, {Name: "phone_number", Value: v.say("+44")}, {Name: "badge", Label: v.say("Badge number"), Value: v.say("7")}}
	register := RegisterPage{Common: c, App: app, MinPassword: 15, Fields: fields[:2], Request: r, SignInURL: "login?r=" + r, Cancel: true}
	wrong := register
	wrong.Email, wrong.EmailError, wrong.PasswordError = mail, i18n.WrongEmail, i18n.WrongPasswordShort
	wrong.Fields = append([]Field(nil), fields...)
	wrong.Fields[0].Error = i18n.WrongMissing
	busy := register
	busy.Notice, busy.Fields = NoticeBusy, nil
	ids := []string{"register-email", "register-password", "register-submit"}
	return []fixture{
		{"register", register, append(ids, "field-given_name", "cancel")},
		{"register-wrong", wrong, append(ids, "notice", "field-given_name-wrong", "register-email-wrong", "register-password-wrong")},
		{"register-busy", busy, append(ids, "notice")},
		{"register-bare", RegisterPage{Common: c, MinPassword: 8}, ids},
		{"choose", ChoosePage{Common: c, App: app, Who: ada, Request: r, Cancel: true}, []string{"choose-continue", "choose-other", "cancel"}},
		{"choose-nameless", ChoosePage{Common: c, Who: Person{Identifier: mail}, Request: r}, []string{"choose-continue", "choose-other"}},
		{"native", NativeContinuePage{Common: c, App: app, Who: ada, Request: r}, []string{"consent-allow", "consent-deny"}},
		{"consent", ConsentPage{Common: c, App: app, Who: ada, Scopes: []string{"openid", "profile", "email", "orders.read"}, Request: r, Asked: r}, []string{"consent-allow", "consent-deny"}},
		{"native-no-app", NativeContinuePage{Common: c, Who: ada, Request: r}, []string{"consent-allow", "consent-deny"}},
		{"form-post", FormPostPage{Common: c, App: app, Action: "https://app.example/cb?x=" + v.say("1"), Fields: []Param{{"code", v.say("fo_ac_1")}, {"state", v.say("s")}, {"iss", "https://login.example"}}}, []string{"continue"}},
		{"form-post-get", FormPostPage{Common: c, Method: "get", Action: "/acme/endsession", Fields: []Param{{v.say("r"), r}}}, []string{"continue"}},
	}
}

func logoutFixtures(c Common, v values) []fixture {
	app, r := v.say("Orders"), v.say("sealed")
	ada := Person{v.say("Ada Lovelace"), v.say("ada@example.com")}
	ids := []string{"logout-confirm", "logout-everywhere", "cancel"}
	telling := SignedOutPage{Common: c, App: app, Direct: true, ReturnURL: "https://orders.example/bye?state=1&logout=success", Apps: []string{app, v.say("Wiki")},
		Frames: []Frame{{0, "https://orders.example/fc?a=1&b=%27&iss=https%3A%2F%2Fid.example&sid=x", "https://orders.example"}, {1, "https://wiki.example:8443/fc", "https://wiki.example:8443"}, {1, "https://wiki.example:8443/fc?sid=y", "https://wiki.example:8443"}}}
	everywhere, staying, asking := telling, telling, telling
	everywhere.Everywhere, everywhere.MoreApps = true, 3
	staying.Direct, staying.ReturnURL, staying.ReturnRejected, staying.HomeURL = false, "", true, "https://orders.example/"
	asking.Direct = false
	told := []string{"signed-out", "applications", "unsure"}
	return []fixture{
		{"logout", LogoutConfirmPage{Common: c, App: app, Who: ada, Devices: 3, Request: r}, ids},
		{"logout-everywhere", LogoutConfirmPage{Common: c, App: app, Who: ada, Devices: 11, Everywhere: true, Request: r}, ids},
		{"logout-no-app", LogoutConfirmPage{Common: c, Who: Person{Identifier: ada.Identifier}, Devices: 1, Request: r}, ids},
		{"signed-out", SignedOutPage{Common: c}, []string{"signed-out"}},
		{"signed-out-rejected", SignedOutPage{Common: c, App: app, ReturnRejected: true, HomeURL: "https://orders.example/?" + v.say("x")}, []string{"signed-out", "notice", "return"}},
		{"signed-out-everywhere", SignedOutPage{Common: c, Everywhere: true, HomeURL: "https://orders.example/"}, []string{"signed-out", "return"}},
		{"signed-out-return", SignedOutPage{Common: c, App: app, ReturnURL: "https://app.self-registered.example/bye?" + strings.ReplaceAll(v.say("state=1"), "\x00", "")}, []string{"signed-out", "return"}},
		{"signed-out-native", SignedOutPage{Common: c, ReturnURL: "com.example.app:/signed-out"}, []string{"signed-out", "return"}},
		{"signed-out-telling", telling, append(told, "return")},
		{"signed-out-telling-everywhere", everywhere, append(told, "return", "more-applications")},
		{"signed-out-telling-stays", staying, append(told, "return", "notice")},
		{"signed-out-telling-asks", asking, append(told, "return")},
		{"still", StillSignedInPage{Common: c, App: app, HomeURL: "https://orders.example/"}, []string{"still-signed-in", "return"}},
		{"still-bare", StillSignedInPage{Common: c}, []string{"still-signed-in"}},
	}
}

func statusFixtures(c Common, v values) []fixture {
	ada := &Person{v.say("Ada Lovelace"), v.say("ada@example.com")}
	detail := v.say("redirect_uri must be byte-equal to a registered value (RFC 6749 §3.1.2.3).")
	ids := []string{"error-code", "request-id"}
	nameless := c
	nameless.Brand.Name = ""
	return []fixture{
		{"error-redirect", ErrorPage{Common: c, Status: 403, Code: "unregistered_redirect_uri", Detail: detail, HomeURL: "/acme/"}, append(ids, "home")},
		{"error-client", ErrorPage{Common: c, Status: 403, Code: "unknown_client"}, ids},
		{"error-mismatch", ErrorPage{Common: c, Status: 400, Code: "client_mismatch"}, ids},
		{"error-origin", ErrorPage{Common: c, Status: 403, Code: "cross_origin", HomeURL: "/acme/"}, append(ids, "home")},
		{"error-other", ErrorPage{Common: c, Status: 400, Code: v.say("odd_code"), Detail: detail}, ids},
		{"error-forbidden", ErrorPage{Common: c, Status: 403, Code: "access_denied"}, ids},
		{"error-missing", ErrorPage{Common: c, Status: 404, Code: "no_page"}, ids},
		{"error-fault", ErrorPage{Common: c, Status: 500, Code: "oops"}, ids},
		{"error-nameless", ErrorPage{Common: nameless, Status: 500, Code: "server_error", HomeURL: "/"}, append(ids, "home")},
		{"expired", ExpiredRequestPage{Common: c}, []string{"request-id"}},
		{"rate-limited", RateLimitedPage{Common: c, RetryAfter: 15 * time.Minute, RetryURL: "/acme/login?r=" + v.say("x")}, []string{"retry"}},
		{"rate-limited-seconds", RateLimitedPage{Common: c, RetryAfter: 30 * time.Second}, nil},
		{"unavailable", UnavailablePage{Common: c, RetryURL: "/acme/login"}, []string{"retry"}},
		{"unavailable-bare", UnavailablePage{Common: nameless}, nil},
		{"home", HomePage{Common: c, Who: ada, ProfileURL: "/acme/personal-details", SignOutURL: "/acme/endsession"}, []string{"profile", "sign-out"}},
		{"home-signed-out", HomePage{Common: c, SignInURL: "/acme/login"}, []string{"sign-in"}},
		{"home-nameless", HomePage{Common: nameless, Who: ada}, nil},
	}
}
