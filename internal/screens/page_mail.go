package screens

import (
	"net/netip"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/session"
)

// MailNotice is what the page that waits for a code says about the last try.
type MailNotice int

// The notices.
const (
	MailCalm    MailNotice = iota
	MailWrong              // not this code
	MailSpent              // no tries left, or too old
	MailMissing            // nothing was typed
	MailSent               // a new mail is on its way; not an error
	MailLimited            // says RetryAfter
	MailSoon               // a mail was sent a moment ago: says RetryAfter
)

// CheckMailPage waits for the code of a mail, the same for everybody (RE1). It
// posts code, action=resend, action=cancel, c and r to Action.
type CheckMailPage struct {
	Common
	Purpose    string // register, verify, reset: chooses the sentence
	Address    string // as it was typed
	Action     string // path
	Asked      string // field c, sealed: which mail this is about
	Request    string
	Notice     MailNotice
	RetryAfter time.Duration // for MailLimited and MailSoon
	Wait       time.Duration // until another mail may be asked for
	OtherURL   string        // start again with another address; "" for no link
	Cancel     bool
}

func (CheckMailPage) file() string { return "check_mail.html" }

// HasForm is true.
func (CheckMailPage) HasForm() bool { return true }

// Lead says where the mail went.
func (p CheckMailPage) Lead() []i18n.Part {
	return p.Parts(i18n.Key("check.lead_"+p.Purpose), "address", p.Address)
}

// Wrong says that the code is to be corrected.
func (p CheckMailPage) Wrong() bool {
	return p.Notice == MailWrong || p.Notice == MailSpent || p.Notice == MailMissing
}

// Calm says that no error wants the focus.
func (p CheckMailPage) Calm() bool { return p.Notice == MailCalm || p.Notice == MailSent }

// WaitSeconds is Wait, rounded up; 0 when there is nothing to wait for.
func (p CheckMailPage) WaitSeconds() int {
	if p.Wait <= 0 {
		return 0
	}
	return seconds(p.Wait)
}

// NoticeText is the sentence of the notice, "" for none.
func (p CheckMailPage) NoticeText() string {
	switch p.Notice {
	case MailWrong:
		return p.T(i18n.CheckWrong)
	case MailSpent:
		return p.T(i18n.CheckSpent)
	case MailMissing:
		return p.T(i18n.CheckMissing)
	case MailSent:
		return p.T(i18n.CheckSent)
	case MailSoon:
		return p.T(i18n.CheckResendWait, "n", seconds(p.RetryAfter))
	case MailLimited:
		return p.T(i18n.NoticeThrottled, "n", minutes(p.RetryAfter))
	}
	return ""
}

// VerifyPage offers to mail a code to the account's own address. It posts r and
// action=cancel to {base}/login/verify.
type VerifyPage struct {
	Common
	App        string
	Address    string
	Request    string
	RetryAfter time.Duration // too many mails; 0: none of that
	Cancel     bool
}

func (VerifyPage) file() string { return "verify.html" }

// HasForm is true.
func (VerifyPage) HasForm() bool { return true }

// NoticeText is the sentence of the notice, "" for none.
func (p VerifyPage) NoticeText() string {
	if p.RetryAfter == 0 {
		return ""
	}
	return p.T(i18n.NoticeThrottled, "n", minutes(p.RetryAfter))
}

// LinkPage is where a mailed link leads: opening it changed nothing (RE7). It
// posts h and, in another browser than the one that asked, password to Action.
type LinkPage struct {
	Common
	Purpose      string // register or verify
	Address      string
	Action       string
	Held         string // field h, sealed
	Request      string // "" in another browser than the application's
	AsksPassword bool
	Notice       Notice // of the password
	RetryAfter   time.Duration
}

func (LinkPage) file() string { return "link.html" }

// HasForm is true.
func (LinkPage) HasForm() bool { return true }

