package screens

import (
	"net/netip"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/session"
)

func mailFixtures(c Common, v values) []fixture {
	app, mail, r := v.say("Orders"), v.say("ada@example.com"), v.say("sealed")
	check := CheckMailPage{Common: c, Purpose: "register", Address: mail, Action: "/acme/register/code", Asked: r, Request: r,
		Wait: 55 * time.Second, OtherURL: "/acme/register?r=" + r, Cancel: true}
	with := func(purpose string, n MailNotice) CheckMailPage {
		p := check
		p.Purpose, p.Notice, p.RetryAfter, p.Wait = purpose, n, 40*time.Second, 0
		return p
	}
	link := LinkPage{Common: c, Purpose: "register", Address: mail, Action: "/acme/register/link", Held: r, Request: r}
	elsewhere, wrong := link, link
	elsewhere.Purpose, elsewhere.AsksPassword, elsewhere.Request = "verify", true, ""
	wrong.AsksPassword, wrong.Notice = true, NoticeWrongPair
	forgot := ForgotPage{Common: c, Request: r, SignInURL: "/acme/login?r=" + r, Cancel: true}
	bad, limited := forgot, forgot
	bad.Identifier, bad.Wrong, bad.Kind = mail, i18n.WrongInvalid, IdentifierEither
	limited.RetryAfter, limited.Identifier = 50*time.Minute, mail
	fresh := NewPasswordPage{Common: c, Address: mail, Asked: r, Request: r, MinPassword: 15}
	short, busy := fresh, fresh
	short.PasswordError, busy.Busy = i18n.WrongPasswordShort, time.Second
	ids := []string{"check-mail", "code", "code-submit", "code-resend", "cancel"}
	return []fixture{
		{"check-register", check, append(ids, "other-address")},
		{"check-reset", with("reset", MailCalm), ids},
		{"check-verify", with("verify", MailSent), append(ids, "notice")},
		{"check-wrong", with("register", MailWrong), append(ids, "notice")},
		{"check-spent", with("register", MailSpent), append(ids, "notice")},
		{"check-missing", with("reset", MailMissing), append(ids, "notice")},
		{"check-soon", with("reset", MailSoon), append(ids, "notice")},
		{"check-limited", with("reset", MailLimited), append(ids, "notice")},
		{"verify", VerifyPage{Common: c, App: app, Address: mail, Request: r, Cancel: true}, []string{"verify-send", "cancel"}},
		{"verify-limited", VerifyPage{Common: c, Address: mail, Request: r, RetryAfter: time.Hour}, []string{"verify-send", "notice"}},
		{"link", link, []string{"link-submit"}},
		{"link-elsewhere", elsewhere, []string{"link-submit", "link-password"}},
		{"link-wrong", wrong, []string{"link-submit", "link-password", "notice"}},
		{"dead-link", DeadLinkPage{Common: c, ForgotURL: "/acme/forgot-password?r=" + r, SignInURL: "/acme/login?r=" + r}, []string{"dead-link", "again", "sign-in"}},
		{"forgot", forgot, []string{"forgot-identifier", "forgot-submit", "cancel"}},
		{"forgot-wrong", bad, []string{"forgot-identifier", "forgot-identifier-wrong"}},
		{"forgot-limited", limited, []string{"forgot-identifier", "notice"}},
		{"new-password", fresh, []string{"new-password", "new-password-submit"}},
		{"new-password-short", short, []string{"new-password", "notice"}},
		{"new-password-busy", busy, []string{"new-password", "notice"}},
		{"not-me", NotMePage{Common: c, Held: r, At: fixtureNow, Agent: session.Agent{Browser: "Firefox", System: "Linux"},
			Addr: netip.MustParseAddr("203.0.113.9")}, []string{"not-me"}},
		{"not-me-done", NotMeDonePage{Common: c, ForgotURL: "/acme/forgot-password"}, []string{"not-me-done", "choose-password"}},
		{"not-me-recent", NotMeDonePage{Common: c, Recent: true, ForgotURL: "/acme/forgot-password"}, []string{"not-me-done"}},
	}
}
