package logout

import (
	"slices"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
)

// Verdict is what a logout request means.
type Verdict int

// The verdicts.
const (
	Forbidden   Verdict = iota // unknown or disabled client: 403, nothing ends
	Conflict                   // hint and client_id name different clients: 400, nothing ends
	Ask                        // confirmation first
	EndNow                     // the session ends without a question
	NothingHere                // this browser has no session
)

// String is the verdict's name in tables and logs.
func (v Verdict) String() string {
	return [...]string{"forbidden", "conflict", "ask", "end", "no session"}[v]
}

// HintState is what became of an id_token_hint.
type HintState int

// The states of a hint. One whose client is disabled is rejected.
const (
	NoHint HintState = iota
	HintRejected
	HintValid
)

// Confirmation is the client setting logout_confirmation, resolved by dialect.
type Confirmation string

// The values of logout_confirmation.
const (
	ConfirmAuto   Confirmation = "auto"
	ConfirmHint   Confirmation = "hint"
	ConfirmAlways Confirmation = "always"
)

// Facts is everything that Judge looks at.
type Facts struct {
	Request *oidc.EndSessionRequest

	Hint       HintState
	HintClient *client.Client // enabled; of a valid hint
	HintSub    string
	HintSID    string

	Client       *client.Client // named by client_id, enabled; nil when unknown or absent
	Confirmation Confirmation   // of the client that Party returns

	Session      *session.Session // this browser's, alive; nil when none
	Participants []string         // its clients
	// Sibling: logout_hint is the sid of another live session of the same account.
	Sibling bool
	// Navigation: a top-level navigation, and no Sec-Purpose.
	Navigation bool
}

// Decision is what to do and where to go afterwards.
type Decision struct {
	Verdict    Verdict
	Client     *client.Client // who asks, nil when nobody is known
	Everywhere bool           // end every session of the account, or preselect that
	ReturnURI  string         // accepted post_logout_redirect_uri, "" none
	Rejected   bool           // an address was sent and not accepted
	// ClickOnly: return only by a button that shows the host, because nobody
	// here has approved this client (spec/logout.md §1.6).
	ClickOnly bool
}

// Party is the client that asks: the hint's, or client_id's when no hint was
// sent. A rejected hint is not rescued by a weaker identifier (§1.1).
func (f *Facts) Party() *client.Client {
	switch f.Hint {
	case HintValid:
		return f.HintClient
	case HintRejected:
		return nil
	}
	return f.Client
}

// Judge decides (spec/logout.md §1). It changes nothing and asks nobody.
func Judge(f Facts) Decision {
	d := Decision{Client: f.Party()}
	switch {
	case f.Request.ClientID != "" && f.Client == nil:
		return Decision{Verdict: Forbidden}
	case f.Hint == HintValid && f.Client != nil && f.Client.ClientID != f.HintClient.ClientID:
		return Decision{Verdict: Conflict}
	}
	d.ReturnURI, d.Rejected = f.returnTo(d.Client)
	if f.Session == nil {
		d.Verdict = NothingHere
		d.ClickOnly = d.Client != nil && d.Client.Origin == client.FromSelf
		return d
	}
	own := f.Request.LogoutHint != "" && f.Request.LogoutHint == f.Session.SID
	d.Everywhere = own || f.Sibling
	d.Verdict = Ask
	if f.confirmed(d, own) {
		d.Verdict = EndNow
	}
	d.ClickOnly = d.Client != nil && d.Client.Origin == client.FromSelf && !f.hintIsThisSession()
	return d
}

// returnTo is §1.3: a client is known and the address is one of its own, byte
// for byte, and one that may be registered today (AZ3). A single registered
// address is never guessed.
func (f *Facts) returnTo(c *client.Client) (uri string, rejected bool) {
	uri = f.Request.PostLogoutRedirectURI
	switch {
	case uri == "":
		return "", false
	case c == nil || !client.MatchPostLogout(c, uri):
		return "", true
	}
	return uri, false
}

// hintIsThisSession: the hint's sid, or its sub when it has no sid, is this
// session's.
func (f *Facts) hintIsThisSession() bool {
	if f.Hint != HintValid || f.Session == nil {
		return false
	}
	if f.HintSID != "" {
		return f.HintSID == f.Session.SID
	}
	return f.HintSub == f.Session.Sub
}

// confirmed is §1.5: whether the person need not be asked.
func (f *Facts) confirmed(d Decision, own bool) bool {
	switch {
	case f.Confirmation == ConfirmAlways:
		return false
	case f.hintIsThisSession():
		return true
	case f.Confirmation == ConfirmHint || f.Hint != NoHint || d.Client == nil:
		return false
	}
	return d.Client.IsFirstParty() &&
		slices.Contains(f.Participants, d.Client.ClientID) &&
		d.ReturnURI != "" && f.Navigation &&
		(f.Request.LogoutHint == "" || own)
}

// ConfirmationOf resolves a client's setting: its own, or hint in dialect
// identityserver and auto elsewhere (§1.5).
func ConfirmationOf(c *client.Client, identityServer bool) Confirmation {
	switch {
	case c != nil && c.LogoutConfirmation != "":
		return Confirmation(c.LogoutConfirmation)
	case identityServer:
		return ConfirmHint
	}
	return ConfirmAuto
}

// Result is the address that the person returns to: state only if it was sent,
// and logout=success when the session is gone and the client's setting names a
// parameter that the address does not have already (§1.6).
func (d Decision) Result(state string, ended bool) string {
	var params []oidc.Param
	if p := d.Client.ResultParam(); ended && p != "" && !hasParam(d.ReturnURI, p) {
		params = append(params, oidc.Param{Name: p, Value: "success"})
	}
	if state != "" && !hasParam(d.ReturnURI, "state") {
		params = append(params, oidc.Param{Name: "state", Value: state})
	}
	return oidc.AppendQuery(d.ReturnURI, params)
}
