package rp_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/rp"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	old, err := signIn(t, c, rp.NewAuthRequest())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		ok     bool
	}{
		{"the same sign-in", func(map[string]any) {}, true},
		{"without the nonce", func(m map[string]any) { delete(m, "nonce") }, true},
		{"without the sid", func(m map[string]any) { delete(m, "sid") }, true},
		{"with another nonce", func(m map[string]any) { m["nonce"] = "x" }, false},
		{"somebody else", func(m map[string]any) { m["sub"] = "eve" }, false},
		{"signed in at another time", func(m map[string]any) { m["auth_time"] = p.now.Unix() }, false},
		{"another issuer", func(m map[string]any) { m["iss"] = "https://evil.example" }, false},
	} {
		p.change(func() { p.claims = tt.change })
		got, err := c.Refresh(t.Context(), old)
		if tt.ok != (err == nil) || err != nil && !errors.Is(err, rp.ErrToken) {
			t.Errorf("OIDC Core §12.2, %s: %v", tt.name, err)
		}
		if err == nil && got.IDToken == old.IDToken {
			t.Errorf("%s: the ID token is the old one", tt.name)
		}
		if err == nil && got.IDToken.SessionID != old.IDToken.SessionID {
			t.Errorf("%s: sid %q, want %q", tt.name, got.IDToken.SessionID, old.IDToken.SessionID)
		}
	}
	p.token = func(w http.ResponseWriter, form url.Values) bool {
		if d := cmp.Diff([]string{"the-refresh-token"}, form["refresh_token"]); d != "" {
			t.Error(d)
		}
		p.json(w, 200, map[string]any{"access_token": "next", "token_type": "Bearer", "expires_in": 60})
		return true
	}
	got, err := c.Refresh(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	if got.AccessToken != "next" || got.RefreshToken != old.RefreshToken || got.IDToken != old.IDToken || !got.Expires.Equal(p.now.Add(time.Minute)) {
		t.Errorf("what was not sent anew must stay: %+v", got)
	}
	if _, err := c.Refresh(t.Context(), &rp.Tokens{}); err == nil {
		t.Error("refreshed without a refresh token")
	}
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	u, err := c.UserInfo(t.Context(), "the-access-token", "ada")
	if err != nil || u.Name != "Ada Lovelace" || u.Email != "ada@example.com" || !u.EmailVerified || len(u.Claims) == 0 {
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := c.UserInfo(t.Context(), "the-access-token", "eve"); !errors.Is(err, rp.ErrToken) {
		t.Errorf("OIDC Core §5.3.2: %v", err)
	}
	var refused *rp.Error
	if _, err := c.UserInfo(t.Context(), "another", "ada"); !errors.As(err, &refused) || refused.Code != "invalid_token" || refused.Description != "it ended" || refused.Status != 401 {
		t.Errorf("RFC 6750 §3: %v", err)
	}
	for _, body := range []string{`{"sub":"eve","sub":"ada"}`, `{"SUB":"ada"}`} {
		p.change(func() {
			p.userinfo = func(w http.ResponseWriter) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(body))
			}
		})
		if _, err := c.UserInfo(t.Context(), "the-access-token", "ada"); !errors.Is(err, rp.ErrAnswer) && !errors.Is(err, rp.ErrToken) {
			t.Errorf("%s: %v", body, err)
		}
	}
	p.change(func() {
		p.userinfo = func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/jwt")
			_, _ = w.Write([]byte("a.b.c"))
		}
	})
	if _, err := c.UserInfo(t.Context(), "the-access-token", "ada"); !errors.Is(err, rp.ErrAnswer) {
		t.Errorf("signed userinfo: %v", err)
	}
}

func TestEndSessionURL(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	for _, tt := range []struct {
		name, hint, back, state string
		params                  []rp.Param
		want                    url.Values
	}{
		{"everything", "id", "https://app.example.com/?a=b", "é &", []rp.Param{rp.LogoutHint("sid"), rp.UILocales("fr"), rp.Set("client_id", "other")},
			url.Values{"id_token_hint": {"id"}, "post_logout_redirect_uri": {"https://app.example.com/?a=b"}, "state": {"é &"}, "client_id": {"app"}, "logout_hint": {"sid"}, "ui_locales": {"fr"}}},
		{"nothing", "", "", "", nil, url.Values{"client_id": {"app"}}},
		{"a parameter does not stand in for a value", "", "", "", []rp.Param{rp.Set("id_token_hint", "x")}, url.Values{"client_id": {"app"}}},
	} {
		got, err := c.EndSessionURL(tt.hint, tt.back, tt.state, tt.params...)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got)
		if err != nil || u.Path != "/endsession" {
			t.Fatalf("%s: %v", got, err)
		}
		if d := cmp.Diff(tt.want, u.Query()); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	q := newProvider(t)
	delete(q.metadata, "end_session_endpoint")
	if _, err := q.client(t).EndSessionURL("", "", ""); !errors.Is(err, rp.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
