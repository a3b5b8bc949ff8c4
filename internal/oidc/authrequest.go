package oidc

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Prompt values (OIDC Core §3.1.2.1; create: Initiating User Registration 1.0 §4).
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
	PromptCreate        = "create"
)

// Prompts is the set of prompt values of a request.
type Prompts struct{ None, Login, Consent, SelectAccount, Create bool }

// ResponseMode is how an answer travels back (OAuth Multiple Response Types §2.1).
type ResponseMode string

// The response modes; the jwt family is JARM §2.3.
const (
	ModeQuery    ResponseMode = "query"
	ModeFragment ResponseMode = "fragment"
	ModeFormPost ResponseMode = "form_post" // Form Post Response Mode 1.0
)

// AuthRequest is a parsed authorization request (OIDC Core §3.1.2.1, RFC 6749
// §4.1.1). Parsing checks each parameter's own form; what depends on the
// client is checked by authz.Validate.
type AuthRequest struct {
	ClientID, RedirectURI              string
	ResponseType                       string
	ResponseMode                       ResponseMode // "" when absent
	State, Nonce                       string
	Scope                              []string // never empty: openid when absent
	Prompt                             Prompts
	MaxAge                             int64 // seconds, -1 when absent
	ACRValues                          []string
	Claims                             *ClaimsRequest
	Display, IDTokenHint, LoginHint    string
	UILocales, ClaimsLocales           string
	Resource                           []string
	CodeChallenge, CodeChallengeMethod string
	DPoPJKT                            string // RFC 9449 §10
	Request, RequestURI                string
	Offline                            bool // access_type=offline or scope offline_access
}

// HasScope tells whether the request asks for a scope.
func (r *AuthRequest) HasScope(s string) bool { return contains(r.Scope, s) }

// Mode returns the response mode in force: query unless asked otherwise. A form
// posts to the web only: no browser hands a body to another scheme.
func (r *AuthRequest) Mode() ResponseMode {
	switch {
	case r.ResponseMode == ModeFragment, r.ResponseMode == ModeFormPost && r.takesForm():
		return r.ResponseMode
	}
	return ModeQuery
}

func (r *AuthRequest) takesForm() bool {
	return strings.HasPrefix(r.RedirectURI, "https://") || strings.HasPrefix(r.RedirectURI, "http://")
}

// ParseAuthRequest reads an authorization request. The value is always
// returned, as far as it could be read, so that the caller can find out where
// the error may go; the error is the first in the order of the list below.
func ParseAuthRequest(f Form) (*AuthRequest, *Error) {
	r := &AuthRequest{
		ClientID: f.Get("client_id"), RedirectURI: f.Get("redirect_uri"),
		ResponseType: f.Get("response_type"), ResponseMode: ResponseMode(f.Get("response_mode")),
		State: f.Get("state"), Nonce: f.Get("nonce"), Scope: Fields(f.Get("scope")), MaxAge: -1,
		ACRValues: Fields(f.Get("acr_values")), Display: f.Get("display"), IDTokenHint: f.Get("id_token_hint"),
		LoginHint: f.Get("login_hint"), UILocales: f.Get("ui_locales"), ClaimsLocales: f.Get("claims_locales"),
		Resource: f.All("resource"), CodeChallenge: f.Get("code_challenge"), CodeChallengeMethod: f.Get("code_challenge_method"),
		DPoPJKT: f.Get("dpop_jkt"), Request: f.Get("request"), RequestURI: f.Get("request_uri"),
	}
	if len(r.Scope) == 0 {
		r.Scope = []string{"openid"} // spec/sign-in.md §1
	}
	if f.Get("access_type") == "offline" && !r.HasScope("offline_access") {
		r.Scope = append(r.Scope, "offline_access")
	}
	r.Offline = r.HasScope("offline_access")
	var first *Error
	for _, check := range authRequestForm {
		if err := check(f, r); err != nil && first == nil {
			first = err
		}
	}
	return r, first
}

// authRequestForm is the ordered list of checks that need nothing but the
// request itself.
var authRequestForm = []func(Form, *AuthRequest) *Error{
	func(f Form, _ *AuthRequest) *Error { return f.Repeated() },
	checkState, checkPrompt, checkMaxAge, checkClaims, checkLists,
}

