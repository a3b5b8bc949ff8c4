package grant_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

// claims reads a JWT's payload; signatures are package token's tests.
func claims(t testing.TB, jwt string) map[string]any {
	t.Helper()
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", jwt)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTK3_RefreshIsBoundToItsClient(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.spa)
		rival := w.client(client.Spec{ClientID: "rival", TokenEndpointAuthMethod: client.MethodNone})
		for range 3 {
			_, err := w.refresh(rival, resp.RefreshToken)
			refused(t, "another client", err, oidc.InvalidGrant)
		}
		next, err := w.refresh(w.spa, resp.RefreshToken)
		if err != nil {
			t.Fatalf("its own client afterwards: %v (no side effect)", err)
		}
		w.advance(time.Hour) // the first token's window is over: its own client's replay would kill
		_, err = w.refresh(rival, resp.RefreshToken)
		refused(t, "a used token from another client", err, oidc.InvalidGrant)
		if _, err := w.refresh(w.spa, next.RefreshToken); err != nil {
			t.Errorf("the family after another client's replay: %v", err)
		}
	})
}

func TestTK4_ConcurrentRotationsHaveOneSuccessor(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		for range 4 {
			resp := w.tokens(w.spa)
			var wg sync.WaitGroup
			var mu sync.Mutex
			successors := map[string]int{}
			for range 32 {
				wg.Go(func() {
					next, err := w.refresh(w.spa, resp.RefreshToken)
					if err != nil {
						t.Errorf("a presenter inside the window: %v", err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					successors[next.RefreshToken]++
				})
			}
			wg.Wait()
			if len(successors) != 1 {
				t.Fatalf("%d successors of one token, want 1", len(successors))
			}
			for next := range successors {
				if _, err := w.refresh(w.spa, next); err != nil {
					t.Errorf("the successor: %v", err)
				}
			}
		}
	})
}

func TestTK4_GraceAndReplay(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		t1, bystander := w.tokens(w.spa).RefreshToken, w.tokens(w.spa).RefreshToken
		rotate := func(token string) string {
			t.Helper()
			resp, err := w.refresh(w.spa, token)
			w.must(err)
			if !w.active(w.spa, resp.AccessToken) || resp.IDToken == "" {
				t.Fatalf("a refresh gave %+v", resp)
			}
			return resp.RefreshToken
		}
		t2 := rotate(t1)
		w.advance(29 * time.Second)
		if again := rotate(t1); again != t2 {
			t.Fatal("a retry inside the window got another successor")
		}
		t3 := rotate(t2)
		if again := rotate(t1); again != t2 {
			t.Fatal("a retry got another successor after that one had been rotated")
		}
		if again := rotate(t2); again != t3 {
			t.Fatal("the successor's own window did not hold")
		}
		w.advance(2 * time.Second)
		_, err := w.refresh(w.spa, t1)
		refused(t, "outside the window", err, oidc.InvalidGrant)
		_, err = w.refresh(w.spa, t3)
		refused(t, "the family after a replay", err, oidc.InvalidGrant)
		if _, err := w.refresh(w.spa, bystander); err != nil {
			t.Errorf("another family of the same account and client: %v (only that family dies)", err)
		}
	})
}

func TestTK4_HandingOutAgainRestartsTheWindowOnce(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		next := func(token string) string {
			t.Helper()
			resp, err := w.refresh(w.spa, token)
			w.must(err)
			return resp.RefreshToken
		}
		t1 := w.tokens(w.spa).RefreshToken
		t2 := next(t1)
		t3 := next(t2) // t2's window ends at 30 s
		w.advance(20 * time.Second)
		next(t1) // hands t2 out again: its window ends at 50 s
		w.advance(9 * time.Second)
		next(t1) // once more: no further restart
		w.advance(20 * time.Second)
		if got := next(t2); got != t3 {
			t.Fatal("49 s: the restarted window did not hold")
		}
		w.advance(time.Second)
		_, err := w.refresh(w.spa, t2)
		refused(t, "50 s: the window was restarted once, not twice", err, oidc.InvalidGrant)
		_, err = w.refresh(w.spa, t3)
		refused(t, "the family afterwards", err, oidc.InvalidGrant)
	})
}

func TestTK4_DatabaseRevealsNoSuccessor(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.spa)
		next, err := w.refresh(w.spa, resp.RefreshToken)
		w.must(err)
		o, _ := secret.Parse(secret.RefreshToken, resp.RefreshToken)
		row, _, err := w.store.FindRefresh(w.ctx, w.tn.ID, o.Selector, w.now())
		w.must(err)
		other := secret.New(secret.RefreshToken, w.now())
		other.Selector = o.Selector
		if _, err := secret.NewSealer(other.Key("successor")).OpenString(w.tn.ID, "successor", row.Successor); err == nil {
			t.Error("a successor opened without the presented token")
		}
		if strings.Contains(row.Successor, next.RefreshToken) {
			t.Error("a successor is stored in the clear")
		}
	})
}

