package rp_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/foyer-id/foyer/rp"
)

// exampleIssuer stands for https://id.example.com.
func exampleIssuer() *httptest.Server {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%[1]q,"authorization_endpoint":"%[1]s/authorize","token_endpoint":"%[1]s/token",
			"jwks_uri":"%[1]s/jwks.json","end_session_endpoint":"%[1]s/endsession"}`, s.URL)
	})
	return s
}

// A web application with a page for those who are signed in.
func Example() {
	issuer := exampleIssuer()
	defer issuer.Close()

	provider, err := rp.Discover(context.Background(), issuer.URL, rp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := rp.NewClient(provider, rp.Config{
		ClientID: "web", ClientSecret: "change-me", RedirectURI: "https://app.example.com/callback",
	})
	if err != nil {
		log.Fatal(err)
	}
	site, err := rp.NewSite(client, rp.SiteOptions{AfterLogout: "https://app.example.com/"})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/login", site.Login())
	mux.Handle("/callback", site.Callback())
	mux.Handle("/logout", site.Logout()) // POST
	mux.Handle("/", site.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "Hello", rp.FromContext(r.Context()).Tokens.IDToken.Subject)
	})))

	// Somebody who is not signed in is sent to the login, which knows the way back.
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/orders?year=2026", nil))
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output: 303 /login?return_to=%2Forders%3Fyear%3D2026
}

// Sending the browser to sign out, for an application that keeps its own
// sessions.
func ExampleClient_EndSessionURL() {
	issuer := exampleIssuer()
	defer issuer.Close()
	provider, err := rp.Discover(context.Background(), issuer.URL, rp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := rp.NewClient(provider, rp.Config{ClientID: "web", RedirectURI: "https://app.example.com/callback"})
	if err != nil {
		log.Fatal(err)
	}
	to, err := client.EndSessionURL("", "https://app.example.com/", "af0ifjsldkj", rp.UILocales("fr"))
	if err != nil {
		log.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(u.Path)
	for _, name := range []string{"client_id", "post_logout_redirect_uri", "state", "ui_locales"} {
		fmt.Println(name, "=", u.Query().Get(name))
	}
	// Output:
	// /endsession
	// client_id = web
	// post_logout_redirect_uri = https://app.example.com/
	// state = af0ifjsldkj
	// ui_locales = fr
}
