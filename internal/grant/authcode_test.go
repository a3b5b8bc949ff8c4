package grant_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/token"
)

func TestTK1_CodeIsRedeemedOnceUnderConcurrency(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for range 8 {
			code := w.code(w.web, "scope", "openid")
			var wg sync.WaitGroup
			var won atomic.Int64
			var answer atomic.Pointer[oidc.TokenResponse]
			for range 64 {
				wg.Go(func() {
					resp, err := w.redeem(w.web, code)
					if err == nil {
						won.Add(1)
						answer.Store(resp)
						return
					}
					refused(t, "a second redemption", err, oidc.InvalidGrant)
				})
			}
			wg.Wait()
			if won.Load() != 1 {
				t.Fatalf("%d redemptions of one code succeeded, want 1", won.Load())
			}
			if resp := answer.Load(); w.active(w.web, resp.AccessToken) || w.active(w.web, resp.RefreshToken) {
				t.Error("tokens of a replayed code are still active")
			}
			_, err := w.refresh(w.web, answer.Load().RefreshToken)
			refused(t, "refresh after a replay", err, oidc.InvalidGrant)
		}
	})
}

func TestTK1_ReplayKillsWhatWasIssued(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for _, c := range []*client.Client{w.spa, w.web} {
			code := w.code(c)
			resp, err := w.redeem(c, code)
			w.must(err)
			w.advance(5 * time.Minute) // the code has expired; its replay still counts
			if _, err := w.grants.UserInfo(w.ctx, w.tn, resp.AccessToken, w.now()); err != nil {
				t.Fatalf("userinfo before the replay: %v", err)
			}
			_, err = w.redeem(c, code)
			refused(t, "replay", err, oidc.InvalidGrant)
			_, err = w.grants.UserInfo(w.ctx, w.tn, resp.AccessToken, w.now())
			refused(t, "userinfo after the replay", err, oidc.InvalidToken)
			_, err = w.refresh(c, resp.RefreshToken)
			refused(t, "refresh after the replay", err, oidc.InvalidGrant)
		}
	})
}

func TestTK2_PKCEMatrix(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("x", 43)
	both(t, func(t *testing.T, w *world) {
		for _, tc := range []struct {
			name, challenge, verifier string
			ok                        bool
		}{
			{"challenge, right verifier", challenge(verifier), verifier, true},
			{"challenge, wrong verifier", challenge(verifier), other, false},
			{"challenge, no verifier", challenge(verifier), "", false},
			{"no challenge, a verifier", "", verifier, false},
			{"no challenge, another verifier", "", other, false},
			{"no challenge, no verifier", "", "", true},
		} {
			_, err := w.redeem(w.web, w.code(w.web, "code_challenge", tc.challenge), "code_verifier", tc.verifier)
			if tc.ok && err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			if !tc.ok {
				refused(t, tc.name, err, oidc.InvalidGrant)
			}
		}
		_, err := w.redeem(w.spa, w.code(w.spa, "code_challenge", ""), "code_verifier", "")
		refused(t, "a public client without PKCE", err, oidc.InvalidGrant)
	})
}

func TestAZ6_CodeIsBoundToEverything(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		rival := w.client(client.Spec{ClientID: "rival", TokenEndpointAuthMethod: client.MethodNone})
		elsewhere := w.tenant("elsewhere")
		code := w.code(w.spa)
		half := secret.New(secret.AuthCode, w.now())
		half.Selector, _ = secret.ParseSelector(code[len("fo_ac_"):][:11])
		ask := func(c *client.Client, more ...string) error {
			_, err := w.redeem(c, code, more...)
			return err
		}
		for name, err := range map[string]error{
			"wrong verifier half": ask(w.spa, "code", half.Reveal()),
			"another client":      ask(rival),
			"another address":     ask(w.spa, "redirect_uri", redirect+"/"),
			"no address":          ask(w.spa, "redirect_uri", ""),
			"another verifier":    ask(w.spa, "code_verifier", strings.Repeat("y", 50)),
			"cut short":           ask(w.spa, "code", code[:len(code)-1]),
			"as a refresh token":  func() error { _, err := w.refresh(w.spa, code); return err }(),
			"in another tenant": func() error {
				f := form(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}})
				_, err := w.grants.Exchange(w.ctx, elsewhere, w.spa, f, "192.0.2.0/24", w.now())
				return err
			}(),
		} {
			refused(t, name, err, oidc.InvalidGrant)
		}
		resp, err := w.redeem(w.spa, code)
		if err != nil {
			t.Fatalf("the right request after all the wrong ones: %v (they consume nothing)", err)
		}
		// Wrong requests on a used code are no evidence of a replay either.
		refused(t, "selector alone, after use", ask(w.spa, "code", half.Reveal()), oidc.InvalidGrant)
		refused(t, "another client, after use", ask(rival), oidc.InvalidGrant)
		refused(t, "wrong verifier, after use", ask(w.spa, "code_verifier", strings.Repeat("y", 50)), oidc.InvalidGrant)
		refused(t, "wrong address, after use", ask(w.spa, "redirect_uri", "https://evil.example.com/"), oidc.InvalidGrant)
		if _, err := w.refresh(w.spa, resp.RefreshToken); err != nil {
			t.Errorf("refresh after wrong requests: %v (they revoke nothing)", err)
		}
		late := w.code(w.spa)
		w.advance(time.Minute)
		_, err = w.redeem(w.spa, late)
		refused(t, "after a minute", err, oidc.InvalidGrant)
	})
}

