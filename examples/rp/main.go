// A web application with Foyer's own package: sign in, userinfo, refresh, sign
// out, here and elsewhere.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"

	"github.com/foyer-id/foyer/rp"
)

func main() {
	home := "http://127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "3000") + "/"
	provider, err := rp.Discover(context.Background(), cmp.Or(os.Getenv("ISSUER"), "http://localhost:8080"), rp.Options{})
	if err != nil {
		log.Fatal(err)
	}
	client, err := rp.NewClient(provider, rp.Config{
		ClientID: "web", ClientSecret: cmp.Or(os.Getenv("CLIENT_SECRET"), "change-me-before-going-public"),
		RedirectURI: home + "callback",
	})
	if err != nil {
		log.Fatal(err)
	}
	site, err := rp.NewSite(client, rp.SiteOptions{AfterLogout: home})
	if err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("/login", site.Login())
	mux.Handle("/callback", site.Callback())
	mux.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) { // POST, and only from this site
		site.SignOut(w, r, "from-orders")
	})
	mux.Handle("/backchannel-logout", site.BackchannelLogout()) // signed out elsewhere: Foyer says so
	mux.Handle("POST /refresh", site.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := site.Refresh(r.Context(), rp.FromContext(r.Context())); err != nil {
			log.Print(err) // rp.ErrNoSession: signed out at Foyer, and now here too
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})))
	orders := site.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := site.Fresh(r.Context(), rp.FromContext(r.Context())) // a token for another minute
		if err != nil {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		info, err := client.UserInfo(r.Context(), session.Tokens.AccessToken, session.Tokens.IDToken.Subject)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>Orders</title><p id="who">%s</p>
			<form method="post" action="/refresh"><button id="refresh">Refresh</button></form>
			<form method="post" action="/logout"><button id="logout">Sign out</button></form>`, html.EscapeString(string(info.Claims)))
	}))
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		if _, err := site.Session(r); !errors.Is(err, rp.ErrNoSession) {
			orders.ServeHTTP(w, r) // which would ask strangers to sign in at once
			return
		}
		bye := ""
		if r.FormValue("state") == "from-orders" {
			bye = `<p id="bye">You are signed out.</p>`
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Orders</title>`, bye, `<a href="/login">Sign in</a>`)
	})

	fmt.Println("open", home)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "3000"), mux))
}
