package op_test

import (
	"strings"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// tenants are rptest's default tenant with more clients, and one tenant for
// each other way of being one: two dialects below a path, and a host.
var tenants = strings.Replace(rptest.Tenant, "resources:\n", moreClients+"resources:\n", 1) + otherTenants

const moreClients = `
  - <<: *web
    client_id: stateful
    require_state: true
  - <<: *web
    client_id: pkce
    require_pkce: true
  - <<: *web
    client_id: machine
    grant_types: [client_credentials]
    redirect_uris: [` + rptest.Callback + `]
  - <<: *web
    client_id: queried
    redirect_uris: ["https://app.example.com/cb?tenant=one"]
    post_logout_redirect_uris: ["https://app.example.com/bye?logout=mine", "https://app.example.com/bye?a=%20b", "https://app.example.com/bye?state=own"]
  - <<: *web
    client_id: aged
    default_max_age: 600
  - <<: *web
    client_id: closed
    self_registration: false
  - <<: *web
    client_id: opaque
    access_token_format: opaque
  - <<: *web
    client_id: always
    logout_confirmation: always
  - <<: *web
    client_id: letter
    logout_confirmation: hint
  - <<: *web
    client_id: homely
    client_uri: https://app.example.com/home
    logout_result_param: ""
  - client_id: https-native
    application_type: native
    token_endpoint_auth_method: none
    redirect_uris: ["https://phone.example.com/callback"]
  - client_id: plain
    token_endpoint_auth_method: none
    redirect_uris: ["http://localhost:3000/callback"]
`

const otherTenants = `---
tenant: acme
display_name: Acme
dialect: akamai
clients:
  - client_id: web
    client_secret: ` + rptest.Secret + `
    redirect_uris: [` + rptest.Callback + `]
    post_logout_redirect_uris: [` + rptest.Bye + `]
    grant_types: [authorization_code, refresh_token]
accounts: [{email: ada@example.com, email_verified: true, password: ` + rptest.Password + `}]
---
tenant: ids
display_name: Identity
dialect: identityserver
clients:
  - client_id: web
    client_secret: ` + rptest.Secret + `
    redirect_uris: [` + rptest.Callback + `]
    post_logout_redirect_uris: [` + rptest.Bye + `]
    grant_types: [authorization_code, refresh_token]
accounts: [{email: ada@example.com, email_verified: true, password: ` + rptest.Password + `}]
---
tenant: hosted
display_name: Hosted
hosts: [login.example.org]
clients:
  - client_id: web
    client_secret: ` + rptest.Secret + `
    redirect_uris: [` + rptest.Callback + `]
    post_logout_redirect_uris: [` + rptest.Bye + `]
    grant_types: [authorization_code, refresh_token]
accounts: [{email: ada@example.com, email_verified: true, password: ` + rptest.Password + `}]
`

// selfRegistered adds the client "self", which nobody here has approved.
func selfRegistered(w *rptest.World) {
	w.T.Helper()
	err := w.Server.Store.CreateClient(w.T.Context(), "default", &client.Client{
		Spec: client.Spec{ClientID: "self", ClientName: "Self made", RedirectURIs: []string{rptest.Callback},
			PostLogoutRedirectURIs: []string{rptest.Bye}, GrantTypes: []string{"authorization_code"}},
		Version: 1, CreatedAt: w.Now().UnixMicro(), Origin: client.FromSelf,
		Secrets: []client.Secret{{Hash: client.HashSecret(rptest.Secret), CreatedAt: w.Now().UnixMicro()}},
	}, audit.Event{})
	if err != nil {
		w.T.Fatal(err)
	}
	w.Server.Directory.Invalidate()
}
