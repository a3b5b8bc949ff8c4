package screens

import (
	"html/template"
	"net/netip"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/session"
)

// ProfilePage is the menu of the person's own pages. It posts action (an item's
// name, or back), r and asked to {base}/personal-details.
type ProfilePage struct {
	Common
	Who     Person
	App     string // that sent the person here; may be empty
	Links   []ProfileItem
	Buttons []ProfileItem
	Returns bool   // action=back answers the application's request
	BackURL string // or this accepted address is a link back; may be empty
	Devices int    // live sessions of the account
	Request string
	Asked   string // which session is shown, sealed
}

// ProfileItem is an entry of the menu.
type ProfileItem struct {
	ID            string // sign_out
	Words, Detail i18n.Key
	Href          string // of a link
}

func (ProfilePage) file() string { return "profile.html" }

// HasForm is true.
func (ProfilePage) HasForm() bool { return true }

// Say is a sentence of an item, which may count devices.
func (p ProfilePage) Say(k i18n.Key) string { return p.T(k, "n", p.Devices) }

// Back is the accepted return address as a link, "" when there is none.
func (p ProfilePage) Back() template.URL { return trustedLink(p.BackURL) }

// DevicesPage is the list of the account's sessions. It posts sid, or scope=others
// or scope=everywhere, r and asked to {base}/personal-details/devices.
type DevicesPage struct {
	Common
	ProfileURL string
	Devices    []Device // this page of them
	All        int      // live sessions of the account
	Done       *Ended   // what the last click did, nil for nothing
	MoreURL    string   // the next page, "" for none
	FirstURL   string   // the first page, on the others
	Now        time.Time
	Request    string
	Asked      string // which session is this one, sealed
}

func (DevicesPage) file() string { return "devices.html" }

// HasForm is true.
func (DevicesPage) HasForm() bool { return true }

// Device is one session in words' reach.
type Device struct {
	SID                string
	This               bool
	Agent              session.Agent
	Addr               netip.Addr
	SignedIn, LastSeen time.Time
	Apps               []string
	MoreApps           int
}

// Ended is what a click on the list has ended.
type Ended struct {
	One    bool
	Agent  session.Agent // of the one
	Others int
}

// Name is what the device is: "Firefox on Linux".
func (p DevicesPage) Name(d Device) string {
	return i18n.FormatDevice(p.Locale, d.Agent.Browser, d.Agent.System)
}

// Place is where it signed in.
func (p DevicesPage) Place(d Device) string { return i18n.FormatPlace(p.Locale, d.Addr) }

// Times say when it signed in and was last seen.
func (p DevicesPage) Times(d Device) string {
	began := i18n.FormatTime(p.Locale, d.SignedIn, p.Now)
	switch seen := i18n.FormatTime(p.Locale, d.LastSeen, p.Now); {
	case d.This:
		return p.T(i18n.DevicesNow, "began", began)
	case seen == began:
		return p.T(i18n.DevicesBegan, "began", began)
	default:
		return p.T(i18n.DevicesTimes, "began", began, "seen", seen)
	}
}

// Phone, Tablet and Computer choose the device's picture.
func (d Device) Phone() bool    { return d.Agent.Form == session.Phone }
func (d Device) Tablet() bool   { return d.Agent.Form == session.Tablet }
func (d Device) Computer() bool { return d.Agent.Form == session.Computer }

// Others is how many devices there are beside this one.
func (p DevicesPage) Others() int { return max(0, p.All-1) }

// Said is the confirmation of what the last click did.
func (p DevicesPage) Said() string {
	if p.Done.One {
		return p.T(i18n.DevicesEnded, "device", i18n.FormatDevice(p.Locale, p.Done.Agent.Browser, p.Done.Agent.System))
	}
	return p.T(i18n.DevicesEndedOthers, "n", p.Done.Others)
}
