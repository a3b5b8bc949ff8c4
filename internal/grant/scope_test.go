package grant

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

func TestGrantScope(t *testing.T) {
	t.Parallel()
	api := []string{"orders.read", "orders.write"}
	for _, tc := range []struct{ name, cite, requested, registered, want string }{
		{"a client without a list may ask for everything about a person", "Foyer sign-in §1",
			"openid profile email phone address offline_access", "", "openid profile email phone address offline_access"},
		{"a client without a list gets no API scope", "Foyer TK14", "openid orders.read", "", "openid"},
		{"unknown scopes are left out", "Foyer sign-in §1", "openid wombat", "openid wombat", "openid"},
		{"scopes that are not registered are left out", "Foyer AZ10", "openid email profile", "openid profile", "openid profile"},
		{"API scopes need to be registered", "Foyer TK14", "openid orders.read orders.write", "openid orders.read", "openid orders.read"},
		{"without openid it is plain OAuth", "Foyer sign-in §1", "orders.read", "openid orders.read", "orders.read"},
		{"case matters", "RFC 6749 §3.3", "OpenID", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(GrantScope(oidc.Fields(tc.requested), tc.registered, api), " ")
			if got != tc.want {
				t.Errorf("GrantScope(%q, %q) = %q, want %q (%s)", tc.requested, tc.registered, got, tc.want, tc.cite)
			}
		})
	}
}

func TestTK6_ScopeShrinksOnly(t *testing.T) {
	t.Parallel()
	granted := []string{"openid", "profile", "orders.read"}
	for _, tc := range []struct{ name, cite, asked, want string }{
		{"nothing asked is everything granted", "RFC 6749 §6", "", "openid profile orders.read"},
		{"a part is that part", "RFC 6749 §6", "orders.read openid", "orders.read openid"},
		{"more is refused", "RFC 6749 §6", "openid email", "invalid_scope"},
		{"another case is another scope", "RFC 6749 §3.3", "OPENID", "invalid_scope"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			scope, err := narrow(granted, tc.asked)
			got := strings.Join(scope, " ")
			if err != nil {
				got = string(err.Code)
			}
			if got != tc.want {
				t.Errorf("narrow(%q) = %q, want %q (%s)", tc.asked, got, tc.want, tc.cite)
			}
		})
	}
}

func testTenant() *tenant.Live {
	tn := tenant.New("acme")
	return &tenant.Live{Tenant: tn, Issuer: "https://id.example.com", Base: "https://id.example.com"}
}

var testResources = []tenant.Resource{
	{Audience: "https://orders.example.com", Scopes: []string{"orders.read", "orders.write"}},
	{Audience: "https://mail.example.com", Scopes: []string{"mail.send"}, AccessTokenFormat: "opaque"},
	{Audience: "https://jwt.example.com", AccessTokenFormat: "jwt"},
}

func TestAim(t *testing.T) {
	t.Parallel()
	const orders, mail, jwt = "https://orders.example.com", "https://mail.example.com", "https://jwt.example.com"
	scope := []string{"openid", "orders.read", "mail.send"}
	for _, tc := range []struct {
		name, cite string
		format     string // the client's
		named      []string
		want       target
		refused    oidc.Code
	}{
		{"nothing named is the issuer, with all scopes", "Foyer tokens §2", "", nil,
			target{[]string{"https://id.example.com"}, scope, false}, ""},
		{"the client's format", "Foyer tokens §2", "opaque", nil,
			target{[]string{"https://id.example.com"}, scope, true}, ""},
		{"scopes of other APIs are left out", "RFC 8707 §2.2", "", []string{orders},
			target{[]string{orders}, []string{"openid", "orders.read"}, false}, ""},
		{"the resource's format wins", "Foyer tokens §2", "jwt", []string{mail},
			target{[]string{mail}, []string{"openid", "mail.send"}, true}, ""},
		{"and the other way around", "Foyer tokens §2", "opaque", []string{jwt, orders},
			target{[]string{jwt, orders}, []string{"openid", "orders.read"}, false}, ""},
		{"formats that differ need two tokens", "RFC 8707 §2", "", []string{mail, jwt}, target{}, oidc.InvalidTarget},
		{"an unknown resource", "RFC 8707 §2", "", []string{"https://other.example.com"}, target{}, oidc.InvalidTarget},
		{"almost a known one", "RFC 8707 §2", "", []string{orders + "/"}, target{}, oidc.InvalidTarget},
		{"twice is once", "RFC 8707 §2", "", []string{orders, orders}, target{[]string{orders}, []string{"openid", "orders.read"}, false}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := &client.Client{Spec: client.Spec{AccessTokenFormat: tc.format}}
			got, err := aim(testTenant(), c, testResources, tc.named, scope)
			if err != nil && err.Code != tc.refused || err == nil && tc.refused != "" {
				t.Fatalf("refusal %v, want %q (%s)", err, tc.refused, tc.cite)
			}
			if err == nil && !cmp.Equal(got, tc.want, cmp.AllowUnexported(target{})) {
				t.Errorf("aim = %+v, want %+v (%s)", got, tc.want, tc.cite)
			}
		})
	}
}

func TestTK6_AudienceShrinksOnly(t *testing.T) {
	t.Parallel()
	issuer, a, b := "https://id.example.com", "https://a.example.com", "https://b.example.com"
	for _, tc := range []struct {
		name           string
		granted, asked []string
		want           []string
		refused        bool
	}{
		{"nothing asked is what was granted", []string{a, b}, nil, []string{a, b}, false},
		{"one of them", []string{a, b}, []string{b}, []string{b}, false},
		{"another one", []string{a}, []string{b}, nil, true},
		{"a grant without resources is for the default audience", nil, []string{issuer}, []string{issuer}, false},
		{"and for nothing else", nil, []string{a}, nil, true},
		{"a grant with resources is not for the default audience", []string{a}, []string{issuer}, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := choose(testTenant(), tc.granted, tc.asked)
			if (err != nil) != tc.refused || !cmp.Equal(got, tc.want) {
				t.Errorf("choose = %v, %v; want %v, refused %v (RFC 8707 §2.2)", got, err, tc.want, tc.refused)
			}
		})
	}
}

func TestTK2_ChallengeMet(t *testing.T) {
	t.Parallel()
	// RFC 7636 App. B
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, tc := range []struct {
		name                string
		challenge, verifier string
		public, want        bool
	}{
		{"challenge, right verifier", challenge, verifier, true, true},
		{"challenge, wrong verifier", challenge, strings.Replace(verifier, "d", "e", 1), true, false},
		{"challenge, no verifier", challenge, "", true, false},
		{"no challenge, a verifier", "", verifier, false, false},
		{"no challenge, no verifier, confidential", "", "", false, true},
		{"no challenge, no verifier, public", "", "", true, false},
		{"the challenge itself is not its verifier", challenge, challenge, true, false},
		{"too short to be a verifier", "3q2-7w", "abc", true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := challengeMet(tc.challenge, tc.verifier, tc.public); got != tc.want {
				t.Errorf("challengeMet = %v, want %v (RFC 7636 §4.6, RFC 9700 §4.8.2)", got, tc.want)
			}
		})
	}
}
