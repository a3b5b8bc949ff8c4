package oidc

import (
	"errors"
	"net/url"
	"strings"
)

var (
	errTooLarge  = errors.New("JSON value is nested too deeply or has too many members")
	errNotObject = errors.New("JSON value is not an object")
)

// AuthResponse is an answer of the authorization endpoint on its way to the
// client (RFC 6749 §4.1.2): parameters in the order they are written.
type AuthResponse struct {
	RedirectURI string
	Mode        ResponseMode
	Params      []Param
}

// Param is one parameter of an answer.
type Param struct{ Name, Value string }

// URL returns the address to redirect to, for the modes query and fragment.
// An existing query of the redirect URI is kept (RFC 6749 §3.1.2).
func (a *AuthResponse) URL() string {
	if a.Mode == ModeFragment {
		return a.RedirectURI + "#" + encodeParams(a.Params)
	}
	return AppendQuery(a.RedirectURI, a.Params)
}

// AppendQuery adds parameters to a URL that may have a query, byte for byte
// keeping what is there.
func AppendQuery(uri string, params []Param) string {
	if len(params) == 0 {
		return uri
	}
	base, fragment, hasFragment := strings.Cut(uri, "#")
	sep := "?"
	if strings.Contains(base, "?") {
		sep = "&"
		if strings.HasSuffix(base, "?") || strings.HasSuffix(base, "&") {
			sep = ""
		}
	}
	out := base + sep + encodeParams(params)
	if hasFragment {
		out += "#" + fragment
	}
	return out
}

func encodeParams(params []Param) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
	}
	return b.String()
}

// TokenResponse is a successful answer of the token endpoint (RFC 6749 §5.1,
// OIDC Core §3.1.3.3). ExpiresIn is in seconds.
type TokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// EndSessionRequest is a parsed logout request (RP-Initiated Logout §2).
type EndSessionRequest struct {
	ClientID, IDTokenHint, LogoutHint string
	PostLogoutRedirectURI, State      string
	UILocales                         string
}

// ParseEndSession reads a logout request.
func ParseEndSession(f Form) (*EndSessionRequest, *Error) {
	r := &EndSessionRequest{
		ClientID: f.Get("client_id"), IDTokenHint: f.Get("id_token_hint"), LogoutHint: f.Get("logout_hint"),
		PostLogoutRedirectURI: f.Get("post_logout_redirect_uri"), State: f.Get("state"), UILocales: f.Get("ui_locales"),
	}
	if err := f.Repeated(); err != nil {
		return r, err
	}
	if len(r.State) > MaxState {
		return r, Refuse(InvalidRequest, "Foyer DS1", "state is longer than 2 KiB")
	}
	return r, nil
}
