package screens

import (
	"html/template"
	"slices"
)

// LogoutConfirmPage asks before a session ends. It posts scope=device or
// scope=everywhere, or action=cancel, and r to {base}/signout.
type LogoutConfirmPage struct {
	Common
	App        string // which application asks; may be empty
	Who        Person
	Devices    int  // live sessions of the account, for "everywhere"
	Everywhere bool // preselected: the primary button
	Request    string
}

func (LogoutConfirmPage) file() string { return "logout.html" }

// HasForm is true.
func (LogoutConfirmPage) HasForm() bool { return true }

// SignedOutPage is the end of a logout without a return address, or before a
// click to one.
type SignedOutPage struct {
	Common
	App            string
	Everywhere     bool   // all sessions of the account ended
	ReturnRejected bool   // the application's return address was not accepted; it is not shown
	ReturnURL      string // accepted; of a client that registered itself unless Direct: shown with its host
	Direct         bool   // goes on to ReturnURL by itself once all applications are told
	HomeURL        string // the client's home, when known: https or http
	Apps           []string
	Frames         []Frame
	MoreApps       int // applications for which there was no room
}

// Frame loads the address by which one of the page's Apps learns of the logout.
type Frame struct {
	App         int // index into Apps
	URL, Origin string
}

// Source is the address, "" when it is none of the web.
func (f Frame) Source() template.URL { return trustedLink(f.URL) }

// Name is the application's.
func (p SignedOutPage) Name(f Frame) string { return p.Apps[f.App] }

// frames implements framing.
func (p SignedOutPage) frames() []string {
	var out []string
	for _, f := range p.Frames {
		if !slices.Contains(out, f.Origin) {
			out = append(out, f.Origin)
		}
	}
	return out
}

func (SignedOutPage) file() string { return "signed_out.html" }

// Return is the return address as a link, "" when there is none.
func (p SignedOutPage) Return() template.URL { return trustedLink(p.ReturnURL) }

// ReturnHost is the host that the return address leads to.
func (p SignedOutPage) ReturnHost() string { return hostOf(p.ReturnURL) }

// StillSignedInPage is the end of a logout that was cancelled.
type StillSignedInPage struct {
	Common
	App     string
	HomeURL string // the client's home, when known
}

func (StillSignedInPage) file() string { return "still.html" }
