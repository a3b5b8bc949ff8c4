package logout

import (
	"testing"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
)

const (
	registered = "https://app.example.com/bye"
	foreign    = "https://evil.example/bye"
)

type fact func(*Facts)

// around builds Facts: client web, first-party and participant of the session
// S1 of ada's in this browser, asked by a top-level navigation.
func around(with ...fact) Facts {
	f := Facts{
		Request:      &oidc.EndSessionRequest{},
		Confirmation: ConfirmAuto, Navigation: true,
		Session:      &session.Session{ID: 1, SID: "S1", Sub: "ada"},
		Participants: []string{"web"},
	}
	for _, w := range with {
		w(&f)
	}
	return f
}

func web(origin client.Origin) *client.Client {
	return &client.Client{Origin: origin, Spec: client.Spec{ClientID: "web", PostLogoutRedirectURIs: []string{registered}}}
}

func byClientID(f *Facts) { f.Request.ClientID, f.Client = "web", web(client.FromOperator) }
func unknownID(f *Facts)  { f.Request.ClientID, f.Client = "nobody", nil }
func otherID(f *Facts) {
	f.Request.ClientID, f.Client = "other", &client.Client{Spec: client.Spec{ClientID: "other"}}
}
func returning(f *Facts)          { f.Request.PostLogoutRedirectURI = registered }
func returningTo(u string) fact   { return func(f *Facts) { f.Request.PostLogoutRedirectURI = u } }
func noSession(f *Facts)          { f.Session, f.Participants = nil, nil }
func stranger(f *Facts)           { f.Participants = []string{"else"} }
func embedded(f *Facts)           { f.Navigation = false }
func garbageHint(f *Facts)        { f.Hint = HintRejected }
func sibling(f *Facts)            { f.Request.LogoutHint, f.Sibling = "S2", true }
func logoutHint(s string) fact    { return func(f *Facts) { f.Request.LogoutHint = s } }
func confirm(c Confirmation) fact { return func(f *Facts) { f.Confirmation = c } }
func hint(sub, sid string) fact {
	return func(f *Facts) {
		f.Hint, f.HintSub, f.HintSID, f.HintClient = HintValid, sub, sid, web(client.FromOperator)
	}
}
func thirdParty(f *Facts) { no := false; f.Client.FirstParty = &no }
func selfRegistered(f *Facts) {
	if f.Client != nil {
		f.Client.Origin = client.FromSelf
	}
	if f.HintClient != nil {
		f.HintClient.Origin = client.FromSelf
	}
}

