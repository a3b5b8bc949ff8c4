package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

type sessionCmd struct {
	List     sessionList `cmd:"" help:"Live sessions, newest first."`
	Show     sessionShow `cmd:"" help:"One session, also after its end, with its clients and what they were told."`
	End      sessionEnd  `cmd:"" help:"End one session, or all of an account, of a client, or of the tenant."`
	Delivery deliveryCmd `cmd:"" help:"What clients were told of ended sessions."`
}

type sessionView struct {
	SID       string   `json:"sid"`
	Sub       string   `json:"sub"`
	CreatedAt string   `json:"created_at"`
	AuthTime  string   `json:"auth_time"`
	LastSeen  string   `json:"last_seen"`
	ExpiresAt string   `json:"expires_at"`
	AMR       []string `json:"amr"`
	Browser   string   `json:"browser"` // the user agent in words
	UserAgent string   `json:"user_agent,omitempty"`
	Address   string   `json:"address,omitempty"`
	EndedAt   string   `json:"ended_at,omitempty"`
	EndReason string   `json:"end_reason,omitempty"`
	Clients   []string `json:"clients,omitempty"`

	Deliveries []adminapi.Delivery `json:"deliveries,omitempty"`
}

func viewSession(s *session.Session) sessionView {
	return sessionView{SID: s.SID, Sub: s.Sub, CreatedAt: when(s.CreatedAt), AuthTime: when(s.AuthTime), LastSeen: when(s.LastSeen),
		ExpiresAt: when(s.ExpiresAt), AMR: s.AMR, Browser: browser(s.UserAgent), UserAgent: s.UserAgent, Address: s.Address}
}

// ended adds when and why the session ended, if it has.
func (v sessionView) ended(s *session.Session, now time.Time) sessionView {
	at, why := s.Ended(now)
	v.EndedAt, v.EndReason = when(at), string(why)
	return v
}

// browser says what people sign in with as their own list of devices does.
func browser(userAgent string) string {
	a := session.ReadAgent(userAgent)
	return i18n.FormatDevice(i18n.Offered([]string{"en"})[0], a.Browser, a.System)
}

// named is a flag that narrows a list. Empty, as an unset variable of a script
// makes it, it is refused: it would list everybody's.
type named string

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *named) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		return errors.New("is empty; leave the flag out to list all")
	}
	*n = named(b)
	return nil
}

type sessionList struct {
	inTenant
	Account named `help:"Of this account alone: sub, e-mail address or mobile number." placeholder:"STRING"`
	Client  named `help:"With this client alone." placeholder:"ID"`
	Ended   bool  `help:"Also those that have ended, for as long as they are kept."`
	Limit   int   `help:"At most so many." default:"100"`
}

// find returns a page of what is asked for.
func (c *sessionList) find(r *run, core *app.Core, t *tenant.Tenant, sub string, before int64, n int) ([]*session.Session, error) {
	if c.Ended {
		return core.Store.ListRecords(r.ctx, t.ID, sub, string(c.Client), before, n)
	}
	return core.Store.ListSessions(r.ctx, t.ID, sub, string(c.Client), before, n, r.now())
}

func (c *sessionList) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		sub := ""
		if c.Account != "" {
			a, err := findAccount(r, core, t, string(c.Account))
			if err != nil {
				return err
			}
			sub = a.Sub
		}
		if c.Limit < 1 {
			return errUsage("--limit must be at least 1")
		}
		views := []sessionView{}
		var rows [][]string
		for before := int64(0); len(views) < c.Limit; {
			n := min(500, c.Limit-len(views))
			list, err := c.find(r, core, t, sub, before, n)
			if err != nil {
				return err
			}
			for _, s := range list {
				v := viewSession(s).ended(s, r.now())
				views = append(views, v)
				row := []string{v.SID, v.Sub, v.Browser, v.Address, v.AuthTime, v.LastSeen, v.ExpiresAt}
				if c.Ended {
					row = append(row, strings.TrimSpace(v.EndedAt+" "+v.EndReason))
				}
				rows = append(rows, row)
				before = s.ID
			}
			if len(list) < n {
				break
			}
		}
		head := []string{"SID", "SUB", "BROWSER", "ADDRESS", "SIGNED IN", "LAST SEEN", "EXPIRES"}
		if c.Ended {
			head = append(head, "ENDED")
		}
		return r.print(views, func(w io.Writer) { table(w, "No sessions.", head, rows) })
	})
}

type sessionShow struct {
	inTenant
	SID string `arg:"" name:"sid" help:"sid of the session."`
}

func (c *sessionShow) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		s, err := core.Store.FindRecord(r.ctx, t.ID, c.SID)
		if err != nil {
			return notFound(err, "session", clean(c.SID), t.ID)
		}
		v, err := detail(r, core, t, s)
		if err != nil {
			return err
		}
		return r.print(v, func(w io.Writer) {
			fields(w, "sid", v.SID, "sub", v.Sub, "began", v.CreatedAt, "signed in", v.AuthTime, "how", strings.Join(v.AMR, " "),
				"last seen", v.LastSeen, "expires", v.ExpiresAt, "address", v.Address, "browser", v.Browser, "user agent", v.UserAgent,
				"clients", strings.Join(v.Clients, " "), "ended", v.EndedAt, "because of", v.EndReason)
			if v.EndedAt != "" {
				fmt.Fprintln(w)
				table(w, "No client was told: none of them has a backchannel_logout_uri.", deliveryHead, deliveryRows(v.Deliveries))
			}
		})
	})
}

// detail is a session with its clients and what they were told of its end.
func detail(r *run, core *app.Core, t *tenant.Tenant, s *session.Session) (sessionView, error) {
	v := viewSession(s).ended(s, r.now())
	joined, err := core.Store.Participants(r.ctx, t.ID, s.ID)
	if err != nil {
		return v, err
	}
	for _, p := range joined {
		v.Clients = append(v.Clients, p.ClientID)
	}
	told, err := core.Logout.Deliveries(r.ctx, t.ID, logout.Query{Session: s.ID}, 0, 500)
	for _, d := range told {
		v.Deliveries = append(v.Deliveries, adminapi.DeliveryOf(d))
	}
	return v, err
}
