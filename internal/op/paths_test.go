package op_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/rptest"
)

// endpoints are the rows of spec/product.md that exist: native path, method of
// the probe, and every alias.
var endpoints = []struct {
	method, native string
	aliases        []string
}{
	{"GET", "/.well-known/openid-configuration", []string{"/.well-known/oauth-authorization-server", "/login/.well-known/openid-configuration"}},
	{"GET", "/.well-known/jwks.json", []string{"/login/jwk", "/.well-known/openid-configuration/jwks"}},
	{"GET", "/authorize", []string{"/login/authorize", "/connect/authorize"}},
	{"POST", "/token", []string{"/login/token", "/connect/token"}},
	{"GET", "/userinfo", []string{"/profiles/oidc/userinfo", "/connect/userinfo"}},
	{"POST", "/introspect", []string{"/login/token/introspect", "/token/introspect", "/connect/introspect"}},
	{"POST", "/revoke", []string{"/logout", "/login/token/revoke", "/token/revoke", "/connect/revocation"}},
	{"GET", "/endsession", []string{"/login/end_session", "/connect/endsession", "/connect/end_session", "/auth-ui/logout"}},
	{"GET", "/login", []string{"/auth-ui/login"}},
	{"GET", "/personal-details", []string{"/auth-ui/profile"}},
}

// bases are the tenants of this file: root, two dialects below a path, a host.
var bases = map[string]string{
	"default": "https://id.example.com", "acme": "https://id.example.com/acme",
	"ids": "https://id.example.com/ids", "hosted": "https://login.example.org",
}

// TestEveryPathWorksInEveryDialect: an alias answers as the native path does,
// with and without one trailing slash, below every kind of base.
func TestEveryPathWorksInEveryDialect(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, tenants, rptest.Options{})
	b := w.Browser()
	b.Header.Del("Accept")
	probe := func(method, target string) (int, string, string) {
		p := b.Send(method, target, "", http.Header{"Accept": {"*/*"}})
		return p.Status(), p.Header().Get("Content-Type"), p.Header().Get("Allow")
	}
	for name, base := range bases {
		for _, e := range endpoints {
			status, kind, _ := probe(e.method, base+e.native)
			if status == http.StatusNotFound || status >= 500 {
				t.Errorf("%s %s%s: %d", e.method, base, e.native, status)
			}
			_, _, allow := probe("PATCH", base+e.native)
			for _, path := range append(e.aliases, e.native) {
				for _, slash := range []string{"", "/"} {
					if s, k, _ := probe(e.method, base+path+slash); s != status || k != kind {
						t.Errorf("%s: %s %s: %d %s, want %d %s", name, e.method, path+slash, s, k, status, kind)
					}
					if s, _, a := probe("PATCH", base+path+slash); s != http.StatusMethodNotAllowed || a != allow || !strings.Contains(a, e.method) {
						t.Errorf("%s: PATCH %s: %d, Allow %q, want %q", name, path+slash, s, a, allow)
					}
				}
				if s, _, _ := probe(e.method, base+path+"//"); s != http.StatusNotFound {
					t.Errorf("%s: %s//: %d", name, path, s)
				}
			}
		}
	}
}

// TestDiscoveryPerDialect: the dialect chooses the column and the issuer's form.
func TestDiscoveryPerDialect(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, tenants, rptest.Options{})
	akamai := []string{"/login/authorize", "/login/token", "/profiles/oidc/userinfo", "/login/jwk", "/login/end_session", "/login/token/introspect", "/login/token/revoke"}
	native := []string{"/authorize", "/token", "/userinfo", "/.well-known/jwks.json", "/endsession", "/introspect", "/revoke"}
	identity := []string{"/connect/authorize", "/connect/token", "/connect/userinfo", "/.well-known/openid-configuration/jwks", "/connect/endsession", "/connect/introspect", "/connect/revocation"}
	for name, want := range map[string]struct {
		issuer string
		paths  []string
		acr    string
	}{
		"default": {bases["default"], native, "urn:foyer:acr:1"},
		"acme":    {bases["acme"] + "/login", akamai, "urn:akamai-ic:nist:800-63-3:aal:1"},
		"ids":     {bases["ids"], identity, "urn:foyer:acr:1"},
		"hosted":  {bases["hosted"], native, "urn:foyer:acr:1"},
	} {
		document := discovery(t, w, bases[name]+"/.well-known/openid-configuration")
		var got []string
		for _, member := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint", "introspection_endpoint", "revocation_endpoint"} {
			got = append(got, strings.TrimPrefix(document[member].(string), bases[name]))
		}
		if diff := cmp.Diff(want.paths, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if document["issuer"] != want.issuer || document["acr_values_supported"].([]any)[0] != want.acr {
			t.Errorf("%s: issuer %v, acr %v", name, document["issuer"], document["acr_values_supported"])
		}
		checkMetadata(t, name, document)
	}
}

// checkMetadata: what every dialect says alike, and says of nothing else.
func checkMetadata(t *testing.T, name string, m map[string]any) {
	t.Helper()
	want := map[string]any{
		"response_types_supported":                       []any{"code"},
		"response_modes_supported":                       []any{"query", "fragment", "form_post"},
		"grant_types_supported":                          []any{"authorization_code", "refresh_token", "client_credentials"},
		"code_challenge_methods_supported":               []any{"S256"},
		"prompt_values_supported":                        []any{"none", "login", "consent", "select_account", "create"},
		"authorization_response_iss_parameter_supported": true,
		"request_uri_parameter_supported":                false,
		"request_parameter_supported":                    true,
	}
	for member, value := range want {
		if diff := cmp.Diff(value, m[member]); diff != "" {
			t.Errorf("%s: %s: %s", name, member, diff)
		}
	}
}

// TestMetadataAtTheHostsRoot: RFC 8414 §3.1 puts the well-known path before the
// issuer's own.
func TestMetadataAtTheHostsRoot(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, tenants, rptest.Options{})
	for path, issuer := range map[string]string{
		"https://id.example.com/.well-known/oauth-authorization-server":            bases["default"],
		"https://id.example.com/.well-known/oauth-authorization-server/acme/login": bases["acme"] + "/login",
		"https://id.example.com/.well-known/oauth-authorization-server/ids":        bases["ids"],
		"https://login.example.org/.well-known/oauth-authorization-server":         bases["hosted"],
		// OIDC Discovery §4 appends instead.
		"https://id.example.com/acme/login/.well-known/openid-configuration": bases["acme"] + "/login",
	} {
		if m := discovery(t, w, path); m["issuer"] != issuer {
			t.Errorf("%s: issuer %v, want %s", path, m["issuer"], issuer)
		}
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server/acme", "/.well-known/oauth-authorization-server/nobody", "/.well-known/oauth-authorization-server/hosted"} {
		if a := w.Fetch(path); a.Status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func discovery(t *testing.T, w *rptest.World, address string) map[string]any {
	t.Helper()
	p := w.Browser().Send(http.MethodGet, address, "", http.Header{"Origin": {"https://anywhere.example"}})
	var m map[string]any
	if err := json.Unmarshal(p.Body.Bytes(), &m); err != nil || p.Status() != http.StatusOK {
		t.Fatalf("%s: %d %s", address, p.Status(), p.Body)
	}
	if p.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%s: no CORS", address)
	}
	return m
}
