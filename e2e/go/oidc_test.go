package e2e

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	callback = "http://127.0.0.1:1/callback"
	bye      = "http://127.0.0.1:1/bye"
	secret   = "a-secret-that-only-the-tests-know"
	email    = "ada@example.com"
	password = "correct horse battery staple"
)

var tenant = map[string]any{
	"tenant": "default",
	"clients": []any{
		map[string]any{"client_id": "web", "client_secret": secret, "redirect_uris": []string{callback}, "post_logout_redirect_uris": []string{bye},
			"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid profile email offline_access"},
		map[string]any{"client_id": "cli", "token_endpoint_auth_method": "none", "redirect_uris": []string{callback}, "post_logout_redirect_uris": []string{bye},
			"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid profile email offline_access"},
	},
	"accounts": []any{map[string]any{"email": email, "email_verified": true, "password": password, "given_name": "Ada"}},
}

func TestGoOIDC(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			dsn := ""
			if database == "postgres" {
				dsn = postgres(t)
			}
			issuer := serve(t, dsn, tenant)
			for _, config := range []oauth2.Config{{ClientID: "web", ClientSecret: secret}, {ClientID: "cli"}} {
				t.Run(config.ClientID, func(t *testing.T) { wholeWay(t, issuer, config) })
			}
		})
	}
}

// wholeWay is one person's way through an application made of both libraries.
func wholeWay(t *testing.T, issuer string, config oauth2.Config) {
	ctx := t.Context()
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	config.Endpoint, config.RedirectURL = provider.Endpoint(), callback
	config.Scopes = []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess}
	verifier := oauth2.GenerateVerifier()
	person := newPerson(t, issuer)

	_, page := person.get(config.AuthCodeURL("my state", oidc.Nonce("my nonce"), oauth2.S256ChallengeOption(verifier)))
	arrived, _ := person.submit(page, url.Values{"identifier": {email}, "password": {password}})
	if arrived == nil || arrived.Query().Get("state") != "my state" {
		t.Fatalf("signing in led to %v", arrived)
	}
	tokens, err := config.Exchange(ctx, arrived.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw := checkIDToken(t, provider, config.ClientID, tokens)
	checkUserInfo(t, provider, config.TokenSource(ctx, tokens))

	old := *tokens
	old.Expiry = time.Unix(1, 0) // the library refreshes by itself
	fresh, err := config.TokenSource(ctx, &old).Token()
	if err != nil {
		t.Fatal(err)
	}
	if fresh.AccessToken == tokens.AccessToken {
		t.Error("the access token did not change")
	}
	checkUserInfo(t, provider, oauth2.StaticTokenSource(fresh))

	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		t.Fatal(err)
	}
	out := more.EndSession + "?" + url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {bye}, "state": {"out"}}.Encode()
	arrived, _ = person.get(out)
	if arrived == nil || arrived.Query().Get("state") != "out" || arrived.Query().Get("logout") != "success" {
		t.Errorf("signing out led to %v", arrived)
	}
	if _, page := person.get(config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))); page == nil || page.StatusCode != http.StatusOK {
		t.Error("after signing out nobody is asked to sign in")
	}
}

func checkIDToken(t *testing.T, provider *oidc.Provider, clientID string, tokens *oauth2.Token) string {
	t.Helper()
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Error(err)
	}
	var claims struct {
		SID string `json:"sid"`
	}
	if err := id.Claims(&claims); err != nil || claims.SID == "" || id.Nonce != "my nonce" {
		t.Errorf("the ID token has sid %q, nonce %q, error %v", claims.SID, id.Nonce, err)
	}
	return raw
}

func checkUserInfo(t *testing.T, provider *oidc.Provider, source oauth2.TokenSource) {
	t.Helper()
	info, err := provider.UserInfo(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	if info.Email != email || !info.EmailVerified {
		t.Errorf("userinfo has %q, verified %v", info.Email, info.EmailVerified)
	}
}
