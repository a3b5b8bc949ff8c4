package grant_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

func TestTK7_EverythingDiesWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, tc := range []struct {
			name    string
			offline bool // an offline grant dies too
			flip    func(c *client.Client)
		}{
			{"account disabled", true, func(*client.Client) {
				w.must(w.store.SetDisabled(w.ctx, w.tn.ID, w.session.Sub, true, w.now(), audit.Event{Kind: audit.AccountDisabled}))
			}},
			{"account disabled and enabled again", true, func(*client.Client) {
				for _, disabled := range []bool{true, false} {
					w.must(w.store.SetDisabled(w.ctx, w.tn.ID, w.session.Sub, disabled, w.now(), audit.Event{Kind: audit.AccountDisabled}))
				}
			}},
			{"account deleted", true, func(*client.Client) {
				w.must(w.store.DeleteAccount(w.ctx, w.tn.ID, w.session.Sub, w.now(), audit.Event{Kind: audit.AccountDeleted}))
			}},
			{"password changed elsewhere", true, func(*client.Client) {
				w.must(w.store.SetPassword(w.ctx, w.tn.ID, w.session.Sub, "hash", 0, w.now(), audit.Event{Kind: audit.PasswordSet}))
			}},
			{"session ended", false, func(*client.Client) { w.logout() }},
			{"client deleted and made again", true, func(c *client.Client) {
				w.must(w.store.DeleteClient(w.ctx, w.tn.ID, c.ClientID, w.now(), audit.Event{Kind: audit.ClientDeleted}))
				w.advance(time.Second)
				*c = *w.client(c.Spec)
			}},
			{"client disabled", true, func(c *client.Client) {
				off := false
				c.Enabled = &off
				w.must(w.store.UpdateClient(w.ctx, w.tn.ID, c, audit.Event{Kind: audit.ClientUpdated}))
			}},
		} {
			name := strings.ReplaceAll(tc.name, " ", "-")
			w.account(name)
			w.session = w.begin(name)
			opaque := w.client(client.Spec{ClientID: name + "-opaque", AccessTokenFormat: "opaque"})
			jwt := w.client(client.Spec{ClientID: name + "-jwt"})
			for _, c := range []*client.Client{opaque, jwt} {
				w.session = w.begin(name)
				code, bound, offline := w.code(c), w.tokens(c), w.tokens(c, "scope", "openid offline_access")
				w.advance(time.Second)
				tc.flip(c)
				w.dead(t, tc.name, c, bound)
				if tc.name != "client disabled" { // its authentication fails before
					_, err := w.redeem(c, code)
					refused(t, tc.name+": code", err, oidc.InvalidGrant)
				}
				if tc.offline {
					w.dead(t, tc.name+", offline", c, offline)
				} else if _, err := w.refresh(c, offline.RefreshToken); err != nil {
					t.Errorf("%s: the offline grant died: %v", tc.name, err)
				}
				if tc.name == "account deleted" || tc.name == "account disabled" {
					break // once is enough for this account
				}
			}
		}
	})
}

// dead asserts that nothing of an answer can be used.
func (w *world) dead(t *testing.T, what string, c *client.Client, resp *oidc.TokenResponse) {
	t.Helper()
	if c.IsEnabled() {
		_, err := w.refresh(c, resp.RefreshToken)
		refused(t, what+": refresh", err, oidc.InvalidGrant)
	}
	_, err := w.grants.UserInfo(w.ctx, w.tn, resp.AccessToken, w.now())
	refused(t, what+": userinfo", err, oidc.InvalidToken)
	if w.active(c, resp.AccessToken) || w.active(c, resp.RefreshToken) {
		t.Errorf("%s: still active at introspection", what)
	}
}

func TestTK9_OpaqueTokensMatchWhole(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.web)
		for kind, s := range map[string]string{"access": resp.AccessToken, "refresh": resp.RefreshToken} {
			if !w.active(w.web, s) {
				t.Fatalf("the %s token itself is not active", kind)
			}
			other := "A"
			if s[len(s)-2] == 'A' {
				other = "B"
			}
			for name, bad := range map[string]string{
				"cut": s[:len(s)-1], "padded": s + "=", "longer": s + "A", "upper case": strings.ToUpper(s), "space": s + " ",
				"changed": s[:len(s)-2] + other + s[len(s)-1:], "other kind": strings.Replace(s, "fo_", "fo_x", 1),
			} {
				if w.active(w.web, bad) {
					t.Errorf("a %s %s token is active", name, kind)
				}
				if kind == "refresh" {
					_, err := w.refresh(w.web, bad)
					refused(t, name+" refresh token", err, oidc.InvalidGrant)
				} else {
					_, err := w.grants.UserInfo(w.ctx, w.tn, bad, w.now())
					refused(t, name+" access token", err, oidc.InvalidToken)
				}
			}
		}
	})
}