func TestAZ6_CodeEndsWithItsSession(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		code := w.code(w.spa)
		w.logout()
		_, err := w.redeem(w.spa, code)
		refused(t, "a code of an ended session", err, oidc.InvalidGrant)
		if _, err := w.issue(w.spa); !errors.Is(err, grant.ErrSessionEnded) {
			t.Errorf("a code for an ended session: %v, want ErrSessionEnded", err)
		}
	})
}

func TestCodeResponse(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.spa, "scope", "openid profile wombat orders.read", "claims", `{"id_token":{"email":null}}`)
		if resp.TokenType != "Bearer" || resp.ExpiresIn != 3600 || resp.Scope != "openid profile orders.read" || resp.RefreshToken == "" {
			t.Errorf("answer = %+v (RFC 6749 §5.1)", resp)
		}
		ring, err := w.keys.Ring(w.ctx, w.tn.ID)
		w.must(err)
		at, err := token.VerifyAccessToken(ring, w.tn.Issuer, resp.AccessToken, w.now())
		w.must(err)
		if at.Sub != "ada" || at.ClientID != "spa" || at.Scope != resp.Scope || at.Aud[0] != w.tn.Issuer || at.SID != w.session.SID ||
			at.GID == "" || at.JTI == "" || at.Exp-at.Iat != 3600 || at.ACR != "urn:foyer:acr:1" {
			t.Errorf("access token = %+v (RFC 9068 §2.2)", at)
		}
		id := claims(t, resp.IDToken)
		for name, want := range map[string]any{
			"iss": w.tn.Issuer, "sub": "ada", "aud": "spa", "azp": "spa", "nonce": "n-0S6_WzA2Mj", "sid": w.session.SID,
			"acr": "urn:foyer:acr:1", "auth_time": float64(noon.Unix()), "iat": float64(noon.Unix()), "exp": float64(noon.Unix() + 3600),
			"email": "ada@example.com", "at_hash": token.AtHash("ES256", resp.AccessToken), "name": nil,
		} {
			if id[name] != want {
				t.Errorf("ID token %s = %v, want %v (OIDC Core §2)", name, id[name], want)
			}
		}
		if plain := w.tokens(w.spa, "scope", "orders.read"); plain.IDToken != "" {
			t.Error("an ID token without openid (OIDC Core §3.1.2.1)")
		}
		only := w.client(client.Spec{ClientID: "only-codes", GrantTypes: []string{"authorization_code"}})
		if r := w.tokens(only, "scope", "openid offline_access"); r.RefreshToken != "" || r.Scope != "openid" {
			t.Errorf("a client without refresh_token got %+v", r)
		}
	})
}

func TestResources(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		_, err := w.issue(w.spa, "resource", "https://unknown.example.com")
		refused(t, "an unknown resource", err, oidc.InvalidTarget)
		resp := w.tokens(w.spa, "scope", "openid orders.read mail.send", "resource", "https://mail.example.com")
		if !secret.IsKind(secret.AccessToken, resp.AccessToken) || resp.Scope != "openid mail.send" {
			t.Errorf("a token for a resource that takes opaque ones: %+v (RFC 8707 §2.2)", resp)
		}
		_, err = w.refresh(w.spa, resp.RefreshToken, "resource", "https://orders.example.com")
		refused(t, "TK6: another resource at refresh", err, oidc.InvalidTarget)
	})
}

func TestIDTokensAreRS256UnlessTheClientSaysOtherwise(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		w.must(w.keys.Ensure(w.ctx, w.tn.ID, keys.RS256))
		w.keys.Invalidate(w.tn.ID)
		w.spa.IDTokenSignedResponseAlg = ""
		resp := w.tokens(w.spa)
		for jwt, want := range map[string]string{resp.IDToken: `"alg":"RS256"`, resp.AccessToken: `"alg":"ES256"`} {
			header, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[0])
			w.must(err)
			if !strings.Contains(string(header), want) {
				t.Errorf("header %s, want %s (Foyer tokens §2)", header, want)
			}
		}
		if at := claims(t, resp.IDToken)["at_hash"]; at != token.AtHash(keys.RS256, resp.AccessToken) {
			t.Errorf("at_hash = %v (OIDC Core §3.1.3.6)", at)
		}
	})
}

func TestMT3_AClientMadeAgainIsAnotherOne(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		code, resp := w.code(w.web), w.tokens(w.web, "scope", "openid offline_access")
		w.must(w.store.DeleteClient(w.ctx, w.tn.ID, w.web.ClientID, w.now(), audit.Event{Kind: audit.ClientDeleted}))
		w.advance(time.Second)
		again := w.client(w.web.Spec)
		w.dead(t, "a client made again", again, resp)
		_, err := w.redeem(again, code)
		refused(t, "a code of the client before", err, oidc.InvalidGrant)
	})
}
