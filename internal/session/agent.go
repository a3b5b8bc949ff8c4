package session

import "strings"

// Form is what a browser runs on, for a picture of it.
type Form int

// The forms.
const (
	Unknown Form = iota
	Computer
	Phone
	Tablet
)

// Agent is what a User-Agent header says about a browser, in the names that
// people know; empty where it says nothing that we know. It is a description
// for the person, never a fact to decide by: anybody can send any header. Names
// come from the tables alone, so no header puts words of its own on a page.
type Agent struct {
	Browser string // Firefox
	System  string // Windows, iPhone
	Form    Form
}

// MacOrIPad is the system of Safari on macOS: an iPad says the same of itself.
const MacOrIPad = "macOS or iPad"

// mark is a token of a header and what it stands for.
type mark struct{ token, name string }

// browsers, the first that is in the header wins: nearly everyone also claims to
// be Chrome and Safari, so those who are something more come first.
var browsers = []mark{
	// pages inside other applications
	{"FBAN/", "Facebook"}, {"FBAV/", "Facebook"}, {"Instagram ", "Instagram"}, {"WhatsApp/", "WhatsApp"},
	{"MicroMessenger/", "WeChat"}, {" Line/", "LINE"}, {"Snapchat/", "Snapchat"}, {"musical_ly", "TikTok"},
	{"BytedanceWebview/", "TikTok"}, {"LinkedInApp", "LinkedIn"}, {"[Pinterest/", "Pinterest"},
	{"Teams/", "Microsoft Teams"}, {"Slack/", "Slack"}, {"Slack_SSB/", "Slack"}, {"GSA/", "Google"},
	// browsers made of another's engine
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"Edge/", "Edge"},
	{"OPR/", "Opera"}, {"OPT/", "Opera"}, {"OPX/", "Opera"}, {"OPiOS/", "Opera"}, {"Opera", "Opera"},
	{"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex Browser"},
	{"DuckDuckGo/", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"}, {"Brave/", "Brave"}, {"Whale/", "Whale"},
	{"UCBrowser/", "UC Browser"}, {"HuaweiBrowser/", "Huawei Browser"}, {"MiuiBrowser/", "Mi Browser"}, {"Silk/", "Silk"},
	{"FxiOS/", "Firefox"}, {"Focus/", "Firefox Focus"}, {"Klar/", "Firefox Focus"}, {"Firefox/", "Firefox"},
	{"; wv)", ""}, // an Android application that shows a page
	{"Electron/", ""},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"},
	{"MSIE ", "Internet Explorer"}, {"Trident/", "Internet Explorer"},
	{"Version/", "Safari"}, // with "Safari/", see ReadAgent
	// programs
	{"curl/", "curl"}, {"Wget/", "Wget"}, {"PostmanRuntime/", "Postman"},
}

// system is a token of a header, its name, and what it runs on.
type system struct {
	token, name string
	form        Form
}

// systems, the first that is in the header wins.
var systems = []system{
	{"Windows Phone", "Windows Phone", Phone},
	{"iPhone", "iPhone", Phone}, {"iPod", "iPod", Phone}, {"iPad", "iPad", Tablet},
	{"PlayStation", "PlayStation", Unknown}, {"Xbox", "Xbox", Unknown}, {"Nintendo", "Nintendo", Unknown},
	{"KAIOS/", "KaiOS", Phone}, {"Tizen", "Tizen", Unknown}, {"Web0S", "webOS", Unknown}, {"HarmonyOS", "HarmonyOS", Phone},
	{"Android", "Android", Tablet}, // a phone says Mobile, see ReadAgent
	{"CrOS ", "ChromeOS", Computer},
	{"Windows", "Windows", Computer},
	{"Macintosh", "macOS", Computer}, {"Mac OS X", "macOS", Computer},
	{"FreeBSD", "FreeBSD", Computer}, {"OpenBSD", "OpenBSD", Computer},
	{"Linux", "Linux", Computer}, {"X11", "Linux", Computer},
}

// maxAgent is how much of a header is read: the time is bounded by it.
const maxAgent = 512

// ReadAgent reads a User-Agent header (RFC 9110 §10.1.5).
func ReadAgent(header string) Agent {
	h := header[:min(len(header), maxAgent)]
	var a Agent
	for _, s := range systems {
		if strings.Contains(h, s.token) {
			a.System, a.Form = s.name, s.form
			break
		}
	}
	if a.System == "Android" && strings.Contains(h, "Mobile") {
		a.Form = Phone
	}
	for _, b := range browsers {
		if strings.Contains(h, b.token) {
			a.Browser = b.name
			break
		}
	}
	switch {
	case a.Browser == "Safari" && (!strings.Contains(h, "Safari/") || a.System == "Android"):
		a.Browser = "" // a page inside an application, or a phone's old own browser
	case a.Browser == "Safari" && a.System == "macOS":
		a.System = MacOrIPad
	case a.System == "macOS" && (strings.Contains(h, "CriOS/") || strings.Contains(h, "FxiOS/") || strings.Contains(h, "EdgiOS/")):
		a.System, a.Form = "iPad", Tablet // it asks for the pages of a Mac; only on iOS are browsers called so
	}
	return a
}
