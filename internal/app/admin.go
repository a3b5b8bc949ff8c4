package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/web"
)

// newAdmin makes the administrative API.
func (s *Server) newAdmin(grants *grant.Service) *adminapi.API {
	return &adminapi.API{
		Grants: grants, Accounts: s.Accounts, Clients: s.Clients, Sessions: s.Store, Logout: s.Logout, Tester: s.Deliverer, Limiter: s.Limiter,
		Sealer: s.Sealer("cursors"), Networks: s.Config.AdminNetworks(),
	}
}

// newDeliverer makes what tells applications of logouts.
func (c *Core) newDeliverer(clients *client.Directory, rings *keyRings, out *egress.Client) *logout.Deliverer {
	return &logout.Deliverer{Tenants: c.Directory, Clients: clients, Rings: rings, Caller: out, Store: c.Store,
		Now: c.Now, Log: c.Log, Stretch: secret.Stretch}
}

// TestLogout asks a client whether it listens, for a command: through the same
// guarded way out as deliveries.
func (c *Core) TestLogout(ctx context.Context, tenantID, clientID string) (logout.Trial, error) {
	out, err := newEgress(c)
	if err != nil {
		return logout.Trial{}, err
	}
	if _, err := c.Directory.Refresh(ctx, c.Now()); err != nil {
		return logout.Trial{}, err
	}
	t, ok := c.Directory.Find(tenantID)
	if !ok {
		return logout.Trial{}, fmt.Errorf("tenant %s is disabled", tenantID)
	}
	clients := client.NewDirectory(client.DirectoryOptions{Store: c.Store, Version: c.Directory.Version})
	return c.newDeliverer(clients, &keyRings{c.Keys}, out).Test(ctx, t, clientID)
}

// adminHandler answers the administrative API alone.
func (s *Server) adminHandler(o web.Options, admin *adminapi.API) http.Handler {
	o.Routes = admin.Routes()
	o.System = slices.DeleteFunc(slices.Clone(o.System), func(r web.Route) bool { return r.Path == "/metrics" })
	return s.harden(web.NewServer(o))
}

// serveAdmin answers at admin.listen, when it is configured. The function it
// returns lets requests under way finish.
func (s *Server) serveAdmin(l net.Listener, failed chan<- error) (stop func(context.Context) error) {
	if l == nil {
		return func(context.Context) error { return nil }
	}
	srv := httpServer(s.Admin)
	srv.ErrorLog = slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn)
	go func() {
		serve := srv.Serve
		if tls := s.Config.TLS; tls.Certificate != "" {
			serve = func(l net.Listener) error { return srv.ServeTLS(l, tls.Certificate, tls.Key) }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return func(ctx context.Context) error {
		if err := srv.Shutdown(ctx); err != nil {
			return errors.Join(fmt.Errorf("stop admin: %w", err), srv.Close())
		}
		return nil
	}
}
