package screens

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/session"
)

func profileFixtures(c Common, v values) []fixture {
	app, r := v.say("Orders"), v.say("sealed")
	ada := Person{v.say("Ada Lovelace"), v.say("ada@example.com")}
	menu := ProfilePage{Common: c, Who: ada, Devices: 3, Request: r, Asked: r,
		Links: []ProfileItem{{ID: "devices", Words: i18n.DevicesTitle, Detail: i18n.ProfileDevices, Href: "/acme/personal-details/devices?r=" + r}},
		Buttons: []ProfileItem{{ID: "sign_out", Words: i18n.LogoutDevice},
			{ID: "sign_out_everywhere", Words: i18n.LogoutEverywhere}}}
	visit, link, bare := menu, menu, menu
	visit.App, visit.Returns = app, true
	link.App, link.BackURL = app, "https://app.example/account?"+strings.ReplaceAll(v.say("x"), "\x00", "")
	bare.Links, bare.Buttons, bare.Request, bare.Devices = nil, nil, "", 1
	buttons := []string{"profile-devices", "profile-sign_out", "profile-sign_out_everywhere"}

	list := DevicesPage{Common: c, ProfileURL: "/acme/personal-details?r=" + r, Request: r, Asked: r, Now: fixtureNow, Devices: deviceFixtures(v), All: 6}
	one, done, others, many, last, ended := list, list, list, list, list, list
	one.Devices, one.All = list.Devices[:1], 1
	done.Done = &Ended{One: true, Agent: session.Agent{Browser: "Safari", System: "iPhone"}}
	others.Done, others.Devices, others.All = &Ended{Others: 5}, list.Devices[:1], 1
	many.All, many.MoreURL = 214, "/acme/personal-details/devices?after="+r
	for i := range 15 {
		d := list.Devices[1+i%5]
		d.SID = fmt.Sprintf("another-%d", i)
		many.Devices = append(many.Devices[:len(many.Devices):len(many.Devices)], d)
	}
	last.All, last.Devices, last.FirstURL = 26, list.Devices[1:3], "/acme/personal-details/devices"
	ended.Devices, ended.FirstURL = nil, "/acme/personal-details/devices"
	both := []string{"profile", "devices-end-others", "devices-end-everywhere"}
	return []fixture{
		{"profile", visit, append(buttons, "profile-back")},
		{"profile-link", link, append(buttons, "profile-back")},
		{"profile-bare", menu, buttons},
		{"profile-empty", bare, nil},
		{"devices", list, append(both, "this-device")},
		{"devices-one", one, []string{"profile", "this-device", "devices-end-everywhere"}},
		{"devices-done", done, append(both, "devices-done")},
		{"devices-done-others", others, []string{"devices-done", "this-device"}},
		{"devices-many", many, append(both, "devices-more")},
		{"devices-last", last, append(both, "devices-first")},
		{"devices-gone", ended, append(both, "devices-first")},
	}
}

var fixtureNow = time.Date(2026, 11, 28, 15, 0, 0, 0, time.UTC)

func deviceFixtures(v values) []Device {
	ago := func(d time.Duration) time.Time { return fixtureNow.Add(-d) }
	const day = 24 * time.Hour
	return []Device{
		{SID: "this", This: true, Agent: session.Agent{Browser: "Firefox", System: "Linux", Form: session.Computer}, Addr: netip.MustParseAddr("203.0.113.77"),
			SignedIn: ago(26 * time.Hour), LastSeen: ago(time.Second), Apps: []string{v.say("Orders"), v.say("Reports")}},
		{SID: "phone", Agent: session.Agent{Browser: "Safari", System: "iPhone", Form: session.Phone}, Addr: netip.MustParseAddr("2001:db8:85a3::1"),
			SignedIn: ago(3 * day), LastSeen: ago(2 * time.Hour), Apps: []string{v.say("Orders")}},
		{SID: "tablet", Agent: session.Agent{Browser: "Samsung Internet", System: "Android", Form: session.Tablet}, Addr: netip.MustParseAddr("192.168.0.7"),
			SignedIn: ago(40 * day), LastSeen: ago(12 * day), Apps: []string{v.say("Orders"), v.say("Reports"), v.say("Travel"), v.say("Time sheets"), v.say("Canteen"), v.say("Wiki")}, MoreApps: 5},
		{SID: "windows", Agent: session.Agent{Browser: "Chrome", System: "Windows", Form: session.Computer}, Addr: netip.MustParseAddr("198.51.100.3"),
			SignedIn: ago(5 * time.Minute), LastSeen: ago(5 * time.Minute)},
		{SID: "mac", Agent: session.Agent{Browser: "Safari", System: session.MacOrIPad, Form: session.Computer}, Addr: netip.MustParseAddr("127.0.0.1"),
			SignedIn: ago(9 * time.Hour), LastSeen: ago(50 * time.Minute), Apps: []string{v.say("Reports")}},
		{SID: "unknown", SignedIn: ago(8 * day), LastSeen: ago(30 * time.Hour)},
	}
}
