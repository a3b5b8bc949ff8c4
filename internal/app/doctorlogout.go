package app

import (
	"context"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

const (
	failedWithin = 24 * time.Hour   // of deliveries that were given up
	waitsLong    = 15 * time.Minute // longer than a deployment takes
	waitsUntried = time.Minute      // longer than any server that runs leaves a job
)

// deliveries looks at what applications were told of ended sessions, and at what
// waits to be told.
func (d *Diagnosis) deliveries(ctx context.Context, c *Core) {
	lanes, err := c.Store.LanesHealth(ctx, c.Now().Add(-failedWithin))
	if err != nil {
		d.add("logout deliveries", Wrong, err.Error(), "look at the database's own log")
		return
	}
	before := len(d.Checks)
	for _, h := range lanes {
		if h.Lane.Kind() == logout.Backchannel {
			d.delivery(c, h)
		}
	}
	if len(d.Checks) == before {
		d.add("logout deliveries", Fine, "none was given up within a day, none waits long", "")
	}
}

func (d *Diagnosis) delivery(c *Core, h sqlstore.LaneHealth) {
	name := "logout deliveries to " + h.Lane.Tenant() + "/" + h.Lane.Name()
	this := h.Lane.Name() + " --tenant " + h.Lane.Tenant()
	if h.Refused+h.Dead > 0 {
		d.add(name, Warn, fmt.Sprintf("%d were given up within a day, the last with %q", h.Refused+h.Dead, h.Answer),
			"look with foyer client test-logout "+this+", mend it, then foyer session delivery list --client "+this+" and replay them")
	}
	waits := c.Now().Sub(time.UnixMicro(h.Since)).Round(time.Second)
	switch {
	case h.Waiting == 0:
	case h.Untried && waits > waitsUntried:
		d.add(name, Warn, fmt.Sprintf("%d wait for up to %v and were never tried", h.Waiting, waits), "start foyer serve: it is what delivers")
	case waits > waitsLong:
		d.add(name, Warn, fmt.Sprintf("%d wait, the first for %v: the application does not take them", h.Waiting, waits),
			"look with foyer client test-logout "+this+"; they are tried for a day")
	}
}
