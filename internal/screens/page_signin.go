package screens

import (
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
)

// IdentifierKind is what a tenant lets people sign in with.
type IdentifierKind int

// The identifiers of a tenant.
const (
	IdentifierEmail IdentifierKind = iota
	IdentifierPhone
	IdentifierEither
)

// Notice is what a form says about the last attempt.
type Notice int

// The notices. NoticeWrongPair is the same for every reason (spec: sign-in §5).
const (
	NoticeNone Notice = iota
	NoticeWrongPair
	NoticeMissing   // a field was left empty
	NoticeThrottled // says RetryAfter
	NoticeBusy      // hashing is at its limit
	NoticeAgain     // a signed-in person is asked again; not an error
)

// LoginStep says which fields the screen asks for.
type LoginStep int

// Both on one screen, or identifier first.
const (
	StepBoth LoginStep = iota
	StepIdentifier
	StepPassword // shows Identifier, asks for the password
)

// LoginPage asks who it is and for the password. It posts identifier,
// password, remember, r and action=cancel to {base}/login.
type LoginPage struct {
	Common
	App             string // client_name; may be empty
	Kind            IdentifierKind
	Step            LoginStep
	Identifier      string  // what was typed, or login_hint
	Fixed           *Person // asked again: the account cannot be changed here
	Request         string  // the sealed request, field r
	Notice          Notice
	RetryAfter      time.Duration // for NoticeThrottled
	Remember        bool          // offer "keep me signed in"
	RememberChecked bool
	RegisterURL     string // each link only when it is not empty
	ForgotURL       string
	OtherURL        string // use another account
	Cancel          bool   // there is an application to cancel back to
}

func (LoginPage) file() string { return "login.html" }

// HasForm is true.
func (LoginPage) HasForm() bool { return true }

// repeats: nobody has typed anything yet.
func (p LoginPage) repeats() bool {
	return p.Identifier == "" && p.Fixed == nil && p.Notice == NoticeNone && !p.RememberChecked
}

func (p LoginPage) sealed() string { return p.Request }

// Asks says whether the identifier can be typed.
func (p LoginPage) Asks() bool { return p.Fixed == nil && p.Step != StepPassword }

// AsksPassword is false on the first screen of identifier first.
func (p LoginPage) AsksPassword() bool { return p.Fixed != nil || p.Step != StepIdentifier }

// Who is the account that the password belongs to, when it cannot be typed.
func (p LoginPage) Who() Person {
	if p.Fixed != nil {
		return *p.Fixed
	}
	return Person{Identifier: p.Identifier}
}

// Calm says that no error wants the focus.
func (p LoginPage) Calm() bool { return p.Notice == NoticeNone || p.Notice == NoticeAgain }

// Wrong says that the fields are to be corrected.
func (p LoginPage) Wrong() bool { return p.Notice == NoticeWrongPair || p.Notice == NoticeMissing }

// IdentifierLabel names the identifier field.
func (p LoginPage) IdentifierLabel() string {
	return p.T([]i18n.Key{i18n.SignInEmail, i18n.SignInPhone, i18n.SignInEmailOrPhone}[p.Kind])
}

// IdentifierType and IdentifierMode choose the keyboard.
func (p LoginPage) IdentifierType() string { return []string{"email", "tel", "text"}[p.Kind] }

// IdentifierMode is the inputmode.
func (p LoginPage) IdentifierMode() string { return []string{"email", "tel", "email"}[p.Kind] }

// NoticeText is the sentence of the notice, "" for none.
func (p LoginPage) NoticeText() string {
	return noticeText(p.Common, p.Notice, p.RetryAfter, p.wrongPair())
}

func (p LoginPage) wrongPair() i18n.Key {
	if !p.Asks() {
		return i18n.NoticeWrongPassword
	}
	return []i18n.Key{i18n.NoticeWrongEmail, i18n.NoticeWrongPhone, i18n.NoticeWrongEmailOrPhone}[p.Kind]
}

// Tone is "info" for a notice that reports no error.
func (n Notice) Tone() string {
	if n == NoticeAgain {
		return "info"
	}
	return "bad"
}

func noticeText(c Common, n Notice, wait time.Duration, wrong i18n.Key) string {
	switch n {
	case NoticeWrongPair:
		return c.T(wrong)
	case NoticeMissing:
		return c.T(i18n.NoticeMissing)
	case NoticeThrottled:
		return c.T(i18n.NoticeThrottled, "n", minutes(wait))
	case NoticeBusy:
		return c.T(i18n.NoticeBusy)
	case NoticeAgain:
		return c.T(i18n.NoticeAgain)
	}
	return ""
}

// ChoosePage asks a signed-in person which account to go on with. It posts
// choice=continue or choice=other, or action=cancel, r and asked to
// {base}/choose.
type ChoosePage struct {
	Common
	App     string
	Who     Person
	Request string
	Asked   string // who was shown, sealed, field asked
	Cancel  bool
}

func (ChoosePage) file() string { return "choose.html" }

// HasForm is true.
func (ChoosePage) HasForm() bool { return true }

// NativeContinuePage asks before an application on the device gets a code
// without anybody having typed anything (RFC 8252 §8.6). It posts action=allow
// or action=deny, r and asked to {base}/consent.
type NativeContinuePage struct {
	Common
	App     string
	Who     Person
	Request string
	Asked   string // what is asked, sealed, field asked
}

func (NativeContinuePage) file() string { return "native.html" }

// HasForm is true.
func (NativeContinuePage) HasForm() bool { return true }
