package rp_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/rp"
)

func TestExchange(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	tokens, err := signIn(t, c, rp.NewAuthRequest())
	if err != nil {
		t.Fatal(err)
	}
	id := tokens.IDToken
	if id.Subject != "ada" || id.SessionID != "browser-1" || id.ClientID != "app" || id.Issuer != p.URL || id.ACR != "1" || !id.AuthTime.Equal(p.now.Add(-time.Minute)) {
		t.Errorf("ID token: %+v", id)
	}
	if tokens.AccessToken != "the-access-token" || tokens.RefreshToken != "the-refresh-token" || !tokens.Expires.Equal(p.now.Add(time.Hour)) || tokens.Scope != "openid profile email" {
		t.Errorf("tokens: %+v", tokens)
	}
	form := p.lastForm()
	form.Del("code_verifier")
	want := url.Values{"grant_type": {"authorization_code"}, "code": {"code-1"}, "redirect_uri": {redirectURI}, "basic": {"app s3%3Acret%26"}}
	if d := cmp.Diff(want, form); d != "" {
		t.Errorf("token request (RFC 6749 §2.3.1, §4.1.3): %s", d)
	}
}

func TestAuthorizeURL(t *testing.T) {
	t.Parallel()
	c := newProvider(t).client(t)
	a, age := rp.NewAuthRequest(), int64(60)
	a.MaxAge = &age
	u, err := url.Parse(c.AuthorizeURL(a, rp.Prompt("login"), rp.LoginHint("ada@example.com"), rp.UILocales("fr", "en"), rp.ACRValues("2"), rp.Set("state", "mine"), rp.Set("redirect_uri", "https://evil.example")))
	if err != nil {
		t.Fatal(err)
	}
	got := u.Query()
	if len(got.Get("code_challenge")) != 43 {
		t.Errorf("code_challenge %q", got.Get("code_challenge"))
	}
	got.Del("code_challenge")
	want := url.Values{
		"tenant": {"x"}, "response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {redirectURI}, "scope": {"openid profile email"},
		"state": {a.State}, "nonce": {a.Nonce}, "code_challenge_method": {"S256"}, "max_age": {"60"}, "prompt": {"login"},
		"login_hint": {"ada@example.com"}, "ui_locales": {"fr en"}, "acr_values": {"2"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if b := rp.NewAuthRequest(); a.State == b.State || a.Nonce == b.Nonce || a.Verifier == b.Verifier || len(a.Verifier) != 43 {
		t.Error("requests share values")
	}
}

// TestAZ7_AnswersOfSomebodyElse covers mix-up and answers that belong to
// nothing: no request reaches the token endpoint.
func TestAZ7_AnswersOfSomebodyElse(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	a := rp.NewAuthRequest()
	good := url.Values{"code": {"the-code"}, "state": {a.State}, "iss": {p.URL}}
	for _, tt := range []struct {
		name   string
		change func(url.Values)
		want   error
	}{
		{"another issuer", func(v url.Values) { v.Set("iss", "https://evil.example") }, rp.ErrAnswer},
		{"an issuer with a slash more", func(v url.Values) { v.Set("iss", p.URL+"/") }, rp.ErrAnswer},
		{"an empty issuer", func(v url.Values) { v.Set("iss", "") }, rp.ErrAnswer},
		{"no issuer although promised", func(v url.Values) { v.Del("iss") }, rp.ErrAnswer},
		{"an error of another issuer", func(v url.Values) { v.Set("iss", "https://evil.example"); v.Set("error", "access_denied") }, rp.ErrAnswer},
		{"another state", func(v url.Values) { v.Set("state", "x") }, rp.ErrState},
		{"no state", func(v url.Values) { v.Del("state") }, rp.ErrState},
		{"no code", func(v url.Values) { v.Del("code") }, rp.ErrAnswer},
		{"two codes", func(v url.Values) { v.Add("code", "second") }, rp.ErrAnswer},
		{"two states", func(v url.Values) { v.Add("state", "second") }, rp.ErrAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := url.Values{}
			for k, s := range good {
				v[k] = append([]string(nil), s...)
			}
			tt.change(v)
			if _, err := c.Exchange(t.Context(), v, a); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := c.Exchange(t.Context(), url.Values{"code": {"x"}, "state": {""}, "iss": {p.URL}}, rp.AuthRequest{}); !errors.Is(err, rp.ErrState) {
		t.Errorf("an empty request has no answer: %v", err)
	}
	p.change(func() {
		if len(p.forms) != 0 {
			t.Errorf("%d requests reached the token endpoint", len(p.forms))
		}
	})
}

func TestProviderRefuses(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	a := rp.NewAuthRequest()
	var refused *rp.Error
	_, err := c.Exchange(t.Context(), sendAuthorize(t, c.AuthorizeURL(a, rp.Prompt("none"))), a)
	if !errors.As(err, &refused) || refused.Code != "login_required" || refused.Status != 0 {
		t.Errorf("authorization response: %v", err)
	}
	wrong := a
	answer := sendAuthorize(t, c.AuthorizeURL(a))
	wrong.Verifier = strings.Repeat("x", 43)
	_, err = c.Exchange(t.Context(), answer, wrong)
	if !errors.As(err, &refused) || refused.Code != "invalid_grant" || refused.Status != 400 || refused.Description != "wrong code_verifier" {
		t.Errorf("token endpoint: %v", err)
	}
}

func TestTokenEndpointAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		status     int
		is         error
	}{
		{"a page", "<html>", 200, nil},
		{"no access token", `{"token_type":"Bearer","id_token":"x"}`, 200, rp.ErrAnswer},
		{"a token type that is not understood", `{"access_token":"a","token_type":"mac","id_token":"x"}`, 200, rp.ErrAnswer},
		{"no ID token", `{"access_token":"a","token_type":"Bearer"}`, 200, rp.ErrToken},
		{"no ID token but expires_in as a string", `{"access_token":"a","token_type":"Bearer","expires_in":"3600"}`, 200, rp.ErrToken},
		{"more than a megabyte", strings.Repeat(" ", 1<<20) + `{}`, 200, nil},
		{"a redirect, which is not followed", "", 307, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.token = func(w http.ResponseWriter, _ url.Values) bool {
				w.Header().Set("Location", p.URL+"/revoke")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
				return true
			}
			_, err := signIn(t, p.client(t), rp.NewAuthRequest())
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
			if len(p.forms) != 1 {
				t.Errorf("%d requests were sent", len(p.forms))
			}
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	for _, tt := range []struct {
		name string
		cfg  rp.Config
		want url.Values
	}{
		{"a public client names itself", rp.Config{ClientID: "app", RedirectURI: redirectURI}, url.Values{"client_id": {"app"}}},
		{"a secret in the body", rp.Config{ClientID: "app", ClientSecret: "s", SecretInBody: true, RedirectURI: redirectURI}, url.Values{"client_id": {"app"}, "client_secret": {"s"}}},
	} {
		c, err := rp.NewClient(p.discover(t), tt.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Revoke(t.Context(), "t", "refresh_token"); err != nil {
			t.Fatal(err)
		}
		tt.want["token"], tt.want["token_type_hint"] = []string{"t"}, []string{"refresh_token"}
		if d := cmp.Diff(tt.want, p.lastForm()); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestNewClient_ConfigurationThatCannotBe(t *testing.T) {
	t.Parallel()
	p := newProvider(t).discover(t)
	for _, cfg := range []rp.Config{
		{RedirectURI: redirectURI}, {ClientID: "app"}, {ClientID: "app", RedirectURI: "/callback"},
		{ClientID: "app", RedirectURI: "http://app.example.com/callback"}, {ClientID: "app", RedirectURI: "https://app.example.com/#x"},
	} {
		if _, err := rp.NewClient(p, cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}
