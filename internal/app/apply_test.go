package app

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/storetest"
	"github.com/foyer-id/foyer/internal/tenant"
)

// everything is the tenant file of spec/operating.md §3 with what this release
// refuses left out.
const everything = `
tenant: default
display_name: Example
hosts: []
issuer: ""
dialect: foyer
settings:
  default_locale: en-US
  locales: []
  identifiers: [email]
  sign_in: [password]
  self_registration: false
  verify_identifiers: auto
  require_pkce: false
  accept_language: true
  session_management: true
  clear_site_data: false
  throttle: {account: 10, network: 100, tenant: 0, window: 15m}
  registration_fields: [given_name, family_name]
  mobile_query_default_flag: false
  mobile_default_country: ""
  mobile_flag_countries: []
  two_step: {policy: optional, methods: [totp, passkey, email, sms]}
  session: {lifetime: 336h, idle_timeout: 0s, remember_me: false}
  password: {min_length: 15, min_length_with_two_step: 8}
  tokens: {access_token: 1h, id_token: 1h, refresh_idle: 720h, refresh_absolute: 2160h, refresh_grace: 30s, code: 60s, default_audience: ""}
  legal: []
  registration_endpoint: off
  branding: {logo_url: "", accent: "#2f5bea", background: "", css: ""}
clients:
  - client_id: web
    client_name: Example web
    token_endpoint_auth_method: client_secret_basic
    client_secret: change-me
    redirect_uris: [https://app.example.com/callback]
    post_logout_redirect_uris: [https://app.example.com/]
    grant_types: [authorization_code, refresh_token]
    scope: openid profile email phone address offline_access
    backchannel_logout_uri: https://app.example.com/backchannel-logout
    frontchannel_logout_uri: ""
    application_type: web
    first_party: true
    logout_confirmation: auto
    logout_result_param: logout
    access_token_format: jwt
    require_state: false
    enabled: true
    self_registration: null
    require_pkce: null
    default_locale: ""
    refresh_rotation: null
    backchannel_logout_on: []
    revoke_offline_on_logout: false
    id_token_claims: []
    string_updated_at: false
    required_fields: []
    cors_origins: []
    tokens: {}
    initiate_login_uri: ""
    profile_menu: [personal_details, change_email, change_password, two_step, passkeys, devices, sign_out, sign_out_everywhere]
resources:
  - {audience: https://api.example.com, scopes: [orders.read, orders.write], access_token_format: jwt, introspection_secret: s}
accounts:
  - {sub: "", email: ada@example.com, email_verified: true, password: correct horse battery staple, given_name: Ada, family_name: Lovelace}
identity_providers:
  - {id: corp, display_name: Corp, issuer: https://login.corp.example, client_id: x, client_secret_file: f}
`

func TestTheDocumentedTenantFileApplies(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, c *Core) {
		docs := parse(t, everything)
		for i, want := range []int{5, 0} {
			report, err := Apply(t.Context(), c, docs, ApplyOptions{})
			must(t, err)
			if len(report.Changes) != want {
				t.Errorf("apply %d made %d changes, want %d: %+v", i+1, len(report.Changes), want, report.Changes)
			}
		}
		stored, err := c.Store.FindClient(t.Context(), "default", "web")
		must(t, err)
		if stored.Origin != client.FromFile || len(stored.Secrets) != 1 || stored.Secrets[0].Hash != client.HashSecret("change-me") {
			t.Errorf("client is %+v", stored)
		}
		all, err := c.Store.Tenants(t.Context())
		must(t, err)
		want := tenant.New("default").Settings
		want.RegistrationFields = []string{"given_name", "family_name"}
		got, err := diff(want, all[0].Settings)
		must(t, err)
		if len(got) > 0 {
			t.Errorf("the documented values are not the defaults: %v", got)
		}
	})
}

func TestExportReadsBackWithoutChanges(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, c *Core) {
		_, err := Apply(t.Context(), c, parse(t, everything), ApplyOptions{})
		must(t, err)
		var first bytes.Buffer
		must(t, Export(t.Context(), c, "", &first))
		report, err := Apply(t.Context(), c, parse(t, first.String()), ApplyOptions{Prune: true})
		must(t, err)
		if len(report.Changes) > 0 {
			t.Errorf("changes: %+v", report.Changes)
		}
		elsewhere := open(t, testConfig(t, storetest.MigratedSQLite(t)))
		_, err = Apply(t.Context(), elsewhere, parse(t, first.String()), ApplyOptions{})
		must(t, err)
		var second bytes.Buffer
		must(t, Export(t.Context(), elsewhere, "", &second))
		if d := cmp.Diff(first.String(), second.String()); d != "" {
			t.Error(d)
		}
		if strings.Contains(first.String(), "change-me") || strings.Contains(first.String(), "hash") {
			t.Error("the export holds a secret")
		}
	})
}

