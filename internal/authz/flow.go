package authz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/token"
)

// What the flow asks of others.
type (
	// Clients finds registered applications.
	Clients interface {
		Find(ctx context.Context, tenant, clientID string) (*client.Client, error)
	}
	// Accounts finds people.
	Accounts interface {
		FindAccount(ctx context.Context, tenant, sub string) (*account.Account, error)
	}
	// Codes issues authorization codes.
	Codes interface {
		IssueCode(ctx context.Context, in grant.CodeInput, now time.Time) (string, error)
	}
	// Sessions keeps a session that begins.
	Sessions interface {
		BeginSession(ctx context.Context, tenant string, b session.Begin, now time.Time) error
	}
	// Consents finds what a person allowed a client earlier.
	Consents interface {
		FindConsent(ctx context.Context, tenant, sub, clientID string) ([]string, error)
	}
	// Rings gives the keys that verify an id_token_hint.
	Rings interface {
		Ring(ctx context.Context, tenant string) (*keys.Ring, error)
	}
	// Resources gives the APIs of a tenant.
	Resources interface {
		Of(ctx context.Context, tenant string, now time.Time) ([]tenant.Resource, error)
	}
)

// Flow carries out what Next decides. Its fields are set once.
type Flow struct {
	Clients   Clients
	Accounts  Accounts
	Codes     Codes
	Sessions  Sessions
	Consents  Consents
	Rings     Rings
	Resources Resources
	Store     Store
	States    *session.States
	MailSends bool // mail is configured
}

// Verifies tells whether a tenant wants identifiers verified: always, or
// automatically where a mail can be sent (spec/operating.md §3).
func Verifies(t *tenant.Live, mailSends bool) bool {
	v := t.Settings.VerifyIdentifiers
	return v == "always" || v == "auto" && mailSends
}

// maxLevel is the highest level that can be reached until second steps arrive.
const maxLevel session.Level = 1

// Input is a request at one moment in one browser.
type Input struct {
	Tenant      *tenant.Live
	Interaction Interaction
	Session     *session.Session // of the browser's cookie, nil when none
	Browser     string           // hash of the browser cookie, "" when none
	Begin       *session.Begin   // of Session, when it is not kept yet
	Account     *account.Account // read while this request began the session; nil otherwise
	Allowed     bool             // the person answered yes just now
	Now         time.Time
}

// Outcome is where a request stands. When Response is set it is the answer;
// otherwise Step is the screen to show.
type Outcome struct {
	Step        Step
	Response    *oidc.AuthResponse
	Refusal     *oidc.Error // behind an error Response
	Client      *client.Client
	Request     *oidc.AuthRequest
	Scope       []string
	Session     *session.Session
	Account     *account.Account
	Interaction Interaction
	Fresh       bool // the person authenticated in this interaction
}

// Unidentified is a request with nowhere to redirect to: its client or its
// redirect address is not known. The door shows a page, never a redirect (AZ2).
type Unidentified struct {
	Malformed    bool // 400 rather than 403
	Code, Detail string
}

// Error implements error.
func (u *Unidentified) Error() string { return u.Code + ": " + u.Detail }

// Page is the answer's status, code and sentence.
func (u *Unidentified) Page() (status int, code, detail string) {
	if u.Malformed {
		return 400, u.Code, u.Detail
	}
	return 403, u.Code, u.Detail
}

// Identify finds the client and checks the redirect URI; until both are right
// nothing may be redirected (RFC 6749 §3.1.2.4).
func (f *Flow) Identify(ctx context.Context, t *tenant.Live, form oidc.Form) (*client.Client, error) {
	c, err := f.Visitor(ctx, t, form)
	if err == nil && !form.Has("redirect_uri") {
		return nil, &Unidentified{true, string(oidc.InvalidRequest), "redirect_uri is missing"}
	}
	return c, err
}

// Visitor is Identify for an application that only sends a person here: it may
// leave redirect_uri out, and is not returned to then.
func (f *Flow) Visitor(ctx context.Context, t *tenant.Live, form oidc.Form) (*client.Client, error) {
	id, uri := form.Get("client_id"), form.Get("redirect_uri")
	switch {
	case len(form.All("client_id")) > 1 || len(form.All("redirect_uri")) > 1:
		return nil, &Unidentified{true, string(oidc.InvalidRequest), "client_id and redirect_uri must each be sent once"}
	case id == "":
		return nil, &Unidentified{true, string(oidc.InvalidRequest), "client_id is missing"}
	}
	c, err := f.Clients.Find(ctx, t.ID, id)
	switch {
	case errors.Is(err, client.ErrNotFound) || err == nil && !c.IsEnabled():
		return nil, &Unidentified{false, "unknown_client", "no enabled client has this client_id; check the client_id and the address of the tenant"}
	case err != nil:
		return nil, fmt.Errorf("find client: %w", err)
	case uri != "" && !client.MatchRedirect(c, uri):
		return nil, &Unidentified{false, "unregistered_redirect_uri", "this redirect_uri is not on the client's list; register exactly the address that the application sends"}
	}
	return c, nil
}

