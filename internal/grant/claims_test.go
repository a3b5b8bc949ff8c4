package grant

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

func ada() *account.Account {
	return &account.Account{
		Sub: "u1", UpdatedAt: time.Date(2020, 12, 14, 21, 22, 11, 304747000, time.UTC).UnixMicro(),
		Email: "ada@example.com", EmailVerified: true, Mobile: "+442071838750",
		Profile: account.Profile{
			Claims:  map[string]string{"given_name": "Ada", "family_name": "Lovelace", "team": "engines"},
			Address: json.RawMessage(`{"locality":"London"}`),
		},
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUserInfoClaims(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, cite string
		scope      []string
		claims     string
		spec       client.Spec
		want       string
	}{
		{"openid alone is sub alone", "OIDC Core §5.3.2", []string{"openid"}, "", client.Spec{}, `{"sub":"u1"}`},
		{"profile: name is composed, nothing is null", "OIDC Core §5.4", []string{"openid", "profile"}, "", client.Spec{},
			`{"family_name":"Lovelace","given_name":"Ada","name":"Ada Lovelace","sub":"u1","updated_at":1607980931}`},
		{"updated_at as the seed product writes it", "Foyer tokens §2", []string{"openid", "profile"}, "", client.Spec{StringUpdatedAt: true},
			`{"family_name":"Lovelace","given_name":"Ada","name":"Ada Lovelace","sub":"u1","updated_at":"2020-12-14 21:22:11.304747 +0000"}`},
		{"email and phone", "OIDC Core §5.4", []string{"openid", "email", "phone"}, "", client.Spec{},
			`{"email":"ada@example.com","email_verified":true,"phone_number":"+442071838750","phone_number_verified":false,"sub":"u1"}`},
		{"address is an object", "OIDC Core §5.1.1", []string{"openid", "address"}, "", client.Spec{},
			`{"address":{"locality":"London"},"sub":"u1"}`},
		{"a claim by name", "OIDC Core §5.5", []string{"openid"}, `{"userinfo":{"email":null,"team":{"essential":true}}}`, client.Spec{},
			`{"email":"ada@example.com","sub":"u1","team":"engines"}`},
		{"sub cannot be asked away", "OIDC Core §5.3.2", []string{"openid"}, `{"userinfo":{"sub":{"value":"other"}}}`, client.Spec{}, `{"sub":"u1"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := &client.Client{Spec: tc.spec}
			var req *oidc.ClaimsRequest
			if tc.claims != "" {
				var err error
				if req, err = oidc.ParseClaims(tc.claims); err != nil {
					t.Fatal(err)
				}
			}
			if got := asJSON(t, userInfoClaims(ada(), c, tc.scope, permittedClaims(req, c, tc.scope))); got != tc.want {
				t.Errorf("got  %s\nwant %s (%s)", got, tc.want, tc.cite)
			}
		})
	}
}

func TestIDTokenClaims(t *testing.T) {
	t.Parallel()
	c := &client.Client{Spec: client.Spec{IDTokenClaims: []string{"email", "name"}}}
	got := asJSON(t, idTokenClaims(ada(), c, []string{"openid", "profile"}, nil))
	if want := `{"name":"Ada Lovelace"}`; got != want {
		t.Errorf("id_token_claims = %s, want %s: only what a granted scope covers", got, want)
	}
	req, err := oidc.ParseClaims(`{"id_token":{"email":null,"acr":{"essential":true}},"userinfo":{"phone_number":null}}`)
	if err != nil {
		t.Fatal(err)
	}
	got = asJSON(t, idTokenClaims(ada(), &client.Client{}, []string{"openid"}, req))
	if want := `{"email":"ada@example.com"}`; got != want {
		t.Errorf("claims parameter = %s, want %s (OIDC Core §5.5)", got, want)
	}
	if got := idTokenClaims(ada(), &client.Client{}, []string{"openid", "email"}, nil); got != nil {
		t.Errorf("by default claims are told at userinfo, got %v (Foyer tokens §2)", got)
	}
}

func TestClaimsParameterDoesNotGoAroundConsent(t *testing.T) {
	t.Parallel()
	req, err := oidc.ParseClaims(`{"userinfo":{"email":null,"name":null},"id_token":{"phone_number":null}}`)
	if err != nil {
		t.Fatal(err)
	}
	third := false
	for _, tc := range []struct {
		name string
		c    *client.Client
		want *oidc.ClaimsRequest
	}{
		{"a third party gets what was consented to", &client.Client{Spec: client.Spec{FirstParty: &third}},
			&oidc.ClaimsRequest{UserInfo: map[string]*oidc.ClaimRequest{"email": nil}}},
		{"a client that registered itself too", &client.Client{Origin: client.FromSelf},
			&oidc.ClaimsRequest{UserInfo: map[string]*oidc.ClaimRequest{"email": nil}}},
		{"a first party gets what is registered", &client.Client{Spec: client.Spec{Scope: "openid profile"}},
			&oidc.ClaimsRequest{UserInfo: map[string]*oidc.ClaimRequest{"name": nil}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, permittedClaims(req, tc.c, []string{"openid", "email"})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestACR(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		d    tenant.Dialect
		l    session.Level
		want string
	}{
		{tenant.Foyer, 1, "urn:foyer:acr:1"},
		{tenant.IdentityServer, 2, "urn:foyer:acr:2"},
		{tenant.Akamai, 1, "urn:akamai-ic:nist:800-63-3:aal:1"},
		{tenant.Akamai, 2, "urn:akamai-ic:nist:800-63-3:aal:2"},
		{tenant.Foyer, 0, ""},
	} {
		if got := ACR(tc.d, tc.l); got != tc.want {
			t.Errorf("ACR(%s, %d) = %q, want %q (Foyer sign-in §2)", tc.d, tc.l, got, tc.want)
		}
	}
}

func TestNewGrant(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, cite     string
		spec           client.Spec
		scope          []string
		bound, offline bool
		life           time.Duration
	}{
		{"without refresh it lives as long as its last access token", "Foyer tokens §2", client.Spec{}, []string{"openid"}, true, false, time.Hour + time.Minute},
		{"offline_access is nothing to a client without refresh", "OIDC Core §11", client.Spec{}, []string{"openid", "offline_access"}, true, false, time.Hour + time.Minute},
		{"refresh without offline_access ends with the session", "Foyer tokens §2",
			client.Spec{GrantTypes: []string{"authorization_code", "refresh_token"}}, []string{"openid"}, true, false, 90 * 24 * time.Hour},
		{"offline_access outlives the session", "Foyer tokens §2",
			client.Spec{GrantTypes: []string{"authorization_code", "refresh_token"}}, []string{"openid", "offline_access"}, false, true, 90 * 24 * time.Hour},
		{"unless the client says otherwise", "Foyer logout §2",
			client.Spec{GrantTypes: []string{"authorization_code", "refresh_token"}, RevokeOfflineOnLogout: true}, []string{"openid", "offline_access"}, true, true, 90 * 24 * time.Hour},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			g := newGrant(CodeInput{Tenant: testTenant(), Client: &client.Client{Spec: tc.spec},
				Request: &oidc.AuthRequest{Scope: tc.scope}, Session: &session.Session{ID: 7, Sub: "u1", SID: "s"}}, nil, now)
			if g.Bound != tc.bound || g.Spec.Offline != tc.offline || g.ExpiresAt != now.Add(tc.life).UnixMicro() {
				t.Errorf("bound %v, offline %v, life %v; want %v, %v, %v (%s)", g.Bound, g.Spec.Offline,
					time.Duration(g.ExpiresAt-g.CreatedAt)*time.Microsecond, tc.bound, tc.offline, tc.life, tc.cite)
			}
		})
	}
}

func TestAZ6_CodeLivesAMinuteAtMost(t *testing.T) {
	t.Parallel()
	tn := testTenant()
	tn.Settings.Tokens.Code *= 10
	if l := livesOf(tn, &client.Client{}); l.code != time.Minute {
		t.Errorf("a code lives %v, want a minute at most (RFC 6749 §4.1.2)", l.code)
	}
}
