package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/notify"
	"github.com/foyer-id/foyer/internal/op"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/screens"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// Server is everything that answers requests.
type Server struct {
	*Core
	Handler http.Handler
	// Admin answers at admin.listen, nil when the administrative API shares the
	// listener of Handler.
	Admin http.Handler
	// Routes are all paths that Handler and Admin answer, for tests that ask each.
	Routes []web.Route
	// Deliverer tells applications of logouts, Worker does what waits in the outbox.
	Deliverer *logout.Deliverer
	// Sender brings mails to people.
	Sender  *notify.Sender
	Worker  *outbox.Worker
	metrics *metrics
	egress  *egress.Client
	tended  int64 // version of the configuration whose keys were made; of the housekeeper alone
	drain   drain
	tracing *tracing // nil: off
}

// NewServer wires the doors of a core, in order, once.
func NewServer(c *Core) (*Server, error) {
	out, err := newEgress(c)
	if err != nil {
		return nil, err
	}
	clients := client.NewDirectory(client.DirectoryOptions{Store: c.Store, Version: c.Directory.Version})
	auth := client.NewAuthenticator(client.AuthenticatorOptions{
		Directory: clients, Store: c.Store, Fetcher: out, Budget: failureBudget{c.Limiter},
	})
	rings := &keyRings{c.Keys}
	grants := grant.New(grant.Options{Store: c.Store, Keys: rings, Clients: clients, Resources: c.Resources, Budget: c.Limiter, Log: c.Log})
	flow := &authz.Flow{Clients: clients, Accounts: c.Store, Codes: grants, Sessions: c.Store, Consents: c.Store, Rings: rings, Resources: c.Resources, Store: c.Store,
		States: session.NewStates(c.derive("session-state")), MailSends: c.mails()}
	engine := &logout.Engine{Service: c.Logout, Clients: clients, Rings: rings, Sessions: c.Store}
	renderer, err := screens.NewRenderer(screens.Options{})
	if err != nil {
		return nil, fmt.Errorf("prepare screens: %w", err)
	}
	requests := c.Sealer("requests")
	pages := &screens.Screens{
		Renderer: renderer, Flow: flow, Accounts: c.Accounts, People: c.Store, Sessions: c.Sessions, Counts: c.Store, Devices: c.Store,
		Grants: c.Store, Logout: engine, Limiter: c.Limiter, Sealer: requests, Alerts: c.alerts(), Proofs: c.proofs(),
	}
	provider := op.NewProvider(&op.Provider{Grants: grants, Auth: auth, Clients: clients, Keys: rings, Resources: c.Resources})
	browser := &op.Interactive{Flow: flow, Clients: clients, States: flow.States, Objects: provider, Logout: engine, Screens: pages, Browsing: pages, Sealer: requests}
	pages.Begin = browser

	s := &Server{Core: c, metrics: newMetrics(c.DB, c.Hasher), egress: out, drain: newDrain()}
	if s.tracing, err = newTracing(context.Background(), c.Config, c.Log); err != nil {
		return nil, err
	}
	s.Deliverer = c.newDeliverer(clients, rings, out)
	if s.Sender, err = newSender(c); err != nil {
		return nil, err
	}
	s.Worker = s.newWorker()
	admin := s.newAdmin(grants)
	public := append(append(provider.Routes(), browser.Routes()...), pages.Routes()...)
	s.Routes = append(slices.Clone(public), admin.Routes()...)
	o := web.Options{
		Routes: s.Routes, System: s.system(),
		Tenants: c.Directory, Trusted: c.Config.TrustedProxies(), Now: c.Now, Log: c.Log,
		Fail: fail(pages, admin), Observe: s.metrics.observe,
	}
	if s.tracing != nil {
		o.Trace = s.tracing.request
	}
	if c.Config.Admin.Listen != "" { // AD8
		s.Admin = s.adminHandler(o, admin)
		o.Routes = public
	}
	s.Handler = s.harden(web.NewServer(o))
	return s, nil
}

// fail answers errors as their endpoint does: programs get the JSON of RFC 6749
// §5.2, people a page.
func fail(pages *screens.Screens, admin *adminapi.API) func(http.ResponseWriter, *http.Request, error) {
	programs := map[string]bool{"/token": true, "/introspect": true, "/revoke": true}
	return func(w http.ResponseWriter, r *http.Request, err error) {
		q := web.From(r.Context())
		var werr error
		switch {
		case programs[q.Route]:
			werr = op.FailOAuth(w, r, err)
		case adminapi.Owns(q.Route):
			werr = admin.Fail(w, r, err)
		default:
			pages.Fail(w, r, err)
		}
		if werr != nil {
			q.Cause = errors.Join(q.Cause, werr)
		}
	}
}

func newEgress(c *Core) (*egress.Client, error) {
	ca, err := authorities(c.Config)
	if err != nil {
		return nil, err
	}
	return egress.New(egress.Options{AllowPrivate: append(c.Config.EgressNetworks(), c.own...), CA: ca})
}

// failureBudget limits failed client authentications (CA4).
type failureBudget struct{ *throttle.Limiter }

// Allow implements client.Budget.
func (b failureBudget) Allow(ctx context.Context, tenant, key string, now time.Time) error {
	_, err := b.Take(ctx, tenant, now, throttle.ClientFailures.Of(key))
	return err
}

// harden adds what every answer carries on https (HD4): the scheme is that of
// the issuer, which no header can change.
func (s *Server) harden(next http.Handler) http.Handler {
	if s.Config.PublicURL().Scheme != "https" {
		return next
	}
	hsts := []string{"max-age=31536000"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = hsts
		next.ServeHTTP(w, r)
	})
}

// Run answers on l until ctx ends, then lets requests under way finish.
// Readiness fails first, so that a load balancer stops sending.
func (s *Server) Run(ctx context.Context, l *Listeners) error {
	srv := httpServer(s.drain.parting(s.Handler))
	srv.ErrorLog = slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn) // else plain lines among JSON (LG2)
	failed := make(chan error, 3)
	go func() {
		if s.Config.TLS.Certificate != "" {
			failed <- srv.ServeTLS(l.Public, s.Config.TLS.Certificate, s.Config.TLS.Key)
			return
		}
		failed <- srv.Serve(l.Public)
	}()
	closeMetrics := s.serveMetrics(l.Metrics, failed)
	defer closeMetrics()
	stopAdmin := s.serveAdmin(l.Admin, failed)
	housekeeping, stop := context.WithCancel(ctx)
	defer stop()
	done := s.keepHouse(housekeeping)
	defer func() { <-done }()
	defer stop()
	defer s.tracing.close(ctx)
	stopWorker := s.runWorker(ctx)
	defer stopWorker() // after the last request: what it has ended is told at once
	select {
	case err := <-failed:
		return errors.Join(err, stopAdmin(ctx))
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxDrain)
	defer cancel()
	s.drain.begin(end)
	stopped := stopAdmin(end)
	if err := srv.Shutdown(end); err != nil {
		stopped = errors.Join(stopped, fmt.Errorf("stop: %w", err), srv.Close())
	}
	return stopped
}

// httpServer has the limits of DS1 and DS4.
func httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 100},
	}
}
