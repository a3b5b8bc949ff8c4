package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/inbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/rp"
)

// Options are what the demo needs to know.
type Options struct {
	Issuer  string        // Foyer's, as in its discovery document
	Base    string        // where browsers find the demo: scheme, host and port
	Clients []client.Spec // as returned by Clients(Base), registered at Foyer
	// Account is shown on the first page: who can sign in. Optional.
	Account struct{ Identifier, Password string }
	// Inbox has the mails that Foyer sends, nil where they go to a mail server.
	Inbox     *inbox.Inbox
	Now       func() time.Time  // default time.Now
	Transport http.RoundTripper // default http.DefaultTransport
}

// App is the demo application.
type App struct {
	o      Options
	origin string // of the issuer
	host   string // of Base
	pages  *pages
	visits *visits

	mu    sync.Mutex
	sites map[string]*rp.Site // by client_id, once Foyer has answered
}

// New returns the demo. Foyer is first asked when somebody comes, so that both
// can start together.
func New(o Options) (*App, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	issuer, err := url.Parse(o.Issuer)
	if err != nil || issuer.Host == "" {
		return nil, fmt.Errorf("demo: issuer %q is not a URL", o.Issuer)
	}
	base, err := url.Parse(o.Base)
	if err != nil || base.Host == "" || base.Path != "" {
		return nil, fmt.Errorf("demo: base %q is not scheme, host and port", o.Base)
	}
	if len(o.Clients) != 2 {
		return nil, errors.New("demo: two clients are needed, as returned by Clients")
	}
	p, err := parsePages()
	if err != nil {
		return nil, err
	}
	return &App{o: o, origin: issuer.Scheme + "://" + issuer.Host, host: base.Host, pages: p, visits: newVisits(o.Now, base.Scheme == "https")}, nil
}

// Handler answers browsers.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /login", a.login)
	mux.HandleFunc("GET /callback", a.callback(ClientID))
	mux.HandleFunc("POST /refresh", a.refresh)
	mux.HandleFunc("POST /logout", a.logout(ClientID))
	mux.HandleFunc("GET /raw", a.raw)
	mux.HandleFunc("GET /journey", a.journey)
	mux.HandleFunc("GET /signed-out", a.signedOut)
	mux.HandleFunc("GET /reports/{$}", a.reports)
	mux.HandleFunc("GET /reports/login", a.reportsLogin)
	mux.HandleFunc("GET /reports/callback", a.callback(ReportsClientID))
	mux.HandleFunc("POST /reports/logout", a.logout(ReportsClientID))
	mux.HandleFunc("/backchannel-logout", a.backchannel(ClientID))
	mux.HandleFunc("/reports/backchannel-logout", a.backchannel(ReportsClientID))
	if a.o.Inbox != nil {
		mux.HandleFunc("GET /mail", a.mail)
		mux.HandleFunc("GET /mail/{id}", a.mailHTML)
	}
	mux.HandleFunc("GET /assets/{file}", a.asset)
	return a.front(http.NewCrossOriginProtection().Handler(mux))
}

// front is what every answer has: the headers, one address, one visit.
func (a *App) front(next http.Handler) http.Handler {
	// form-action names Foyer because browsers apply it to the redirects that
	// follow a POST, and signing out is one.
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' " + a.origin
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Host != a.host { // "localhost" would be Foyer's own site, with other cookies
			http.Redirect(w, r, a.o.Base+"/", http.StatusSeeOther)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/assets/") || strings.HasSuffix(r.URL.Path, "/backchannel-logout") { // no browser's visit
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, a.visits.enter(w, r))
	})
}

// site returns the sign-in of a client, asking Foyer who it is when that has
// not worked yet.
func (a *App) site(ctx context.Context, clientID string) (*rp.Site, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.sites[clientID]; ok {
		return s, nil
	}
	hc := &http.Client{Transport: &recorder{a.o.Transport, a.o.Now}, Timeout: 10 * time.Second}
	// Who leaves must not leave the next one without.
	provider, err := rp.Discover(context.WithoutCancel(ctx), a.o.Issuer, rp.Options{HTTPClient: hc, Now: a.o.Now})
	if err != nil {
		return nil, err
	}
	sites := map[string]*rp.Site{}
	for i, spec := range a.o.Clients {
		c, err := rp.NewClient(provider, rp.Config{
			ClientID: spec.ClientID, ClientSecret: spec.ClientSecret, RedirectURI: spec.RedirectURIs[0], Scopes: strings.Fields(spec.Scope),
		})
		if err != nil {
			return nil, err
		}
		sites[spec.ClientID], err = rp.NewSite(c, rp.SiteOptions{
			Name: "demo" + fmt.Sprint(i+1), Key: []byte(secret.Random(32)), AfterLogin: homes[spec.ClientID],
			AfterLogout: spec.PostLogoutRedirectURIs[0], SignedIn: a.arrived(c), SignedOut: a.told, Failed: a.failed,
		})
		if err != nil {
			return nil, err
		}
	}
	a.sites = sites
	return sites[clientID], nil
}

// homes are the paths of the two applications.
var homes = map[string]string{ClientID: "/", ReportsClientID: "/reports/"}

// names are what the journey calls them.
var names = map[string]string{ClientID: "Demo", ReportsClientID: "Reports"}