// Title and Lead are chosen by the purpose.
func (p LinkPage) Title() string {
	if p.Purpose == "register" {
		return p.T(i18n.LinkTitleRegister)
	}
	return p.T(i18n.VerifyTitle)
}

// Lead says what the button does.
func (p LinkPage) Lead() []i18n.Part {
	return p.Parts(i18n.Key("link.lead_"+p.Purpose), "address", p.Address)
}

// Submit is the button's label.
func (p LinkPage) Submit() string {
	if p.Purpose == "register" {
		return p.T(i18n.RegisterSubmit)
	}
	return p.T(i18n.LinkSubmit)
}

// Wrong says that the password is to be corrected.
func (p LinkPage) Wrong() bool { return p.Notice == NoticeWrongPair || p.Notice == NoticeMissing }

// NoticeText is the sentence of the notice, "" for none.
func (p LinkPage) NoticeText() string {
	return noticeText(p.Common, p.Notice, p.RetryAfter, i18n.NoticeWrongPassword)
}

// DeadLinkPage says that a link or a code is good for nothing any more, and
// where to go from there.
type DeadLinkPage struct {
	Common
	ForgotURL string // each link only when it is not empty
	SignInURL string
}

func (DeadLinkPage) file() string { return "dead_link.html" }

// ForgotPage asks who wants a new password. It posts identifier, r and
// action=cancel to {base}/forgot-password.
type ForgotPage struct {
	Common
	Kind       IdentifierKind
	Identifier string
	Wrong      i18n.Key // of the identifier, "" for none
	RetryAfter time.Duration
	Request    string
	SignInURL  string
	Cancel     bool
}

func (ForgotPage) file() string { return "forgot.html" }

// HasForm is true.
func (ForgotPage) HasForm() bool { return true }

// Field names the identifier and chooses its keyboard, as the sign-in page does.
func (p ForgotPage) Field() LoginPage { return LoginPage{Common: p.Common, Kind: p.Kind} }

// NoticeText is the sentence of the notice, "" for none.
func (p ForgotPage) NoticeText() string {
	if p.RetryAfter == 0 {
		return ""
	}
	return p.T(i18n.NoticeThrottled, "n", minutes(p.RetryAfter))
}

// NewPasswordPage asks for a new password. It posts password, c or h, and r to
// {base}/forgot-password/new.
type NewPasswordPage struct {
	Common
	Address       string
	Asked, Held   string // fields c and h, sealed: the proof, one of them
	Request       string
	MinPassword   int
	PasswordError i18n.Key
	Busy          time.Duration // hashing is at its limit; 0: it is not
}

func (NewPasswordPage) file() string { return "new_password.html" }

// HasForm is true.
func (NewPasswordPage) HasForm() bool { return true }

// NoticeText is the sentence of the notice, "" for none.
func (p NewPasswordPage) NoticeText() string {
	switch {
	case p.Busy > 0:
		return p.T(i18n.NoticeBusy)
	case p.PasswordError != "":
		return p.T(p.PasswordError, "n", p.MinPassword)
	}
	return ""
}

// NotMePage shows what a mail told of, and nothing else, with one button. It
// posts h to {base}/login/not-me.
type NotMePage struct {
	Common
	Held  string
	At    time.Time
	Agent session.Agent
	Addr  netip.Addr
}

func (NotMePage) file() string { return "not_me.html" }

// HasForm is true.
func (NotMePage) HasForm() bool { return true }

// When, With and Where say what happened.
func (p NotMePage) When() string { return i18n.FormatMoment(p.Locale, p.At) }

// With is the browser.
func (p NotMePage) With() string { return i18n.FormatDevice(p.Locale, p.Agent.Browser, p.Agent.System) }

// Where is the place.
func (p NotMePage) Where() string { return i18n.FormatPlace(p.Locale, p.Addr) }

// NotMeDonePage says what the button did and leads to a new password.
type NotMeDonePage struct {
	Common
	Recent    bool // it had been done less than an hour ago
	ForgotURL string
}

func (NotMeDonePage) file() string { return "not_me_done.html" }