func TestExportKeepsEveryText(t *testing.T) {
	t.Parallel()
	c := open(t, testConfig(t, storetest.MigratedSQLite(t)))
	tn := tenant.New("default")
	must(t, c.Store.PutTenant(t.Context(), tn, audit.Event{Kind: audit.TenantCreated}))
	names := []string{"yes", "off", "null", "~", "0123", "1e3", "2026-01-01", " leading", "trailing ", "two\nlines\n", "# x", "a: b", "- x", "{", "'", `"`,
		`\`, "tab\tbed", "é 🔑", "\u2028", "*a", "&a", "!x", "%x", "@x", "`x", "<a&b>"}
	for i, name := range names {
		_, err := c.Clients.Create(t.Context(), "default", client.Spec{ClientID: fmt.Sprintf("c%d", i), ClientName: name,
			TokenEndpointAuthMethod: client.MethodNone, RedirectURIs: []string{"https://app.example.com/"}}, client.CheckContext{Origin: client.FromOperator})
		must(t, err)
	}
	var file bytes.Buffer
	must(t, Export(t.Context(), c, "", &file))
	report, err := Apply(t.Context(), c, parse(t, file.String()), ApplyOptions{})
	must(t, err)
	if len(report.Changes) > 0 {
		t.Errorf("changes: %+v", report.Changes)
	}
}

func TestNodesThatStartTogetherApplyOnce(t *testing.T) {
	t.Parallel()
	storetest.BothURLs(t, func(t *testing.T, url func(testing.TB) string) {
		cfg := testConfig(t, url(t))
		open(t, cfg)
		var wg sync.WaitGroup
		changes := make([]int, 4)
		for i := range changes {
			c := open(t, cfg)
			wg.Go(func() {
				report, err := Apply(t.Context(), c, parse(t, everything), ApplyOptions{AtStart: true, Prune: true})
				if err != nil {
					t.Error(err)
					return
				}
				for _, ch := range report.Changes {
					if ch.Kind == "client" && ch.Action == "create" {
						changes[i]++
					}
				}
			})
		}
		wg.Wait()
		made := 0
		for _, n := range changes {
			made += n
		}
		if made != 1 {
			t.Errorf("the client was made %d times", made)
		}
	})
}

func TestLG1_SecretsMadeAtAStartAreNotReported(t *testing.T) {
	t.Parallel()
	c := open(t, testConfig(t, storetest.MigratedSQLite(t)))
	docs := parse(t, `{tenant: default, clients: [{client_id: web, redirect_uris: ["https://app.example.com/"]}]}`)
	report, err := Apply(t.Context(), c, docs, ApplyOptions{AtStart: true})
	must(t, err)
	if len(report.Secrets) > 0 || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "foyer client rotate-secret") {
		t.Errorf("report is %+v", report)
	}
	if s := (MadeSecret{"default", "web", "fo_cs_x"}).String(); strings.Contains(s, "fo_cs") {
		t.Error(s)
	}
}

func TestSU7_TenantFilesAreReadStrictly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, want string }{
		"an unknown member":          {"tenant: a\ncolour: red\n", `t.yaml:2: colour: unknown key; known here: tenant, display_name, hosts, issuer, dialect, settings, clients, resources, accounts, identity_providers`},
		"a typo deep inside":         {"tenant: a\nsettings:\n  tokens:\n    acces_token: 1h\n", `t.yaml:4: settings.tokens.acces_token: unknown key; did you mean "access_token"?`},
		"a member given twice":       {"tenant: a\ntenant: b\n", "t.yaml:2: tenant: given twice, first on line 1; keep one"},
		"a duration without unit":    {"tenant: a\nsettings: {session: {lifetime: 60}}\n", "t.yaml:2: settings.session.lifetime: expected a duration with its unit, such as 60s, 15m or 336h"},
		"a text where a list is due": {"tenant: a\nhosts: a.example.com\n", "t.yaml:2: hosts: expected a list such as [a, b], found a text"},
		"a client's typo":            {"tenant: a\nclients:\n- client_id: x\n  redirect_urls: []\n", `t.yaml:4: clients[0].redirect_urls: unknown key; did you mean "redirect_uris"?`},
		"a hash in the file":         {"tenant: a\naccounts: [{email: a@example.com, password_hash: x}]\n", "t.yaml:2: accounts[0].password_hash: unknown key; "},
		"a list for a document":      {"- tenant: a\n", "t.yaml:1: expected a mapping (key: value), found a list"},
		"two documents, both wrong":  {"tennant: a\n---\ntenant: b\nx: y\n", "t.yaml:1: tennant: unknown key; did you mean \"tenant\"?\nt.yaml:4: x: unknown key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseDocuments("t.yaml", []byte(test.file))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error is\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

func TestAbsentMembersAreNotPresentOnes(t *testing.T) {
	t.Parallel()
	docs := parse(t, "tenant: a\n---\ntenant: b\nsettings: {}\nclients: []\nhosts:\n")
	if d := docs[0]; d.Settings != nil || d.Clients != nil || d.DisplayName != nil {
		t.Errorf("absent members are %+v", d)
	}
	d := docs[1]
	if d.Clients == nil || d.Hosts != nil || d.Settings == nil || d.Settings.DefaultLocale != "en-US" {
		t.Errorf("present members are %+v", d)
	}
}

func FuzzParseDocuments(f *testing.F) {
	f.Add([]byte(everything))
	f.Add([]byte("tenant: a\nsettings: {tokens: *x}\n---\n&a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := ParseDocuments("t.yaml", data)
		if err != nil {
			return
		}
		findings, warnings := check(config.Defaults(), docs, nil)
		for _, f := range append(findings, warnings...) {
			if f.Line < 1 || f.Source == "" {
				t.Errorf("%q has no place", f)
			}
		}
	})
}
