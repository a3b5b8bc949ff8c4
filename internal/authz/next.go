package authz

import (
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
)

// Step is what must happen next.
type Step int

// The steps, in the order of spec/sign-in.md §1.
const (
	Issue      Step = iota // the code, at once
	Register               // prompt=create
	Choose                 // prompt=select_account
	SignIn                 // no session, or not enough of one
	Verify                 // the identifier
	SecondStep             // TOTP, passkey, code
	Legal                  // acceptance of texts
	Profile                // required fields
	Consent                // scopes of a third-party client
	Continue               // a native client whose address anybody could claim
	Unmet                  // an essential acr that nothing here can meet
	Mismatch               // somebody else signed in than the request demands
)

// String is the step's name in tables and logs.
func (s Step) String() string {
	return [...]string{"issue", "register", "choose", "sign in", "verify", "second step", "legal",
		"profile", "consent", "continue", "unmet", "mismatch"}[s]
}

// Code is the error that prompt=none turns the step into (OIDC Core §3.1.2.6);
// "" for Issue.
func (s Step) Code() oidc.Code {
	switch s {
	case Issue:
		return ""
	case SignIn, Mismatch:
		return oidc.LoginRequired
	case Consent:
		return oidc.ConsentRequired
	case Unmet:
		return oidc.UnmetAuthenticationRequirements
	}
	return oidc.InteractionRequired
}

// freshFor is how long a sign-in satisfies prompt=login of a request that
// arrived before it.
const freshFor = 15 * time.Minute

// Facts is everything that Next looks at. Pointers are nil for "there is none".
type Facts struct {
	Request *oidc.AuthRequest
	Arrived time.Time // when the request first arrived
	Now     time.Time
	Client  *client.Client
	Scope   []string // what would be granted

	Session  *session.Session // alive
	Account  *account.Account // of the session
	Progress Progress
	Consent  []string // scopes allowed earlier
	Allowed  bool     // the person answered yes to consent or continue just now

	HintSent   bool          // id_token_hint
	HintSub    string        // whom it names, "" when it names nobody
	Registered bool          // self-registration is on
	MaxLevel   session.Level // the highest that the tenant can reach

	MustVerify     bool // identifiers have to be verified here and this one is not
	MustSecondStep bool
	MustAccept     bool // legal versions out of date
	MissingFields  bool // required profile fields
}

// Next decides what must happen next; the first rule that applies wins
// (spec/sign-in.md §1). It stores nothing and depends on nothing else, so it
// cannot loop and a replayed request is judged as if new.
func Next(f Facts) Step {
	for _, rule := range rules {
		if step, applies := rule(&f); applies {
			return step
		}
	}
	return Issue
}

var rules = []func(*Facts) (Step, bool){
	func(f *Facts) (Step, bool) { return Unmet, f.unreachable() },
	func(f *Facts) (Step, bool) {
		return Register, f.Request.Prompt.Create && f.Registered && !f.Progress.Registered
	},
	func(f *Facts) (Step, bool) {
		return Choose, f.Request.Prompt.SelectAccount && f.Session != nil && f.Account != nil && f.Progress.Chosen != f.Session.Sub
	},
	func(f *Facts) (Step, bool) { return SignIn, !f.enough() },
	func(f *Facts) (Step, bool) { return Mismatch, f.somebodyElse() },
	func(f *Facts) (Step, bool) { return Verify, f.MustVerify },
	func(f *Facts) (Step, bool) { return SecondStep, f.MustSecondStep },
	func(f *Facts) (Step, bool) { return Legal, f.MustAccept },
	func(f *Facts) (Step, bool) { return Profile, f.MissingFields },
	func(f *Facts) (Step, bool) { return Consent, f.consentNeeded() },
	func(f *Facts) (Step, bool) { return Continue, f.continueNeeded() },
}