func TestTK12_IntrospectionShowsOwnAndPermittedTokens(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		orders := &tenant.Resource{Audience: "https://orders.example.com", Scopes: []string{"orders.read"}}
		mail := &tenant.Resource{Audience: "https://mail.example.com", Scopes: []string{"mail.send"}}
		for _, c := range []*client.Client{w.spa, w.web} {
			resp := w.tokens(c, "scope", "profile openid orders.read", "resource", "https://orders.example.com")
			look := func(caller grant.Caller, token string) grant.Introspection {
				in, err := w.grants.Introspect(w.ctx, w.tn, caller, token, w.now())
				w.must(err)
				return in
			}
			own := look(grant.Caller{Client: c}, resp.AccessToken)
			want := grant.Introspection{Active: true, Scope: "openid orders.read profile", ClientID: c.ClientID, TokenType: "Bearer",
				Exp: noon.Unix() + 3600, Iat: noon.Unix(), Sub: "ada", Aud: []string{"https://orders.example.com"},
				Iss: w.tn.Issuer, JTI: own.JTI, SID: w.session.SID}
			if diff := cmp.Diff(want, own); diff != "" || own.JTI == "" {
				t.Errorf("own token (reference/akamai.md §1.3): %s", diff)
			}
			if in := look(grant.Caller{Resource: orders}, resp.AccessToken); !in.Active || in.Scope != "orders.read" {
				t.Errorf("the resource sees %+v, want its own scopes", in)
			}
			other := w.client(client.Spec{ClientID: "other-than-" + c.ClientID})
			for name, in := range map[string]grant.Introspection{
				"another client":                look(grant.Caller{Client: other}, resp.AccessToken),
				"another resource":              look(grant.Caller{Resource: mail}, resp.AccessToken),
				"nobody":                        look(grant.Caller{}, resp.AccessToken),
				"a resource, a refresh token":   look(grant.Caller{Resource: orders}, resp.RefreshToken),
				"another client, refresh token": look(grant.Caller{Client: other}, resp.RefreshToken),
				"an ID token":                   look(grant.Caller{Client: c}, resp.IDToken),
				"nonsense":                      look(grant.Caller{Client: c}, "nonsense"),
			} {
				if !cmp.Equal(in, grant.Introspection{}) {
					t.Errorf("%s sees %+v", name, in)
				}
			}
			if in := look(grant.Caller{Client: c}, resp.RefreshToken); !in.Active || in.TokenType != "" || in.Exp != noon.Add(30*24*time.Hour).Unix() {
				t.Errorf("own refresh token = %+v", in)
			}
		}
	})
}

func TestTK12_RevocationIsOwnAndDurable(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, c := range []*client.Client{w.spa, w.web} {
			resp, twin := w.tokens(c), w.tokens(c)
			rival := w.client(client.Spec{ClientID: "rival-of-" + c.ClientID})
			for _, token := range []string{resp.AccessToken, resp.RefreshToken, resp.IDToken, "nonsense", "fo_rt_x", "fo_at_x"} {
				w.must(w.grants.Revoke(w.ctx, w.tn, rival, token, w.now()))
			}
			if !w.active(c, resp.AccessToken) || !w.active(c, resp.RefreshToken) {
				t.Fatal("another client's request revoked something")
			}
			w.must(w.grants.Revoke(w.ctx, w.tn, c, resp.AccessToken, w.now()))
			if w.active(c, resp.AccessToken) || !w.active(c, resp.RefreshToken) {
				t.Error("revoking an access token ends it, and it alone")
			}
			_, err := w.grants.UserInfo(w.ctx, w.tn, resp.AccessToken, w.now())
			refused(t, "userinfo with a revoked token", err, oidc.InvalidToken)
			next, err := w.refresh(c, resp.RefreshToken)
			w.must(err)
			w.must(w.grants.Revoke(w.ctx, w.tn, c, next.RefreshToken, w.now()))
			w.must(w.grants.Revoke(w.ctx, w.tn, c, next.RefreshToken, w.now())) // twice is no error
			w.dead(t, "a revoked family", c, next)
			if !w.active(c, twin.AccessToken) {
				t.Error("another family of the same client died")
			}
		}
		w.must(w.db.Close())
		if err := w.grants.Revoke(w.ctx, w.tn, w.spa, secret.New(secret.RefreshToken, noon).Reveal(), w.now()); err == nil {
			t.Error("a revocation without a database was answered as done")
		}
	})
}

func TestTK13_NoPasswordGrant(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		c := w.client(client.Spec{ClientID: "old", GrantTypes: []string{"password", "authorization_code"}})
		for grantType, want := range map[string]oidc.Code{
			"password": oidc.UnsupportedGrantType, "implicit": oidc.UnsupportedGrantType, "": oidc.InvalidRequest,
			"AUTHORIZATION_CODE": oidc.UnsupportedGrantType, "refresh_token": oidc.UnauthorizedClient, "client_credentials": oidc.UnauthorizedClient,
		} {
			_, err := w.exchange(c, url.Values{"grant_type": {grantType}, "username": {"ada"}, "password": {"x"}})
			refused(t, "grant_type "+grantType, err, want)
		}
	})
}