// Evaluate identifies and validates the request anew and decides its next step;
// it changes nothing.
func (f *Flow) Evaluate(ctx context.Context, in Input) (*Outcome, error) {
	form, ferr := in.Interaction.Form()
	if ferr != nil {
		return nil, &Unidentified{true, string(ferr.Code), ferr.Description}
	}
	c, err := f.Identify(ctx, in.Tenant, form)
	if err != nil {
		return nil, err
	}
	req, parse := oidc.ParseAuthRequest(form)
	o := &Outcome{Client: c, Request: req, Session: in.Session, Interaction: in.Interaction}
	resources, err := f.Resources.Of(ctx, in.Tenant.ID, in.Now)
	if err != nil {
		return nil, fmt.Errorf("find resources: %w", err)
	}
	if bad := Validate(Checked{in.Tenant, c, req, resources, parse}); bad != nil {
		return o.Refuse(in.Tenant, bad), nil
	}
	o.Scope = grant.GrantScope(req.Scope, c.Scope, grant.APIScopes(resources))
	facts, err := f.gather(ctx, in, o)
	if err != nil {
		return nil, err
	}
	o.Step, o.Fresh = Next(facts), facts.Fresh()
	if bad := o.dead(); bad != nil {
		return o.Refuse(in.Tenant, bad), nil
	}
	return o, nil
}

// dead turns a step that has no screen into its error: all of them under
// prompt=none, and the two that nothing the person does can mend.
func (o *Outcome) dead() *oidc.Error {
	switch {
	case o.Step == Issue:
		return nil
	case o.Step == Unmet:
		return oidc.Refuse(oidc.UnmetAuthenticationRequirements, "Unmet Authentication Requirements 1.0 §2", "the essential acr cannot be reached here")
	case o.Step == Mismatch:
		return oidc.Refuse(oidc.LoginRequired, "OIDC Core §3.1.2.1", "another account than the requested one signed in")
	case o.Request.Prompt.None:
		return oidc.Refuse(o.Step.Code(), "OIDC Core §3.1.2.6", "prompt=none was sent and a screen is needed: "+o.Step.String())
	}
	return nil
}

// Run is Evaluate and, when nothing is left to ask, the code. A session that
// begins is kept with it, in one transition, or by itself; its errors are those
// of session.Store.BeginSession.
func (f *Flow) Run(ctx context.Context, in Input) (*Outcome, error) {
	o, err := f.Evaluate(ctx, in)
	switch {
	case err != nil:
		return nil, err
	case o.Response == nil && o.Step == Issue:
		return f.issue(ctx, in, o)
	case in.Begin != nil:
		if err := f.Sessions.BeginSession(ctx, in.Tenant.ID, *in.Begin, in.Now); err != nil {
			return nil, err
		}
	}
	return o, nil
}

