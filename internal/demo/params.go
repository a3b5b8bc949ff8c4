package demo

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// param is one value of a request or answer, with what it is for.
type param struct{ Name, Value, Note string }

// secrets are shown as their beginning only.
var secrets = map[string]bool{
	"code": true, "code_verifier": true, "client_secret": true, "access_token": true, "refresh_token": true,
	"id_token": true, "id_token_hint": true,
}

// order puts what explains most first; what is not named follows by name.
var order = []string{
	"error", "error_description", "response_type", "grant_type", "client_id", "redirect_uri", "scope", "code", "state", "iss", "nonce", "code_challenge",
	"code_challenge_method", "prompt", "code_verifier", "refresh_token", "access_token", "token_type", "expires_in", "id_token",
	"id_token_hint", "logout_hint", "post_logout_redirect_uri", "logout", "sub",
}

var notes = map[string]string{
	"Authorization: Basic":     "the client’s id and secret (RFC 6749 §2.3.1)",
	"Authorization: Bearer":    "the access token (RFC 6750)",
	"response_type":            "give me a code, not the tokens: they never pass through the browser",
	"grant_type":               "what is offered in exchange",
	"client_id":                "which application asks",
	"redirect_uri":             "where to come back to; registered, compared byte for byte",
	"scope":                    "openid makes it a sign-in; profile and email are the claims asked for",
	"code":                     "worth tokens, once, within 60 seconds, to this client only",
	"state":                    "comes back unchanged: the answer belongs to this browser’s request",
	"iss":                      "who answers; must be Foyer (RFC 9207)",
	"nonce":                    "comes back inside the ID token: it was made for this sign-in",
	"code_challenge":           "the hash of a secret that only the demo knows (PKCE, RFC 7636)",
	"code_challenge_method":    "which hash",
	"code_verifier":            "the secret itself; its hash was the code_challenge",
	"prompt":                   "which screen to show: login asks again, none shows nothing",
	"max_age":                  "how long ago the person may have signed in, in seconds",
	"refresh_token":            "buys new access tokens while the session lives",
	"access_token":             "opens userinfo, and APIs",
	"token_type":               "whoever bears the token may use it",
	"expires_in":               "seconds that the access token lasts",
	"id_token":                 "who signed in, when and how; signed by Foyer",
	"id_token_hint":            "the ID token from signing in: proves who asks, so that no question is needed",
	"logout_hint":              "the sid of this session: everywhere, please",
	"post_logout_redirect_uri": "where to come back to after signing out; registered too",
	"logout":                   "Foyer holds no session for this browser now",
	"error":                    "why not",
	"sub":                      "the person; must be that of the ID token",
}

// params puts values in order, with notes, secrets masked.
func params(v url.Values) []param {
	var list []param
	for name, values := range v {
		for _, value := range values {
			if secrets[name] {
				value = mask(value)
			}
			list = append(list, param{name, value, first(notes[name], meanings[name])})
		}
	}
	rank := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortFunc(list, func(a, b param) int {
		if d := rank(a.Name) - rank(b.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list
}

// mask shows that there is a secret, not which.
func mask(s string) string {
	if len(s) < 12 {
		return "…"
	}
	return fmt.Sprintf("%s… (%d characters)", s[:6], len(s))
}

// plainAddress is an address without its parameters.
func plainAddress(u *url.URL) string {
	plain := *u
	plain.RawQuery, plain.Fragment = "", ""
	return plain.String()
}
