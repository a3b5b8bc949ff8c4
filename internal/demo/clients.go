package demo

import (
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/secret"
)

// The demo's clients.
const (
	ClientID        = "demo"
	ReportsClientID = "demo-reports"
)

// Clients is how the demo at base (scheme, host and port, without a slash at
// the end) is registered, the main application first. The secrets are new at
// each call: register what is returned and hand the same to New.
func Clients(base string) []client.Spec {
	spec := func(id, name, path string) client.Spec {
		return client.Spec{
			ClientID: id, ClientName: name, ClientURI: base + path,
			TokenEndpointAuthMethod: client.MethodBasic, ClientSecret: secret.Random(32),
			RedirectURIs: []string{base + path + "callback"}, PostLogoutRedirectURIs: []string{base + "/signed-out"},
			BackchannelLogoutURI: base + path + "backchannel-logout", BackchannelLogoutSessionRequired: true,
			GrantTypes: []string{"authorization_code", "refresh_token"}, Scope: "openid profile email",
		}
	}
	main, reports := spec(ClientID, "Foyer demo", "/"), spec(ReportsClientID, "Demo reports", "/reports/")
	reports.AccessTokenFormat = "opaque" // to show the other kind
	return []client.Spec{main, reports}
}