func (f *Flow) issue(ctx context.Context, in Input, o *Outcome) (*Outcome, error) {
	code, err := f.Codes.IssueCode(ctx, o.code(in), in.Now)
	if errors.Is(err, grant.ErrSessionEnded) && in.Session != nil {
		in.Session = nil // signed out elsewhere in this very moment: ask again
		return f.Evaluate(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	o.Response = o.answer(in.Tenant, append([]oidc.Param{{Name: "code", Value: code}}, f.sessionState(in.Tenant, o)...)...)
	return o, nil
}

// code is what is issued, and the progress that ends with it, if there can be any.
func (o *Outcome) code(in Input) grant.CodeInput {
	c := grant.CodeInput{Tenant: in.Tenant, Client: o.Client, Request: o.Request, Session: o.Session, Begin: in.Begin}
	if o.UsesProgress() {
		c.Interaction, c.Browser = in.Interaction.ID, in.Browser
	}
	return c
}

// UsesProgress: to no other request does it matter what was done in its
// interaction, so nothing is kept of it.
func (o *Outcome) UsesProgress() bool {
	return o.Request.Prompt.Create || o.Request.Prompt.SelectAccount
}

// sessionState is the parameter by which a page of the client asks the session
// iframe later on (Session Management §2): of OpenID requests, and where the
// answer goes to a page, which has an origin.
func (f *Flow) sessionState(t *tenant.Live, o *Outcome) []oidc.Param {
	origin := client.OriginOf(o.Request.RedirectURI)
	if !t.Settings.SessionManagement || origin == "" || !slices.Contains(o.Scope, grant.ScopeOpenID) {
		return nil
	}
	return []oidc.Param{{Name: "session_state", Value: f.States.Issue(t.ID, o.Client.ClientID, origin, o.Session.SID)}}
}

// Deny is the answer when the person leaves the journey.
func (f *Flow) Deny(ctx context.Context, in Input) (*Outcome, error) {
	return f.Refuse(ctx, in, oidc.Refuse(oidc.AccessDenied, "RFC 6749 §4.1.2.1", "the person cancelled"))
}

// Refuse is the answer e, unless the request itself has a worse fault.
func (f *Flow) Refuse(ctx context.Context, in Input, e *oidc.Error) (*Outcome, error) {
	o, err := f.Evaluate(ctx, in)
	if err != nil || o.Refusal != nil {
		return o, err
	}
	return o.Refuse(in.Tenant, e), nil
}

// Refuse makes e the outcome.
func (o *Outcome) Refuse(t *tenant.Live, e *oidc.Error) *Outcome {
	o.Refusal = e
	o.Response = o.answer(t, oidc.Param{Name: "error", Value: string(e.Code)},
		oidc.Param{Name: "error_description", Value: e.Description})
	return o
}

// answer adds what every answer carries: state byte for byte, and iss
// (RFC 9207 §2).
func (o *Outcome) answer(t *tenant.Live, params ...oidc.Param) *oidc.AuthResponse {
	if o.Request.State != "" {
		params = append(params, oidc.Param{Name: "state", Value: o.Request.State})
	}
	params = append(params, oidc.Param{Name: "iss", Value: t.Issuer})
	return &oidc.AuthResponse{RedirectURI: o.Request.RedirectURI, Mode: o.Request.Mode(), Params: params}
}

// gather reads what Next looks at, and only what this request makes it look at.
func (f *Flow) gather(ctx context.Context, in Input, o *Outcome) (Facts, error) {
	facts := Facts{
		Request: o.Request, Arrived: in.Interaction.Arrived, Now: in.Now, Client: o.Client, Scope: o.Scope,
		Session: in.Session, Allowed: in.Allowed, MaxLevel: maxLevel,
		Registered: SelfRegistration(in.Tenant, o.Client),
	}
	var err error
	if in.Session != nil {
		o.Account, err = f.account(ctx, in)
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			return facts, fmt.Errorf("find account: %w", err)
		}
		facts.Account = o.Account
		// Numbers wait for text messages: nothing could verify them.
		facts.MustVerify = o.Account != nil && o.Account.Email != "" && !o.Account.EmailVerified && Verifies(in.Tenant, f.MailSends)
	}
	if o.UsesProgress() && in.Browser != "" {
		facts.Progress, err = f.Store.FindProgress(ctx, in.Tenant.ID, in.Browser, in.Interaction.ID, in.Now)
		if err != nil {
			return facts, fmt.Errorf("find progress: %w", err)
		}
	}
	if in.Session != nil && !o.Client.IsFirstParty() {
		facts.Consent, err = f.Consents.FindConsent(ctx, in.Tenant.ID, in.Session.Sub, o.Client.ClientID)
		if err != nil {
			return facts, fmt.Errorf("find consent: %w", err)
		}
	}
	if o.Request.IDTokenHint != "" {
		facts.HintSent = true
		facts.HintSub, err = f.hintSub(ctx, in.Tenant, o.Request.IDTokenHint)
	}
	return facts, err
}

// account is the session's. The transition that begins a session finds the
// account unchanged, so what was read for it a moment ago is not read again.
func (f *Flow) account(ctx context.Context, in Input) (*account.Account, error) {
	if in.Account != nil && in.Account.Sub == in.Session.Sub {
		return in.Account, nil
	}
	return f.Accounts.FindAccount(ctx, in.Tenant.ID, in.Session.Sub)
}

// hintSub is whom a hint names; one that does not verify names nobody.
func (f *Flow) hintSub(ctx context.Context, t *tenant.Live, raw string) (string, error) {
	ring, err := f.Rings.Ring(ctx, t.ID)
	if err != nil {
		return "", fmt.Errorf("load keys: %w", err)
	}
	h, err := token.VerifyHint(ring, t.Issuer, raw)
	if err != nil {
		return "", nil
	}
	return h.Sub, nil
}

// SelfRegistration tells whether people may make accounts through this client:
// by an e-mail address, since numbers wait for text messages.
func SelfRegistration(t *tenant.Live, c *client.Client) bool {
	switch {
	case !slices.Contains(t.Settings.Identifiers, string(account.Email)):
		return false
	case c != nil && c.SelfRegistration != nil:
		return *c.SelfRegistration
	}
	return t.Settings.SelfRegistration
}