func checkState(_ Form, r *AuthRequest) *Error {
	if len(r.State) > MaxState {
		r.State = "" // sent without it (spec/sign-in.md §1)
		return Refuse(InvalidRequest, "Foyer DS1", "state is longer than 2 KiB")
	}
	if len(r.Nonce) > MaxState {
		return Refuse(InvalidRequest, "Foyer DS1", "nonce is longer than 2 KiB")
	}
	return nil
}

func checkPrompt(f Form, r *AuthRequest) *Error {
	words := Fields(f.Get("prompt"))
	var unknown bool
	for _, w := range words {
		switch w {
		case PromptNone:
			r.Prompt.None = true
		case PromptLogin:
			r.Prompt.Login = true
		case PromptConsent:
			r.Prompt.Consent = true
		case PromptSelectAccount:
			r.Prompt.SelectAccount = true
		case PromptCreate:
			r.Prompt.Create = true
		default:
			unknown = true
		}
	}
	switch {
	case unknown:
		return Refuse(InvalidRequest, "OIDC Core §3.1.2.1", "prompt has an unknown value; use none, login, consent, select_account or create")
	case r.Prompt.None && len(words) > 1:
		return Refuse(InvalidRequest, "OIDC Core §3.1.2.1", "prompt=none cannot be combined with other values")
	}
	return nil
}

func checkMaxAge(f Form, r *AuthRequest) *Error {
	v := f.Get("max_age")
	if v == "" {
		return nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > 1<<32 {
		return Refuse(InvalidRequest, "OIDC Core §3.1.2.1", "max_age must be a number of seconds, 0 or more")
	}
	r.MaxAge = n
	return nil
}

func checkClaims(f Form, r *AuthRequest) *Error {
	v := f.Get("claims")
	if v == "" {
		return nil
	}
	c, err := ParseClaims(v)
	if err != nil {
		return &Error{InvalidRequest, "claims is not the JSON object that OpenID Connect describes", "OIDC Core §5.5", err}
	}
	r.Claims = c
	return nil
}

// checkLists bounds lists (DS7).
func checkLists(_ Form, r *AuthRequest) *Error {
	if len(r.Scope) > 100 || len(r.ACRValues) > 20 || len(r.Resource) > 20 {
		return Refuse(InvalidRequest, "Foyer DS7", "a list has too many values (scope 100, acr_values 20, resource 20)")
	}
	return nil
}

// ClaimsRequest is the claims parameter (OIDC Core §5.5).
type ClaimsRequest struct {
	UserInfo map[string]*ClaimRequest `json:"userinfo,omitempty"`
	IDToken  map[string]*ClaimRequest `json:"id_token,omitempty"`
}

// ClaimRequest is what is asked of one claim; nil means "voluntary".
type ClaimRequest struct {
	Essential bool              `json:"essential,omitempty"`
	Value     json.RawMessage   `json:"value,omitempty"`
	Values    []json.RawMessage `json:"values,omitempty"`
}

// ParseClaims reads a claims parameter: at most 8 KiB, depth 8, 200 claims.
func ParseClaims(s string) (*ClaimsRequest, error) {
	if err := boundJSON(s, 8, 200); err != nil {
		return nil, err
	}
	var c ClaimsRequest
	if err := json.Unmarshal([]byte(s), &c); err != nil {
		return nil, err
	}
	return &c, nil
}

// EssentialACR returns the acr values of an essential acr claim of the ID
// token, nil when it is not essential (OIDC Core §5.5.1.1).
func (c *ClaimsRequest) EssentialACR() []string {
	if c == nil || c.IDToken["acr"] == nil || !c.IDToken["acr"].Essential {
		return nil
	}
	var out []string
	a := c.IDToken["acr"]
	for _, raw := range append([]json.RawMessage{a.Value}, a.Values...) {
		var s string
		if len(raw) > 0 && json.Unmarshal(raw, &s) == nil && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// RequestedSub returns the sub that the claims parameter demands of the ID
// token, "" when none (OIDC Core §5.5.1).
func (c *ClaimsRequest) RequestedSub() string {
	if c == nil || c.IDToken["sub"] == nil {
		return ""
	}
	var s string
	if json.Unmarshal(c.IDToken["sub"].Value, &s) != nil {
		return ""
	}
	return s
}

// boundJSON refuses nesting deeper than depth and more than members commas
// before anything is decoded (DS7); it is linear in len(s).
func boundJSON(s string, depth, members int) error {
	level, commas, inString := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
		case c == '}' || c == ']':
			level--
		case c == ',':
			commas++
		}
		if level > depth || commas > members {
			return errTooLarge
		}
	}
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		return errNotObject
	}
	return nil
}
