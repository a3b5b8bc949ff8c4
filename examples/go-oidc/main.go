// A web application with go-oidc and x/oauth2: sign in, userinfo, refresh, sign
// out, and signed out by Foyer.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// session is one browser's; a real application has a store.
type session struct {
	mu                     sync.Mutex
	state, nonce, verifier string
	token                  *oauth2.Token
	idToken, sid           string
}

var (
	home     = "http://127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "3000") + "/"
	provider *oidc.Provider
	config   oauth2.Config
	sessions sync.Map
	gone     sync.Map // the sid of sessions that Foyer ended
)

func main() {
	var err error
	provider, err = oidc.NewProvider(context.Background(), cmp.Or(os.Getenv("ISSUER"), "http://localhost:8080"))
	if err != nil {
		log.Fatal(err)
	}
	config = oauth2.Config{
		ClientID: "web", ClientSecret: cmp.Or(os.Getenv("CLIENT_SECRET"), "change-me-before-going-public"),
		Endpoint: provider.Endpoint(), RedirectURL: home + "callback",
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
	config.Endpoint.AuthStyle = oauth2.AuthStyleInHeader // client_secret_basic, as registered

	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request, *session) error{
		"GET /{$}": index, "GET /login": login, "GET /callback": callback, "POST /refresh": refresh, "POST /logout": logout,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s := sessionOf(w, r)
			s.mu.Lock()
			defer s.mu.Unlock()
			if _, over := gone.Load(s.sid); over {
				s.token, s.idToken, s.sid = nil, "", ""
			}
			if err := handle(w, r, s); err != nil {
				log.Print(err)
				http.Error(w, "failed", http.StatusInternalServerError)
			}
		})
	}
	mux.HandleFunc("POST /backchannel-logout", ended)
	fmt.Println("open", home)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"), http.NewCrossOriginProtection().Handler(mux)))
}

func sessionOf(w http.ResponseWriter, r *http.Request) *session {
	if c, err := r.Cookie("app"); err == nil {
		if s, ok := sessions.Load(c.Value); ok {
			return s.(*session)
		}
	}
	id, s := rand.Text(), &session{}
	sessions.Store(id, s)
	http.SetCookie(w, &http.Cookie{Name: "app", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return s
}

func login(w http.ResponseWriter, r *http.Request, s *session) error {
	s.state, s.nonce, s.verifier = rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	http.Redirect(w, r, config.AuthCodeURL(s.state, oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.verifier)), http.StatusSeeOther)
	return nil
}

func callback(w http.ResponseWriter, r *http.Request, s *session) error {
	q := r.URL.Query()
	switch {
	case s.state == "" || q.Get("state") != s.state:
		return errors.New("this answer belongs to no request of this browser")
	case q.Get("error") != "":
		return fmt.Errorf("%s: %s", q.Get("error"), q.Get("error_description"))
	}
	token, err := config.Exchange(r.Context(), q.Get("code"), oauth2.VerifierOption(s.verifier))
	if err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).Verify(r.Context(), raw)
	if err != nil {
		return err
	}
	if id.Nonce != s.nonce {
		return errors.New("the ID token belongs to another request")
	}
	var claims struct {
		SessionID string `json:"sid"`
	}
	if err := id.Claims(&claims); err != nil {
		return err
	}
	s.token, s.idToken, s.sid = token, raw, claims.SessionID
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func index(w http.ResponseWriter, r *http.Request, s *session) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if s.token == nil {
		bye := ""
		if r.FormValue("state") == "from-orders" {
			bye = `<p id="bye">You are signed out.</p>`
		}
		fmt.Fprint(w, `<!doctype html><title>Orders</title>`, bye, `<a href="/login">Sign in</a>`)
		return nil
	}
	info, err := provider.UserInfo(r.Context(), oauth2.StaticTokenSource(s.token))
	if err != nil && strings.HasPrefix(err.Error(), "401 ") { // expired, or signed out at Foyer a moment ago
		s.token, s.idToken, s.sid = nil, "", ""
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	var claims json.RawMessage
	if err := info.Claims(&claims); err != nil {
		return err
	}
	fmt.Fprintf(w, `<!doctype html><title>Orders</title><p id="who">%s</p>
		<form method="post" action="/refresh"><button id="refresh">Refresh</button></form>
		<form method="post" action="/logout"><button id="logout">Sign out</button></form>`, html.EscapeString(string(claims)))
	return nil
}

func refresh(w http.ResponseWriter, r *http.Request, s *session) error {
	if s.token != nil {
		// A token source refreshes what has expired; this one has nothing else.
		fresh, err := config.TokenSource(r.Context(), &oauth2.Token{RefreshToken: s.token.RefreshToken}).Token()
		if err != nil {
			return err
		}
		s.token = fresh
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func logout(w http.ResponseWriter, r *http.Request, s *session) error {
	// go-oidc builds no such request; discovery knows the endpoint.
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return err
	}
	q := url.Values{"client_id": {config.ClientID}, "post_logout_redirect_uri": {home}, "state": {"from-orders"}}
	if s.idToken != "" {
		q.Set("id_token_hint", s.idToken)
	}
	s.token, s.idToken, s.sid = nil, "", "" // here first, then at Foyer
	http.Redirect(w, r, metadata.EndSession+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

// ended is told by Foyer that a session is over (Back-Channel Logout 1.0). A
// token that comes twice ends nothing more: a sid is never used again.
func ended(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, 10_000)
	token, err := provider.Verifier(&oidc.Config{ClientID: config.ClientID}).VerifyLogout(r.Context(), r.PostFormValue("logout_token"))
	switch {
	case err == nil:
		gone.Store(token.SessionID, true)
		w.WriteHeader(http.StatusNoContent)
	case strings.Contains(err.Error(), "fetching keys"):
		http.Error(w, "no keys just now", http.StatusServiceUnavailable) // Foyer tries again
	default:
		log.Print(err)
		http.Error(w, "not a logout token", http.StatusBadRequest)
	}
}
