// Package rp signs people in and out of a Go application with OpenID Connect.
// It works with any provider that follows the standards; Foyer is the one it is
// tested with.
//
// The flow, for an application that wants it done:
//
//	provider, err := rp.Discover(ctx, "https://id.example.com", rp.Options{})
//	client, err := rp.NewClient(provider, rp.Config{ClientID: …, ClientSecret: …, RedirectURI: …})
//	site, err := rp.NewSite(client, rp.SiteOptions{})
//	mux.Handle("/login", site.Login()); mux.Handle("/callback", site.Callback()); mux.Handle("/logout", site.Logout())
//	mux.Handle("/backchannel-logout", site.BackchannelLogout()) // signed out elsewhere
//	mux.Handle("/", site.Require(application))
//
// Those who want only the protocol use [Client] alone: AuthorizeURL, Exchange,
// Refresh, UserInfo, Revoke, EndSessionURL, BackchannelLogout and VerifyLogoutToken.
//
// What it insists on, without a way to turn it off: the code flow with PKCE S256
// (RFC 9700 §2.1.1), state and nonce, the issuer in discovery, in the answer
// (RFC 9207) and in the ID token, signatures by asymmetric algorithms only, no
// redirects followed on requests that carry secrets, https except on loopback.
//
// It refuses to know: the implicit and hybrid flows, encrypted tokens, signed
// userinfo, and where an application keeps its own people.
package rp
