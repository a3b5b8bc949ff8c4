package i18n

import "net/netip"

// systemKeys are the systems whose name is not the same in every language.
var systemKeys = map[string]Key{"macOS or iPad": SystemMacOrIpad}

// FormatDevice says what a person signed in with: "Firefox on Linux", or what
// of it is known. The names are those of session.ReadAgent.
func FormatDevice(l *Locale, browser, system string) string {
	if k, ok := systemKeys[system]; ok {
		system = l.T(k)
	}
	switch {
	case browser != "" && system != "":
		return l.T(DeviceBrowserOnSystem, "browser", browser, "system", system)
	case browser != "":
		return l.T(DeviceBrowserOnly, "browser", browser)
	case system != "":
		return l.T(DeviceSystemOnly, "system", system)
	}
	return l.T(DeviceUnknown)
}

// FormatPlace says where a connection came from, as far as an address alone can
// say it: there is no map of addresses here, and a wrong town frightens more
// than none. Of a public address only the network is shown. A private address
// or this very computer may also be a proxy's that Foyer was not told to trust,
// so neither is called the person's own.
func FormatPlace(l *Locale, addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	switch {
	case !addr.IsValid() || addr.IsUnspecified():
		return l.T(PlaceUnknown)
	case addr.IsLoopback():
		return l.T(PlaceServer)
	case addr.IsPrivate() || addr.IsLinkLocalUnicast():
		return l.T(PlacePrivate)
	}
	return l.T(PlaceNetwork, "network", isolate(l, network(addr)))
}

// network is an address without the part that names one subscriber:
// 203.0.113.x, 2001:db8:85a3::x.
func network(addr netip.Addr) string {
	bits := 24
	if addr.Is6() {
		bits = 48
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return addr.String()
	}
	s := p.Addr().String()
	if addr.Is4() {
		s = s[:len(s)-1] // the 0 that is left of the last byte
	}
	return s + "x"
}

// isolate keeps a text that reads from left to right in its order inside a
// sentence that does not (UAX #9 §2.4), in plain text too.
func isolate(l *Locale, s string) string {
	if l.Dir() == "rtl" {
		return "\u2066" + s + "\u2069"
	}
	return s
}
