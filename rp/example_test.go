package rp_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/foyer-id/foyer/rp"
)

// exampleKey signs for exampleIssuer.
var examplePublic, exampleKey, _ = ed25519.GenerateKey(rand.Reader)

// exampleIssuer stands for https://id.example.com.
func exampleIssuer() *httptest.Server {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	mux.HandleFunc("/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":%q}]}`, base64.RawURLEncoding.EncodeToString(examplePublic))
	})
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
	mux.Handle("/backchannel-logout", site.BackchannelLogout())
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
	client := exampleClient(issuer.URL)
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

// exampleLogoutToken is what a provider sends.
func exampleLogoutToken(issuer string, now time.Time) string {
	header := `{"alg":"EdDSA","typ":"logout+jwt"}`
	claims := fmt.Sprintf(`{"iss":%q,"aud":"web","iat":%d,"exp":%d,"jti":"b1","sub":"ada","sid":"s-1",
		"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}`, issuer, now.Unix(), now.Add(2*time.Minute).Unix())
	signed := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(exampleKey, []byte(signed)))
}

func exampleClient(issuer string) *rp.Client {
	provider, err := rp.Discover(context.Background(), issuer, rp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := rp.NewClient(provider, rp.Config{ClientID: "web", RedirectURI: "https://app.example.com/callback"})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// Receiving back-channel logout, for an application that keeps its own
// sessions. A Site does this by itself.
func ExampleClient_BackchannelLogout() {
	issuer := exampleIssuer()
	defer issuer.Close()
	handler := exampleClient(issuer.URL).BackchannelLogout(rp.BackchannelOptions{
		End: func(_ context.Context, t rp.LogoutToken) error {
			if t.SessionID != "" {
				fmt.Println("end the sessions of", t.SessionID)
			} else {
				fmt.Println("end all sessions of", t.Subject)
			}
			return nil
		},
	})

	// The provider sends the same token twice.
	form := url.Values{"logout_token": {exampleLogoutToken(issuer.URL, time.Now())}}.Encode()
	for range 2 {
		r := httptest.NewRequest(http.MethodPost, "/backchannel-logout", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// end the sessions of s-1
	// 200
	// 400
}

// Verifying a logout token that arrived by another way than HTTP.
func ExampleClient_VerifyLogoutToken() {
	issuer := exampleIssuer()
	defer issuer.Close()
	client := exampleClient(issuer.URL)

	t, err := client.VerifyLogoutToken(context.Background(), exampleLogoutToken(issuer.URL, time.Now()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.Subject, t.SessionID)

	_, err = client.VerifyLogoutToken(context.Background(), exampleLogoutToken(issuer.URL, time.Now().Add(-time.Hour)))
	fmt.Println("an hour old:", errors.Is(err, rp.ErrToken))
	// Output:
	// ada s-1
	// an hour old: true
}
