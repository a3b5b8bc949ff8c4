package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

type deliveryCmd struct {
	List   deliveryList   `cmd:"" help:"Deliveries, newest first."`
	Show   deliveryShow   `cmd:"" help:"One delivery."`
	Replay deliveryReplay `cmd:"" help:"Tell a client again."`
}

var deliveryHead = []string{"ID", "CLIENT", "STATE", "ATTEMPTS", "ANSWER", "CREATED", "NEXT", "SETTLED"}

func deliveryRows(list []adminapi.Delivery) (rows [][]string) {
	for _, v := range list {
		rows = append(rows, []string{v.ID, v.ClientID, v.State, strconv.Itoa(v.Attempts), v.Answer, v.CreatedAt, v.NextAt, v.SettledAt})
	}
	return rows
}

type deliveryList struct {
	inTenant
	Client  named `help:"To this client alone." placeholder:"ID"`
	State   named `help:"In this state alone: pending, delivered, refused or dead." placeholder:"STATE"`
	Session named `help:"Of the session with this sid alone." placeholder:"SID"`
	Limit   int   `help:"At most so many." default:"100"`
}

func (c *deliveryList) Run(r *run) error {
	q := logout.Query{ClientID: string(c.Client)}
	if c.State != "" {
		var ok bool
		if q.State, ok = outbox.ParseState(string(c.State)); !ok {
			return errUsage("--state is one of pending, delivered, refused, dead")
		}
	}
	if c.Limit < 1 {
		return errUsage("--limit must be at least 1")
	}
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if c.Session != "" {
			s, err := core.Store.FindRecord(r.ctx, t.ID, string(c.Session))
			if err != nil {
				return notFound(err, "session", clean(string(c.Session)), t.ID)
			}
			q.Session = s.ID
		}
		views := []adminapi.Delivery{}
		for before := int64(0); len(views) < c.Limit; {
			n := min(500, c.Limit-len(views))
			list, err := core.Logout.Deliveries(r.ctx, t.ID, q, before, n)
			if err != nil {
				return err
			}
			for _, d := range list {
				views = append(views, adminapi.DeliveryOf(d))
				before = d.ID
			}
			if len(list) < n {
				break
			}
		}
		return r.print(views, func(w io.Writer) { table(w, "No deliveries.", deliveryHead, deliveryRows(views)) })
	})
}

// oneDelivery is the argument of commands about one delivery.
type oneDelivery struct {
	inTenant
	ID string `arg:"" name:"id" help:"id of the delivery."`
}

// do runs fn with the delivery's id and says which one there is not.
func (c oneDelivery) do(r *run, fn func(core *app.Core, t *tenant.Tenant, id int64) error) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		err := logout.ErrNoDelivery
		if id, ok := secret.ParseSelector(c.ID); ok {
			err = fn(core, t, id)
		}
		if errors.Is(err, logout.ErrNoDelivery) {
			return missing{"delivery", clean(c.ID), t.ID}
		}
		return err
	})
}

type deliveryShow struct{ oneDelivery }

func (c *deliveryShow) Run(r *run) error {
	return c.do(r, func(core *app.Core, t *tenant.Tenant, id int64) error {
		d, err := core.Logout.Delivery(r.ctx, t.ID, id)
		if err != nil {
			return err
		}
		v := adminapi.DeliveryOf(d)
		return r.print(v, func(w io.Writer) {
			fields(w, "id", v.ID, "client", v.ClientID, "sid", v.SID, "sub", v.Sub, "reason", v.Reason, "address", v.URI, "state", v.State,
				"attempts", strconv.Itoa(v.Attempts), "answer", v.Answer, "created", v.CreatedAt, "next", v.NextAt, "settled", v.SettledAt)
		})
	})
}

type deliveryReplay struct{ oneDelivery }

func (c *deliveryReplay) Run(r *run) error {
	return c.do(r, func(core *app.Core, t *tenant.Tenant, id int64) error {
		err := core.Logout.Replay(r.ctx, t.ID, id, r.now())
		if errors.Is(err, logout.ErrUnderWay) {
			return fmt.Errorf("delivery %s is pending already; it is tried by itself", clean(c.ID))
		}
		if err != nil {
			return err
		}
		return r.print(map[string]string{"replayed": c.ID}, func(w io.Writer) {
			fmt.Fprintf(w, "Delivery %s is pending; the running server tries it at once.\n", clean(c.ID))
		})
	})
}