func TestTK5_ConfidentialClientsDoNotRotate(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.web)
		o, _ := secret.Parse(secret.RefreshToken, resp.RefreshToken)
		expiry := func() int64 {
			r, _, err := w.store.FindRefresh(w.ctx, w.tn.ID, o.Selector, w.now())
			w.must(err)
			return r.ExpiresAt
		}
		first := expiry()
		for range 3 {
			w.advance(10 * 24 * time.Hour)
			again, err := w.refresh(w.web, resp.RefreshToken)
			w.must(err)
			if again.RefreshToken != resp.RefreshToken {
				t.Error("a confidential client's token rotated (FAPI 2.0 §5.3.2.1)")
			}
		}
		if got := expiry(); got != first+(30*24*time.Hour).Microseconds() {
			t.Errorf("the idle expiry moved by %v, want 30 days", time.Duration(got-first)*time.Microsecond)
		}
	})
}

func TestTK5_SmallMovesOfTheIdleExpiryCostNoCommit(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		c := w.client(client.Spec{ClientID: "jwt"})
		resp := w.tokens(c)
		w.advance(time.Hour)
		_, err := w.refresh(c, resp.RefreshToken) // keys and resources are read once a second
		w.must(err)
		before := w.db.Stats()
		_, err = w.refresh(c, resp.RefreshToken)
		w.must(err)
		if after := w.db.Stats(); after.Writes != before.Writes || after.Statements != before.Statements+1 {
			t.Errorf("a refresh cost %d transitions and %d statements, want 0 and 1",
				after.Writes-before.Writes, after.Statements-before.Statements)
		}
	})
}

func TestTK6_RefreshCannotWidenOrOutlive(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.spa, "scope", "openid orders.read")
		for _, scope := range []string{"openid profile", "mail.send", "openid orders.read offline_access"} {
			_, err := w.refresh(w.spa, resp.RefreshToken, "scope", scope)
			refused(t, "scope "+scope, err, oidc.InvalidScope)
		}
		small, err := w.refresh(w.spa, resp.RefreshToken, "scope", "orders.read")
		w.must(err)
		if small.Scope != "orders.read" || small.IDToken != "" {
			t.Errorf("a smaller scope gave %+v", small)
		}
		full, err := w.refresh(w.spa, small.RefreshToken)
		w.must(err)
		if full.Scope != "openid orders.read" {
			t.Errorf("the refresh token's own scope shrank to %q (RFC 6749 §6)", full.Scope)
		}
		if id := claims(t, full.IDToken); id["nonce"] != nil || id["auth_time"] != float64(noon.Unix()) || id["acr"] != "urn:foyer:acr:1" {
			t.Errorf("ID token of a refresh = %v (OIDC Core §12.2)", id)
		}
		token := full.RefreshToken
		for range 4 { // 88 days, then 89 days and 23.5 hours
			w.advance(22 * 24 * time.Hour)
			next, err := w.refresh(w.spa, token)
			w.must(err)
			token = next.RefreshToken
		}
		w.advance(2*24*time.Hour - 30*time.Minute)
		last, err := w.refresh(w.spa, token)
		w.must(err)
		if last.ExpiresIn != 1800 {
			t.Errorf("an access token half an hour before the end lives %d s, want 1800", last.ExpiresIn)
		}
		w.advance(30 * time.Minute)
		_, err = w.refresh(w.spa, last.RefreshToken)
		refused(t, "after the absolute lifetime", err, oidc.InvalidGrant)
	})
}

func TestTK6_IdleTokensExpire(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		resp := w.tokens(w.spa)
		w.advance(30 * 24 * time.Hour)
		_, err := w.refresh(w.spa, resp.RefreshToken)
		refused(t, "after the idle lifetime", err, oidc.InvalidGrant)
	})
}

func TestOfflineGrantOutlivesTheSessionWithoutSID(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		bound, offline := w.tokens(w.spa), w.tokens(w.spa, "scope", "openid offline_access")
		late, err := w.issue(w.spa, "scope", "openid offline_access")
		w.must(err)
		w.logout()
		_, err = w.redeem(w.spa, late)
		refused(t, "I3: a code redeemed after logout, though it asks for offline_access", err, oidc.InvalidGrant)
		_, err = w.refresh(w.spa, bound.RefreshToken)
		refused(t, "a bound family after logout", err, oidc.InvalidGrant)
		next, err := w.refresh(w.spa, offline.RefreshToken)
		w.must(err)
		if id, at := claims(t, next.IDToken), claims(t, next.AccessToken); id["sid"] != nil || at["sid"] != nil {
			t.Errorf("new tokens after the session's end carry sid %v, %v", id["sid"], at["sid"])
		}
		in, err := w.grants.Introspect(w.ctx, w.tn, grant.Caller{Client: w.spa}, offline.AccessToken, w.now())
		w.must(err)
		if !in.Active || in.SID != "" {
			t.Errorf("introspection of an offline grant's old token = %+v", in)
		}
	})
}
