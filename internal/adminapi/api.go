package adminapi

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// root is where the API's paths begin, below a tenant's base.
const root = "/admin/v1"

// What the API asks of others.
type (
	// Sessions are read here and ended by Logout.
	Sessions interface {
		session.History
		ListSessions(ctx context.Context, tenant, sub, clientID string, before int64, limit int, now time.Time) ([]*session.Session, error)
		Participants(ctx context.Context, tenant string, id int64) ([]session.Participant, error)
	}
	// Tester asks an application whether it listens.
	Tester interface {
		Test(ctx context.Context, t *tenant.Live, clientID string) (logout.Trial, error)
	}
	// Limiter limits what calls out.
	Limiter interface {
		Take(ctx context.Context, tenant string, now time.Time, charges ...throttle.Charge) (throttle.Ticket, error)
	}
)

// API is what its operations work with. All fields but Networks are needed.
type API struct {
	Grants   *grant.Service
	Accounts *account.Service
	Clients  *client.Service
	Sessions Sessions
	Logout   *logout.Service
	Tester   Tester
	Limiter  Limiter
	Sealer   *secret.Sealer // of cursors
	// Networks are those that may ask, all when there are none (AD8).
	Networks []netip.Prefix
}

// Routes are all paths of the API.
func (a *API) Routes() []web.Route {
	list := append(a.routes(root, operations), a.routes("", compatible)...)
	all := map[string]web.Handler{}
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		all[m] = a.unknown
	}
	return append(list, web.Route{Path: root + "/", Prefix: true, Methods: all})
}

func (a *API) routes(base string, table []operation) []web.Route {
	var list []web.Route
	at := map[string]int{}
	for i := range table {
		op := &table[i]
		n, known := at[op.path]
		if !known {
			n = len(list)
			at[op.path] = n
			list = append(list, web.Route{Path: base + op.path, Methods: map[string]web.Handler{}, Named: base == ""})
		}
		list[n].Methods[op.method] = a.handler(op)
	}
	return list
}

// unknown is every path below the API's root that is no operation.
func (a *API) unknown(_ http.ResponseWriter, r *http.Request) error {
	if err := a.admit(r); err != nil {
		return err
	}
	return refuse(http.StatusNotFound, "not_found", "there is no such operation; see "+root+"/openapi.json")
}

// Owns tells whether a route, as logs name it, is one of the API's.
func Owns(route string) bool {
	return strings.HasPrefix(route, root+"/") || ownsAkamai(route)
}

func ownsAkamai(route string) bool {
	return route == "/sessions" || strings.HasPrefix(route, "/sessions/")
}

// admit refuses networks that may not ask.
func (a *API) admit(r *http.Request) error {
	if len(a.Networks) == 0 {
		return nil
	}
	addr := web.From(r.Context()).Addr
	for _, n := range a.Networks {
		if n.Contains(addr) {
			return nil
		}
	}
	return refuse(http.StatusForbidden, "network_not_allowed", "this network is not among admin.allowed_networks")
}
