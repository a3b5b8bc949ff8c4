package adminapi

import (
	"errors"
	"net/http"
	"time"

	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/web"
)

// operation is one line of the API: what it is called, who may ask, what may be
// asked and what is answered. Without a scope it is refused to everybody, unless
// it is said to be open (AD1).
type operation struct {
	method, path string
	id           string // name for programs that are generated from the document
	summary      string
	about        string
	scope        string
	open         bool
	query        []parameter
	status       int
	answer       any // a value of its type, nil: no body
	refusals     []int
	run          func(*API, *call) (any, error)
	// allows, of the Akamai-shaped ones, says which scope of that form will do.
	allows func(*grant.Administrator, *http.Request) bool
}

// call is one request for an operation.
type call struct {
	*http.Request
	op    *operation
	t     *tenant.Live
	now   time.Time
	admin *grant.Administrator
	query values
}

var errNoToken = errors.New("no access token")

// handler answers an operation.
func (a *API) handler(op *operation) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := a.serve(w, r, op); err != nil {
			return a.Fail(w, r, err)
		}
		return nil
	}
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, op *operation) error {
	q := web.From(r.Context())
	if err := a.admit(r); err != nil {
		return err
	}
	c := &call{Request: r, op: op, t: q.Tenant, now: q.Now}
	if !op.open {
		if err := a.authorize(c); err != nil {
			return err
		}
	}
	if err := c.read(); err != nil {
		return err
	}
	answer, err := op.run(a, c)
	if err != nil {
		return err
	}
	if answer == nil {
		web.NoStore(w.Header())
		w.WriteHeader(op.status)
		return nil
	}
	return web.JSON(w, op.status, answer)
}

// authorize finds out who asks and whether they may.
func (a *API) authorize(c *call) error {
	raw, err := web.Bearer(c.Request)
	if err != nil {
		return err
	}
	if raw == "" {
		return errNoToken
	}
	if c.admin, err = a.Grants.Administrator(c.Context(), c.t, raw, c.now); err != nil {
		return err
	}
	web.From(c.Context()).ClientID = c.admin.ClientID
	may := c.op.scope != "" && c.admin.Has(c.op.scope) || c.op.allows != nil && c.op.allows(c.admin, c.Request)
	if !may {
		return oidc.Refuse(oidc.InsufficientScope, "RFC 6750 §3.1", "the access token does not have the scope "+c.op.scope)
	}
	c.Request = c.WithContext(web.As(c.Context(), "client:"+c.admin.ClientID))
	return nil
}