// Fresh tells whether the person authenticated in this interaction: not before
// the request arrived and at most 15 minutes ago. It is what satisfies
// prompt=login, without anything being stored.
func (f *Facts) Fresh() bool {
	if f.Session == nil {
		return false
	}
	auth := time.UnixMicro(f.Session.AuthTime)
	return !auth.Before(f.Arrived) && f.Now.Sub(auth) <= freshFor
}

func (f *Facts) enough() bool {
	switch {
	case f.Session == nil, f.Account == nil, !f.Account.Enabled():
		return false
	case f.Session.Level < f.needLevel():
		return false
	case f.Fresh():
		return true
	case f.Request.Prompt.Login:
		return false
	case f.maxAge() >= 0 && f.Now.Sub(time.UnixMicro(f.Session.AuthTime)) > time.Duration(f.maxAge())*time.Second:
		return false
	}
	return !f.otherSub()
}

// maxAge is max_age of the request or the client's default_max_age, in seconds;
// -1 for none (OIDC Core §3.1.2.1, OIDC Registration §2).
func (f *Facts) maxAge() int64 {
	if f.Request.MaxAge < 0 && f.Client.DefaultMaxAge != nil {
		return min(*f.Client.DefaultMaxAge, longest)
	}
	return f.Request.MaxAge
}

// longest is more seconds than any session has, and no more than a
// time.Duration has room for.
const longest = 1 << 32

// otherSub tells whether the request names another account than the session's,
// or nobody.
func (f *Facts) otherSub() bool {
	if want := f.Request.Claims.RequestedSub(); want != "" && want != f.Session.Sub {
		return true
	}
	return f.HintSent && f.HintSub != f.Session.Sub
}

// somebodyElse: after a fresh sign-in the request still names another account.
// The client must not get tokens of somebody else (OIDC Core §3.1.2.1
// id_token_hint, §5.5.1 sub). A hint that names nobody is content with any
// fresh sign-in, or the person could never get in.
func (f *Facts) somebodyElse() bool {
	if want := f.Request.Claims.RequestedSub(); want != "" && want != f.Session.Sub {
		return true
	}
	return f.HintSub != "" && f.HintSub != f.Session.Sub
}

// needLevel is the level that an essential acr claim demands, 0 for none. A
// voluntary acr_values asks for nothing that is not there (spec/sign-in.md §2).
func (f *Facts) needLevel() session.Level {
	var least session.Level
	for _, v := range f.Request.Claims.EssentialACR() {
		if l := LevelOf(v); l > 0 && (least == 0 || l < least) {
			least = l
		}
	}
	return least
}

// unreachable: an essential acr was asked for and none of its values is one
// that this tenant can reach.
func (f *Facts) unreachable() bool {
	values := f.Request.Claims.EssentialACR()
	if len(values) == 0 {
		return false
	}
	least := f.needLevel()
	return least == 0 || least > f.MaxLevel
}

func (f *Facts) consentNeeded() bool {
	if f.Allowed {
		return false
	}
	if f.Request.Prompt.Consent {
		return true
	}
	if f.Client.IsFirstParty() {
		return false
	}
	return slices.ContainsFunc(f.Scope, func(s string) bool { return !slices.Contains(f.Consent, s) })
}

// continueNeeded: RFC 8252 §8.6. Any program on the device may have claimed a
// redirect address that is not https, so silent sign-on could serve an impostor.
func (f *Facts) continueNeeded() bool {
	return !f.Allowed && f.Client.Native() && f.Client.Public() &&
		!hasHTTPS(f.Request.RedirectURI) && !f.Fresh()
}

func hasHTTPS(uri string) bool { return len(uri) > 8 && uri[:8] == "https://" }

// The acr values (spec/sign-in.md §2).
const (
	acrFoyer  = "urn:foyer:acr:"
	acrAkamai = "urn:akamai-ic:nist:800-63-3:aal:"
)

// LevelOf reads an acr value of any dialect; 0 when it is none of ours.
func LevelOf(acr string) session.Level {
	switch acr {
	case acrFoyer + "1", acrAkamai + "1":
		return 1
	case acrFoyer + "2", acrAkamai + "2":
		return 2
	}
	return 0
}
