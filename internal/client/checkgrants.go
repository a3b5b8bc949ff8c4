package client

import (
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/token"
)

// signingAlgs are the algorithms of everything signed: never none, never HS*.
var signingAlgs = []string{string(keys.RS256), string(keys.PS256), string(keys.ES256), string(keys.EdDSA)}

// Grant types by what this version makes of them.
var (
	grantTypes  = []string{"authorization_code", "refresh_token", "client_credentials"}
	laterGrants = []string{
		"urn:ietf:params:oauth:grant-type:device_code",
		"urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer",
		"urn:openid:params:grant-type:ciba",
	}
)

var authRules = []rule{
	{"token_endpoint_auth_method", "RFC 7591 §2", func(in checked, r *report) {
		methods := []string{MethodBasic, MethodPost, MethodPrivateKeyJWT, MethodNone}
		switch m := in.Method(); {
		case strings.HasSuffix(m, "tls_client_auth"): // RFC 8705 §2.1.1, §2.2.1
			r.say(-1, "%s is not available yet; use private_key_jwt", printable(m))
		case !slices.Contains(methods, m):
			r.say(-1, "must be %s", list(methods))
		}
	}},
	{"token_endpoint_auth_signing_alg", "OIDC Core §9", oneOf(func(in checked) string { return in.TokenEndpointAuthSigningAlg }, signingAlgs...)},
	{"client_secret", "RFC 6749 §2.1", func(in checked, r *report) {
		switch {
		case in.ClientSecret == "":
		case in.Public():
			r.say(-1, "a public client (token_endpoint_auth_method none) has no secret; remove it or choose client_secret_basic")
		case len(in.ClientSecret) > maxSecret:
			r.say(-1, "is longer than 1 KiB")
		case !printableASCII(in.ClientSecret):
			r.say(-1, "may have printable ASCII characters only (RFC 6749 App. A.2)")
		}
	}},
	{"jwks", "RFC 7591 §2", func(in checked, r *report) {
		switch {
		case in.JWKS != nil && in.JWKSURI != "":
			r.say(-1, "give jwks or jwks_uri, not both")
		case in.JWKS == nil && in.JWKSURI == "" && in.Method() == MethodPrivateKeyJWT:
			r.say(-1, "private_key_jwt needs jwks or jwks_uri")
		case in.JWKS != nil:
			if set, err := token.ParseJWKS(in.JWKS.Bytes()); err != nil {
				r.say(-1, "%v", err)
			} else if set.Len() == 0 && in.Method() == MethodPrivateKeyJWT {
				r.say(-1, "has no key for signatures by %s", list(signingAlgs))
			}
		}
	}},
}

var grantRules = []rule{
	{"grant_types", "RFC 7591 §2", func(in checked, r *report) {
		for i, g := range in.GrantTypes {
			switch {
			case g == "password":
				r.say(i, "password is never offered (RFC 9700 §2.4); use authorization_code")
			case g == "implicit":
				r.say(i, "implicit is not offered (RFC 9700 §2.1.2); use authorization_code with PKCE")
			case !slices.Contains(grantTypes, g) && !slices.Contains(laterGrants, g):
				r.say(i, "is unknown; use %s", list(grantTypes))
			}
		}
	}},
	{"grant_types", "RFC 6749 §4.4", func(in checked, r *report) {
		if i := slices.Index(in.GrantTypes, "client_credentials"); i >= 0 && in.Public() {
			r.say(i, "client_credentials is for confidential clients; choose a token_endpoint_auth_method other than none")
		}
	}},
	{"response_types", "RFC 6749 §3.1.1", func(in checked, r *report) {
		for i, t := range in.ResponseTypes {
			if t != "code" {
				r.say(i, "must be code")
			}
		}
	}},
	{"redirect_uris", "OIDC Registration §2", func(in checked, r *report) {
		if len(in.RedirectURIs) == 0 && in.AllowsGrant("authorization_code") {
			r.say(-1, "at least one is required for authorization_code")
		}
		if len(in.RedirectURIs) > 200 {
			r.say(-1, "has more than 200 addresses")
		}
	}},
}

// weakSecret tells whether a given secret can be guessed offline or on-line.
func weakSecret(s string) bool {
	return s != "" && (len(s) < 20 || strings.Contains(strings.ToLower(s), "change-me"))
}

func needsSecret(method string) bool { return method == MethodBasic || method == MethodPost }

// visible: %x21-7E.
func visible(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// printableASCII is VSCHAR of RFC 6749 App. A: %x20-7E.
func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// printable keeps what an error description may repeat (RFC 6749 §5.2).
func printable(s string) string {
	if len(s) > 60 {
		s = s[:60]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s)
}

// scopeChars: scope-token *( SP scope-token ), tokens of NQCHAR.
func scopeChars(s string) bool {
	for w := range strings.SplitSeq(s, " ") {
		if s != "" && (w == "" || !visible(w) || strings.ContainsAny(w, `"\`)) {
			return false
		}
	}
	return true
}