func TestTK14_ClientCredentialsGetConfiguredAPIScopes(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		ask := func(c *client.Client, more ...string) (*oidc.TokenResponse, error) {
			return w.exchange(c, url.Values{"grant_type": {"client_credentials"}}, more...)
		}
		for _, scope := range []string{"openid", "offline_access", "orders.write", "orders.read openid", "wombat"} {
			_, err := ask(w.web, "scope", scope)
			refused(t, "scope "+scope, err, oidc.InvalidScope)
		}
		_, err := ask(w.spa)
		refused(t, "a public client", err, oidc.UnauthorizedClient)
		_, err = ask(w.web, "scope", "mail.send", "resource", "https://orders.example.com")
		refused(t, "a scope of another resource", err, oidc.InvalidScope)
		_, err = ask(w.web, "resource", "https://unknown.example.com")
		refused(t, "an unknown resource", err, oidc.InvalidTarget)

		resp, err := ask(w.web)
		w.must(err)
		if resp.Scope != "orders.read mail.send" || resp.IDToken != "" || resp.RefreshToken != "" || !w.active(w.web, resp.AccessToken) {
			t.Errorf("all that is configured = %+v", resp)
		}
		_, err = w.grants.UserInfo(w.ctx, w.tn, resp.AccessToken, w.now())
		refused(t, "userinfo without a person", err, oidc.InsufficientScope)

		jwt := w.client(client.Spec{ClientID: "jwt", Scope: "orders.read"})
		before := w.db.Stats().Writes
		resp, err = ask(jwt, "scope", "orders.read", "resource", "https://orders.example.com")
		w.must(err)
		if at := claims(t, resp.AccessToken); at["sub"] != "jwt" || at["aud"] != "https://orders.example.com" || at["gid"] != nil || at["sid"] != nil {
			t.Errorf("JWT = %v (RFC 9068 §2.2)", at)
		}
		if w.db.Stats().Writes != before || !w.active(jwt, resp.AccessToken) {
			t.Error("a JWT for a client itself is stateless and active")
		}
		w.must(w.grants.Revoke(w.ctx, w.tn, jwt, resp.AccessToken, w.now()))
		if w.active(jwt, resp.AccessToken) {
			t.Error("and can be revoked")
		}
	})
}

func TestMT2_TokensOfOneTenantAreNothingInAnother(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		here := w.tn
		jwt, opaque := w.tokens(w.spa), w.tokens(w.web)
		w.tn = w.tenant("elsewhere")
		w.account("ada")
		spa, web := w.client(w.spa.Spec), w.client(w.web.Spec)
		for _, resp := range []*oidc.TokenResponse{jwt, opaque} {
			_, err := w.grants.UserInfo(w.ctx, w.tn, resp.AccessToken, w.now())
			refused(t, "userinfo", err, oidc.InvalidToken)
			for _, c := range []*client.Client{spa, web} {
				if w.active(c, resp.AccessToken) || w.active(c, resp.RefreshToken) {
					t.Error("active in another tenant")
				}
				_, err := w.refresh(c, resp.RefreshToken)
				refused(t, "refresh", err, oidc.InvalidGrant)
				for _, token := range []string{resp.AccessToken, resp.RefreshToken} {
					w.must(w.grants.Revoke(w.ctx, w.tn, c, token, w.now()))
				}
			}
		}
		w.tn = here
		if !w.active(w.spa, jwt.AccessToken) || !w.active(w.web, opaque.AccessToken) || !w.active(w.web, opaque.RefreshToken) {
			t.Error("another tenant's requests had an effect")
		}
	})
}

func TestKJ5_AccessTokensEndOnTime(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, c := range []*client.Client{w.spa, w.web} {
			resp := w.tokens(c)
			w.advance(time.Hour - time.Second)
			if !w.active(c, resp.AccessToken) {
				t.Error("a token ended before its time")
			}
			w.advance(time.Second)
			if w.active(c, resp.AccessToken) {
				t.Error("a token outlived its exp at its own issuer")
			}
		}
	})
}

func TestAkamaiIntrospectionNamesTheClientFirst(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.tn.Tenant.Dialect = tenant.Akamai
		resp := w.tokens(w.web, "scope", "openid orders.read", "resource", "https://mail.example.com")
		in, err := w.grants.Introspect(w.ctx, w.tn, grant.Caller{Client: w.web}, resp.AccessToken, w.now())
		w.must(err)
		if diff := cmp.Diff([]string{"web", "https://mail.example.com"}, in.Aud); diff != "" {
			t.Errorf("aud (reference/akamai.md §1.3): %s", diff)
		}
	})
}

func TestWrongTokensAreCharged(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		var err error
		var limited error
		n := 0
		for ; n < 200; n++ {
			_, err = w.refresh(w.spa, secret.New(secret.RefreshToken, w.now()).Reveal())
			var refusal *oidc.Error
			if !errors.As(err, &refusal) {
				limited = err
				break
			}
		}
		if limited == nil || n != 100 || !strings.Contains(limited.Error(), "limit of grant") {
			t.Errorf("after %d wrong tokens: %v; want the limit after 100", n, err)
		}
		if resp := w.tokens(w.spa); resp.AccessToken == "" {
			t.Error("an honest request is not held up")
		}
	})
}