// judgeCases are the rows of spec/logout.md §1 and the rules behind them.
var judgeCases = []struct {
	name, cite string
	facts      Facts
	verdict    Verdict
	everywhere bool
	returns    string
	rejected   bool
	clickOnly  bool
}{
	{name: "valid hint of this session: no question", cite: "§1.5", facts: around(hint("ada", "S1"), returning), verdict: EndNow, returns: registered},
	{name: "valid hint by sub when it has no sid", cite: "§1.5", facts: around(hint("ada", ""), returning), verdict: EndNow, returns: registered},
	{name: "valid hint of another account: question, then back", cite: "§1.5", facts: around(hint("bob", "S9"), returning), verdict: Ask, returns: registered},
	{name: "valid hint of an older session of the same account: question", cite: "§1.5", facts: around(hint("ada", "S0"), returning), verdict: Ask, returns: registered},
	{name: "valid hint and another client's client_id: refused", cite: "§1.1", facts: around(hint("ada", "S1"), otherID, returning), verdict: Conflict},
	{name: "valid hint and its own client_id: no question", cite: "§1.1", facts: around(hint("ada", "S1"), byClientID, returning), verdict: EndNow, returns: registered},
	{name: "valid hint, embedded: the hint proves it", cite: "§1.5", facts: around(hint("ada", "S1"), embedded), verdict: EndNow},
	{name: "garbage hint and a good client_id: question, no way back", cite: "§1.1", facts: around(garbageHint, byClientID, returning), verdict: Ask, rejected: true},
	{name: "garbage hint, no session: signed out", cite: "§1.1", facts: around(garbageHint, byClientID, returning, noSession), verdict: NothingHere, rejected: true},
	{name: "client_id of a first-party participant: no question", cite: "§1.5", facts: around(byClientID, returning), verdict: EndNow, returns: registered},
	{name: "client_id, not a participant: question", cite: "§1.5", facts: around(byClientID, returning, stranger), verdict: Ask, returns: registered},
	{name: "client_id of a third party: question", cite: "§1.5", facts: around(byClientID, returning, thirdParty), verdict: Ask, returns: registered},
	{name: "client_id, not a top-level navigation: question", cite: "§1.5", facts: around(byClientID, returning, embedded), verdict: Ask, returns: registered},
	{name: "client_id without a return address: question", cite: "§1.5", facts: around(byClientID), verdict: Ask},
	{name: "client_id, no session: back at once", cite: "§1.5", facts: around(byClientID, returning, noSession), verdict: NothingHere, returns: registered},
	{name: "wrong client_id: 403", cite: "§1.1", facts: around(unknownID, returning), verdict: Forbidden},
	{name: "wrong client_id without a session: 403 too", cite: "§1.1", facts: around(unknownID, returning, noSession), verdict: Forbidden},
	{name: "client_id and an unregistered address: question, address dropped", cite: "§1.3", facts: around(byClientID, returningTo(foreign)), verdict: Ask, rejected: true},
	{name: "an address that only begins like a registered one is dropped", cite: "§1.3", facts: around(byClientID, returningTo(registered+"/")), verdict: Ask, rejected: true},
	{name: "address alone: question, dropped", cite: "§1.3", facts: around(returning), verdict: Ask, rejected: true},
	{name: "nothing at all: question", cite: "§1.5", facts: around(), verdict: Ask},
	{name: "nothing at all, no session: signed out", cite: "§1.5", facts: around(noSession), verdict: NothingHere},
	{name: "a single registered address is never guessed", cite: "§1.3", facts: around(byClientID, hint("ada", "S1")), verdict: EndNow, returns: ""},
	{name: "own sid as logout_hint: everywhere, no question", cite: "§1.4", facts: around(byClientID, returning, logoutHint("S1")), verdict: EndNow, everywhere: true, returns: registered},
	{name: "own sid and a valid hint: everywhere", cite: "§1.4", facts: around(hint("ada", "S1"), logoutHint("S1")), verdict: EndNow, everywhere: true},
	{name: "sid of another session of the account, no hint: question, everywhere preselected", cite: "§1.4", facts: around(byClientID, returning, sibling), verdict: Ask, everywhere: true, returns: registered},
	{name: "sid of another session of the account and a valid hint: everywhere", cite: "§1.4", facts: around(hint("ada", "S1"), sibling), verdict: EndNow, everywhere: true},
	{name: "someone else's sid: question, this browser only", cite: "§1.4", facts: around(byClientID, returning, logoutHint("S9")), verdict: Ask, returns: registered},
	{name: "any logout_hint without a session: nothing ends", cite: "§1.4", facts: around(noSession, logoutHint("S1")), verdict: NothingHere},
	{name: "a self-registered client, no session: a button", cite: "§1.6", facts: around(byClientID, selfRegistered, returning, noSession), verdict: NothingHere, returns: registered, clickOnly: true},
	{name: "a self-registered client is third-party: question, then a button", cite: "§1.5, §1.6", facts: around(byClientID, selfRegistered, returning), verdict: Ask, returns: registered, clickOnly: true},
	{name: "a self-registered client with a valid hint of this session returns without a click", cite: "§1.6", facts: around(hint("ada", "S1"), selfRegistered, returning), verdict: EndNow, returns: registered},
	{name: "logout_confirmation=hint asks without one", cite: "§1.5", facts: around(byClientID, returning, confirm(ConfirmHint)), verdict: Ask, returns: registered},
	{name: "logout_confirmation=hint is content with one", cite: "§1.5", facts: around(hint("ada", "S1"), returning, confirm(ConfirmHint)), verdict: EndNow, returns: registered},
	{name: "logout_confirmation=always asks in spite of a hint", cite: "§1.5", facts: around(hint("ada", "S1"), returning, confirm(ConfirmAlways)), verdict: Ask, returns: registered},
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range judgeCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := Judge(c.facts)
			if d.Verdict != c.verdict || d.Everywhere != c.everywhere || d.ReturnURI != c.returns || d.Rejected != c.rejected || d.ClickOnly != c.clickOnly {
				t.Errorf("Judge = %s everywhere=%v return=%q rejected=%v click=%v\nwant    %s everywhere=%v return=%q rejected=%v click=%v (%s)",
					d.Verdict, d.Everywhere, d.ReturnURI, d.Rejected, d.ClickOnly, c.verdict, c.everywhere, c.returns, c.rejected, c.clickOnly, c.cite)
			}
		})
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	empty := ""
	for _, c := range []struct {
		name, uri, state string
		param            *string
		ended            bool
		want             string
	}{
		{"result and state", "https://a.example/", "s", nil, true, "https://a.example/?logout=success&state=s"},
		{"the address keeps its query", "https://a.example/?x=1", "s", nil, true, "https://a.example/?x=1&logout=success&state=s"},
		{"no state sent, none returned", "https://a.example/", "", nil, true, "https://a.example/?logout=success"},
		{"cancelled: no result", "https://a.example/", "s", nil, false, "https://a.example/?state=s"},
		{"an address that has the parameter keeps its own", "https://a.example/?logout=mine", "s", nil, true, "https://a.example/?logout=mine&state=s"},
		{"switched off by the client", "https://a.example/", "", &empty, true, "https://a.example/"},
		{"unicode state", "https://a.example/", "é 漢", nil, false, "https://a.example/?state=%C3%A9+%E6%BC%A2"},
		{"private-use scheme", "com.example.app:/bye", "s", nil, true, "com.example.app:/bye?logout=success&state=s"},
	} {
		c0 := web(client.FromOperator)
		c0.LogoutResultParam = c.param
		if got := (Decision{Client: c0, ReturnURI: c.uri}).Result(c.state, c.ended); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestConfirmationOf(t *testing.T) {
	t.Parallel()
	always := &client.Client{Spec: client.Spec{LogoutConfirmation: "always"}}
	for _, c := range []struct {
		c    *client.Client
		is4  bool
		want Confirmation
	}{{nil, false, ConfirmAuto}, {nil, true, ConfirmHint}, {&client.Client{}, true, ConfirmHint}, {always, true, ConfirmAlways}, {always, false, ConfirmAlways}} {
		if got := ConfirmationOf(c.c, c.is4); got != c.want {
			t.Errorf("ConfirmationOf(%v, %v) = %s, want %s", c.c, c.is4, got, c.want)
		}
	}
}

func TestAZ3_AStoredAddressIsJudgedAgainWhenItIsUsed(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"javascript:alert(1)", "data:text/html,x", "http://app.example.com/bye", "//app.example.com", "com.example.app:/bye"} {
		f := around(byClientID, noSession, returningTo(uri))
		f.Client.PostLogoutRedirectURIs = []string{uri} // however it came to be stored
		if d := Judge(f); d.ReturnURI != "" || !d.Rejected {
			t.Errorf("%s: returns to %q", uri, d.ReturnURI)
		}
	}
}
