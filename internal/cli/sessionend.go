package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

type sessionEnd struct {
	inTenant
	SID        string `arg:"" optional:"" name:"sid" help:"sid of the session."`
	Everywhere bool   `help:"All sessions of the session's account."`
	Account    string `help:"All sessions of this account: sub, e-mail address or mobile number."`
	Client     string `help:"All sessions in which this client took part." placeholder:"ID"`
	All        bool   `help:"All sessions of the tenant."`
	Yes        bool   `help:"Do not ask."`
}

func (c *sessionEnd) Run(r *run) error {
	named := 0
	for _, is := range []bool{c.SID != "", c.Account != "", c.Client != "", c.All} {
		if is {
			named++
		}
	}
	if named != 1 {
		return errUsage("name one of a sid, --account, --client and --all")
	}
	if c.Everywhere && (c.Client != "" || c.All) {
		return errUsage("--everywhere goes with a sid or an account")
	}
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if c.Client != "" || c.All {
			return c.many(r, core, t)
		}
		e, err := c.ending(r, core, t)
		if err != nil {
			return err
		}
		ended, err := core.Logout.End(r.ctx, t.ID, e, r.now())
		if err != nil {
			return err
		}
		sids := []string{}
		for _, s := range ended {
			sids = append(sids, s.SID)
		}
		return r.print(map[string]any{"ended": sids}, func(w io.Writer) { sayEnded(w, len(sids)) })
	})
}

func sayEnded(w io.Writer, n int) {
	if n == 1 {
		fmt.Fprintln(w, "1 session has ended.")
		return
	}
	fmt.Fprintf(w, "%d sessions have ended.\n", n)
}

// ending is of one session or one account.
func (c *sessionEnd) ending(r *run, core *app.Core, t *tenant.Tenant) (logout.Ending, error) {
	e := logout.Ending{Reason: session.ByCommand}
	if c.Account != "" {
		a, err := findAccount(r, core, t, c.Account)
		if err == nil {
			e.Sub = a.Sub
		}
		return e, err
	}
	s, err := core.Store.FindBySID(r.ctx, t.ID, c.SID, r.now())
	if err != nil {
		return e, notFound(err, "live session", clean(c.SID), t.ID)
	}
	if c.Everywhere {
		e.Sub = s.Sub
	} else {
		e.Sessions = []int64{s.ID}
	}
	return e, nil
}

// endBatch is how many sessions end in one transition, beside a server that has
// others to write.
const endBatch = 200

// many ends sessions batch by batch. It may be interrupted: what has ended has
// ended, and another run goes on with the rest.
func (c *sessionEnd) many(r *run, core *app.Core, t *tenant.Tenant) error {
	question := "End every session of tenant " + t.ID + "?"
	if c.Client != "" {
		if _, err := core.Clients.Find(r.ctx, t.ID, c.Client); err != nil {
			return notFound(err, "client", clean(c.Client), t.ID)
		}
		question = fmt.Sprintf("End every session in which client %s took part, for all its applications?", clean(c.Client))
	}
	if err := r.confirm(c.Yes, question); err != nil {
		return err
	}
	n, err := endAll(r.ctx, r, core, t, c.Client)
	if err != nil {
		return fmt.Errorf("%d sessions have ended, then: %w", n, err)
	}
	return r.print(map[string]any{"ended": n}, func(w io.Writer) { sayEnded(w, n) })
}

func endAll(ctx context.Context, r *run, core *app.Core, t *tenant.Tenant, clientID string) (n int, err error) {
	for before := int64(0); ; {
		list, err := core.Store.ListSessions(ctx, t.ID, "", clientID, before, endBatch, r.now())
		if err != nil || len(list) == 0 {
			return n, err
		}
		e := logout.Ending{Reason: session.ByCommand}
		for _, s := range list {
			e.Sessions = append(e.Sessions, s.ID)
			before = s.ID
		}
		ended, err := core.Logout.End(ctx, t.ID, e, r.now())
		if err != nil {
			return n, err
		}
		n += len(ended)
		if isTerminal(r.io.Err) && len(list) == endBatch {
			fmt.Fprintf(r.io.Err, "%d sessions have ended so far\n", n)
		}
	}
}
