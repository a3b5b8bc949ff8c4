package client

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/config"
)

// good is metadata without a finding or warning; each case spoils it.
func good() Spec {
	return Spec{ClientID: "web", TokenEndpointAuthMethod: MethodBasic, GrantTypes: []string{"authorization_code", "refresh_token"},
		RedirectURIs: []string{"https://app.example.com/callback"}, PostLogoutRedirectURIs: []string{"https://app.example.com/"},
		ResponseTypes: []string{"code"}, Scope: "openid profile email"}
}

func ptr[T any](v T) *T { return &v }

var rsaKey = map[string]any{"kty": "RSA", "kid": "a", "e": "AQAB", "n": strings.Repeat("_", 342) + "w"}

func TestCheckFindings(t *testing.T) {
	t.Parallel()
	hour := func(n time.Duration) config.Duration { return config.Duration(n * time.Hour) }
	cases := map[string]struct {
		spoil func(*Spec)
		cc    CheckContext
		want  []string // pointers
	}{
		"nothing is wrong":              {func(*Spec) {}, CheckContext{}, nil},
		"no client_id":                  {func(s *Spec) { s.ClientID = "" }, CheckContext{}, []string{"/client_id"}},
		"a client_id with a space":      {func(s *Spec) { s.ClientID = "a b" }, CheckContext{}, []string{"/client_id"}},
		"a client_id beyond ASCII":      {func(s *Spec) { s.ClientID = "é" }, CheckContext{}, []string{"/client_id"}},
		"a client_id of 201 characters": {func(s *Spec) { s.ClientID = strings.Repeat("a", 201) }, CheckContext{}, []string{"/client_id"}},
		"mTLS is not available yet":     {func(s *Spec) { s.TokenEndpointAuthMethod = "tls_client_auth" }, CheckContext{}, []string{"/token_endpoint_auth_method"}},
		"an unknown method":             {func(s *Spec) { s.TokenEndpointAuthMethod = "client_secret_jwt" }, CheckContext{}, []string{"/token_endpoint_auth_method"}},
		"private_key_jwt without keys":  {func(s *Spec) { s.TokenEndpointAuthMethod = MethodPrivateKeyJWT }, CheckContext{}, []string{"/jwks"}},
		"private_key_jwt with keys": {func(s *Spec) {
			s.TokenEndpointAuthMethod = MethodPrivateKeyJWT
			s.JWKSURI = "https://app.example.com/jwks"
		}, CheckContext{}, nil},
		"jwks and jwks_uri":         {func(s *Spec) { s.JWKS = &JWKS{}; s.JWKSURI = "https://app.example.com/jwks" }, CheckContext{}, []string{"/jwks"}},
		"a private key published":   {func(s *Spec) { s.JWKS = &JWKS{[]map[string]any{{"kty": "RSA", "d": "x"}}} }, CheckContext{}, []string{"/jwks"}},
		"a symmetric key published": {func(s *Spec) { s.JWKS = &JWKS{[]map[string]any{{"kty": "oct", "k": "x"}}} }, CheckContext{}, []string{"/jwks"}},
		"no key that signs":         {func(s *Spec) { s.TokenEndpointAuthMethod = MethodPrivateKeyJWT; s.JWKS = &JWKS{[]map[string]any{}} }, CheckContext{}, []string{"/jwks"}},
		"a public key": {func(s *Spec) {
			s.TokenEndpointAuthMethod = MethodPrivateKeyJWT
			s.JWKS = &JWKS{[]map[string]any{rsaKey}}
		}, CheckContext{}, nil},
		"jwks_uri by http":                       {func(s *Spec) { s.JWKSURI = "http://app.example.com/jwks" }, CheckContext{}, []string{"/jwks_uri"}},
		"a secret of a public client":            {func(s *Spec) { s.TokenEndpointAuthMethod = MethodNone; s.ClientSecret = strings.Repeat("x", 30) }, CheckContext{}, []string{"/client_secret"}},
		"a secret with a line end":               {func(s *Spec) { s.ClientSecret = strings.Repeat("x", 30) + "\n" }, CheckContext{}, []string{"/client_secret"}},
		"password, implicit and an unknown":      {func(s *Spec) { s.GrantTypes = []string{"password", "authorization_code", "implicit", "x"} }, CheckContext{}, []string{"/grant_types/0", "/grant_types/2", "/grant_types/3"}},
		"client_credentials of a public client":  {func(s *Spec) { s.TokenEndpointAuthMethod = MethodNone; s.GrantTypes = []string{"client_credentials"} }, CheckContext{}, []string{"/grant_types/0"}},
		"client_credentials needs no address":    {func(s *Spec) { s.GrantTypes = []string{"client_credentials"}; s.RedirectURIs = nil }, CheckContext{}, nil},
		"response type token":                    {func(s *Spec) { s.ResponseTypes = []string{"code", "id_token token"} }, CheckContext{}, []string{"/response_types/1"}},
		"no redirect address":                    {func(s *Spec) { s.RedirectURIs = nil; s.GrantTypes = nil }, CheckContext{}, []string{"/redirect_uris"}},
		"bad addresses":                          {func(s *Spec) { s.RedirectURIs = []string{"https://a.example/", "javascript:x", "http://a.example/"} }, CheckContext{}, []string{"/redirect_uris/1", "/redirect_uris/2"}},
		"bad addresses after logout":             {func(s *Spec) { s.PostLogoutRedirectURIs = []string{"https://a.example/#x"} }, CheckContext{}, []string{"/post_logout_redirect_uris/0"}},
		"loopback of a web client":               {func(s *Spec) { s.RedirectURIs = []string{"http://localhost:3000/cb"} }, CheckContext{Origin: FromFile}, nil},
		"loopback of one that registered itself": {func(s *Spec) { s.RedirectURIs = []string{"http://localhost:3000/cb"} }, CheckContext{Origin: FromSelf}, []string{"/redirect_uris/0"}},
		"application_type":                       {func(s *Spec) { s.ApplicationType = "desktop" }, CheckContext{}, []string{"/application_type"}},
		"subject_type":                           {func(s *Spec) { s.SubjectType = "x" }, CheckContext{}, []string{"/subject_type"}},
		"scope characters":                       {func(s *Spec) { s.Scope = `openid "x"` }, CheckContext{}, []string{"/scope"}},
		"scope with two spaces":                  {func(s *Spec) { s.Scope = "openid  x" }, CheckContext{}, []string{"/scope"}},
		"default_max_age":                        {func(s *Spec) { s.DefaultMaxAge = ptr(int64(-1)) }, CheckContext{}, []string{"/default_max_age"}},
		"logout_confirmation":                    {func(s *Spec) { s.LogoutConfirmation = "never" }, CheckContext{}, []string{"/logout_confirmation"}},
		"logout_result_param":                    {func(s *Spec) { s.LogoutResultParam = ptr("state") }, CheckContext{}, []string{"/logout_result_param"}},
		"logout_result_param none":               {func(s *Spec) { s.LogoutResultParam = ptr("") }, CheckContext{}, nil},
		"access_token_format":                    {func(s *Spec) { s.AccessTokenFormat = "saml" }, CheckContext{}, []string{"/access_token_format"}},
		"alg none and HS256":                     {func(s *Spec) { s.IDTokenSignedResponseAlg = "none"; s.RequestObjectSigningAlg = "HS256" }, CheckContext{}, []string{"/id_token_signed_response_alg", "/request_object_signing_alg"}},
		"auth signing alg":                       {func(s *Spec) { s.TokenEndpointAuthSigningAlg = "HS256" }, CheckContext{}, []string{"/token_endpoint_auth_signing_alg"}},
		"lifetimes too long": {func(s *Spec) {
			s.Tokens = Tokens{AccessToken: hour(25), IDToken: hour(337), Code: hour(1), RefreshGrace: hour(1)}
		}, CheckContext{}, []string{"/tokens/access_token", "/tokens/code", "/tokens/id_token", "/tokens/refresh_grace"}},
		"lifetimes too short": {func(s *Spec) { s.Tokens.AccessToken = config.Duration(59 * time.Second) }, CheckContext{}, []string{"/tokens/access_token"}},
		"lifetimes at the edge": {func(s *Spec) {
			s.Tokens = Tokens{AccessToken: hour(24), IDToken: hour(336), Code: config.Duration(time.Minute), RefreshGrace: config.Duration(5 * time.Minute)}
		}, CheckContext{}, nil},
		"idle beyond absolute": {func(s *Spec) { s.Tokens = Tokens{RefreshIdle: hour(3), RefreshAbsolute: hour(2)} }, CheckContext{}, []string{"/tokens/refresh_idle"}},
		"cors_origins": {func(s *Spec) {
			s.CORSOrigins = []string{"https://a.example", "https://a.example/", "null", "*", "https://A.example", "https://a.example:443", "http://a.example", "http://localhost:3000", "https://a.example:8443"}
		}, CheckContext{}, []string{"/cors_origins/1", "/cors_origins/2", "/cors_origins/3", "/cors_origins/4", "/cors_origins/5", "/cors_origins/6"}},
		"initiate_login_uri":                {func(s *Spec) { s.InitiateLoginURI = "http://app.example.com/login" }, CheckContext{}, []string{"/initiate_login_uri"}},
		"back-channel by http":              {func(s *Spec) { s.BackchannelLogoutURI = "http://app.example.com/bc" }, CheckContext{}, []string{"/backchannel_logout_uri"}},
		"back-channel by http when allowed": {func(s *Spec) { s.BackchannelLogoutURI = "http://app:8080/bc" }, CheckContext{PlainHTTP: true}, nil},
		"back-channel on loopback":          {func(s *Spec) { s.BackchannelLogoutURI = "http://127.0.0.1:3000/bc" }, CheckContext{}, nil},
		"back-channel with a fragment":      {func(s *Spec) { s.BackchannelLogoutURI = "https://app.example.com/bc#" }, CheckContext{}, []string{"/backchannel_logout_uri"}},
		"front-channel of another origin":   {func(s *Spec) { s.FrontchannelLogoutURI = "https://app.example.com:8443/fc" }, CheckContext{}, []string{"/frontchannel_logout_uri"}},
		"front-channel by http":             {func(s *Spec) { s.FrontchannelLogoutURI = "http://app.example.com/fc" }, CheckContext{}, []string{"/frontchannel_logout_uri"}},
		"front-channel with a fragment":     {func(s *Spec) { s.FrontchannelLogoutURI = "https://app.example.com/fc#x" }, CheckContext{}, []string{"/frontchannel_logout_uri"}},
		"front-channel on loopback": {func(s *Spec) {
			s.RedirectURIs, s.FrontchannelLogoutURI = append(s.RedirectURIs, "http://localhost:3000/cb"), "http://localhost:3000/fc"
		}, CheckContext{}, nil},
		"front-channel on loopback of one that registered": {func(s *Spec) {
			s.RedirectURIs, s.FrontchannelLogoutURI = append(s.RedirectURIs, "http://localhost:3000/cb"), "http://localhost:3000/fc"
		}, CheckContext{Origin: FromSelf}, []string{"/frontchannel_logout_uri", "/redirect_uris/1"}},
		"front-channel at an IPv6 address": {func(s *Spec) {
			s.RedirectURIs, s.FrontchannelLogoutURI = append(s.RedirectURIs, "http://[::1]:3000/cb"), "http://[::1]:3000/fc"
		}, CheckContext{}, []string{"/frontchannel_logout_uri"}},
		"front-channel at a private scheme": {func(s *Spec) {
			s.ApplicationType, s.RedirectURIs, s.FrontchannelLogoutURI = "native", []string{"com.example.app:/cb"}, "com.example.app:/fc"
		}, CheckContext{}, []string{"/frontchannel_logout_uri"}},
		"LO9: a quote in a front-channel URI": {func(s *Spec) { s.FrontchannelLogoutURI = `https://app.example.com/"><script>` }, CheckContext{}, []string{"/frontchannel_logout_uri"}},
		"SS7: a template in an address":       {func(s *Spec) { s.BackchannelLogoutURI = "https://{client_session_host}/bc" }, CheckContext{}, []string{"/backchannel_logout_uri"}},
		"pages with a scheme that runs":       {func(s *Spec) { s.ClientURI, s.TOSURI = "javascript:x", "data:x" }, CheckContext{}, []string{"/client_uri", "/tos_uri"}},
		"logout reasons":                      {func(s *Spec) { s.BackchannelLogoutOn = []string{"expired", "bored"} }, CheckContext{}, []string{"/backchannel_logout_on/1"}},
		"profile menu":                        {func(s *Spec) { s.ProfileMenu = []string{"devices", "x"} }, CheckContext{}, []string{"/profile_menu/1"}},
		"locale":                              {func(s *Spec) { s.DefaultLocale = "english_please" }, CheckContext{}, []string{"/default_locale"}},
		"id_token_claims":                     {func(s *Spec) { s.IDTokenClaims = []string{"email", ""} }, CheckContext{}, []string{"/id_token_claims/1"}},
		"first_party of one that registered":  {func(s *Spec) { s.FirstParty = ptr(true) }, CheckContext{Origin: FromSelf}, []string{"/first_party"}},
		"everything at once, in order": {func(s *Spec) {
			s.ClientID, s.Scope, s.ApplicationType, s.RedirectURIs = "", `"`, "x", []string{"ftp://x"}
		}, CheckContext{}, []string{"/application_type", "/client_id", "/redirect_uris/0", "/scope"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := good()
			c.spoil(&s)
			findings, _ := Check(&s, c.cc)
			var got []string
			for _, f := range findings {
				got = append(got, f.Pointer)
				if f.Message == "" || f.Cite == "" {
					t.Errorf("%+v has no message or no citation", f)
				}
				if s.ClientSecret != "" && strings.Contains(f.String(), s.ClientSecret) {
					t.Errorf("%v repeats the secret", f)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("pointers (-want +got):\n%s%v", diff, findings)
			}
		})
	}
}

func TestCheckWarnings(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(*Spec)
		want  []string
	}{
		"none": {func(*Spec) {}, nil},
		"grants of a later version": {func(s *Spec) {
			s.GrantTypes = append([]string{"authorization_code"}, laterGrants...)
		}, []string{"/grant_types/1", "/grant_types/2", "/grant_types/3", "/grant_types/4"}},
		"pairwise":             {func(s *Spec) { s.SubjectType = "pairwise" }, []string{"/subject_type"}},
		"required_fields":      {func(s *Spec) { s.RequiredFields = []string{"given_name"} }, []string{"/required_fields"}},
		"front-channel":        {func(s *Spec) { s.FrontchannelLogoutURI = "https://app.example.com/fc" }, []string{"/frontchannel_logout_uri"}},
		"a short secret":       {func(s *Spec) { s.ClientSecret = "nineteen characters" }, []string{"/client_secret"}},
		"the example's secret": {func(s *Spec) { s.ClientSecret = "change-me-change-me-change-me" }, []string{"/client_secret"}},
		"a secret that is not used": {func(s *Spec) {
			s.TokenEndpointAuthMethod, s.JWKSURI = MethodPrivateKeyJWT, "https://a.example/"
			s.ClientSecret = "x"
		}, []string{"/client_secret"}},
		"localhost of a native client":  {func(s *Spec) { s.ApplicationType = "native"; s.RedirectURIs = []string{"http://localhost/cb"} }, []string{"/redirect_uris/0"}},
		"everything registered is fine": {func(s *Spec) { s.ClientSecret = strings.Repeat("r4nd0m", 4) }, nil},
	}
	for name, c := range cases {
		s := good()
		c.spoil(&s)
		findings, warnings := Check(&s, CheckContext{Origin: FromFile})
		var got []string
		for _, f := range warnings {
			got = append(got, f.Pointer)
		}
		if len(findings) > 0 || !slices.Equal(got, c.want) {
			t.Errorf("%s: warnings %v, findings %v; want %v", name, warnings, findings, c.want)
		}
	}
}
