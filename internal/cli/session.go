package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

type sessionCmd struct {
	List sessionList `cmd:"" help:"Live sessions, newest first."`
	Show sessionShow `cmd:"" help:"One session and the clients in it."`
	End  sessionEnd  `cmd:"" help:"End one session, or all of an account."`
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
	Clients   []string `json:"clients,omitempty"`
}

func viewSession(s *session.Session) sessionView {
	return sessionView{SID: s.SID, Sub: s.Sub, CreatedAt: when(s.CreatedAt), AuthTime: when(s.AuthTime), LastSeen: when(s.LastSeen),
		ExpiresAt: when(s.ExpiresAt), AMR: s.AMR, Browser: browser(s.UserAgent), UserAgent: s.UserAgent, Address: s.Address}
}

// browser says what people sign in with as their own list of devices does.
func browser(userAgent string) string {
	a := session.ReadAgent(userAgent)
	return i18n.FormatDevice(i18n.Offered([]string{"en"})[0], a.Browser, a.System)
}

type sessionList struct {
	inTenant
	Account string `help:"Of this account alone: sub, e-mail address or mobile number."`
	Client  string `help:"With this client alone." placeholder:"ID"`
	Limit   int    `help:"At most so many." default:"100"`
}

func (c *sessionList) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		sub := ""
		if c.Account != "" {
			a, err := findAccount(r, core, t, c.Account)
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
			list, err := core.Store.ListSessions(r.ctx, t.ID, sub, c.Client, before, n, r.now())
			if err != nil {
				return err
			}
			for _, s := range list {
				v := viewSession(s)
				views = append(views, v)
				rows = append(rows, []string{v.SID, v.Sub, v.Browser, v.Address, v.AuthTime, v.LastSeen, v.ExpiresAt})
				before = s.ID
			}
			if len(list) < n {
				break
			}
		}
		return r.print(views, func(w io.Writer) {
			table(w, "No sessions.", []string{"SID", "SUB", "BROWSER", "ADDRESS", "SIGNED IN", "LAST SEEN", "EXPIRES"}, rows)
		})
	})
}

type sessionShow struct {
	inTenant
	SID string `arg:"" name:"sid" help:"sid of the session."`
}

func (c *sessionShow) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		s, err := core.Store.FindBySID(r.ctx, t.ID, c.SID, r.now())
		if err != nil {
			return notFound(err, "live session", clean(c.SID), t.ID)
		}
		joined, err := core.Store.Participants(r.ctx, t.ID, s.ID)
		if err != nil {
			return err
		}
		v := viewSession(s)
		for _, p := range joined {
			v.Clients = append(v.Clients, p.ClientID)
		}
		return r.print(v, func(w io.Writer) {
			fields(w, "sid", v.SID, "sub", v.Sub, "began", v.CreatedAt, "signed in", v.AuthTime, "how", strings.Join(v.AMR, " "),
				"last seen", v.LastSeen, "expires", v.ExpiresAt, "address", v.Address, "browser", v.Browser, "user agent", v.UserAgent, "clients", strings.Join(v.Clients, " "))
		})
	})
}

type sessionEnd struct {
	inTenant
	SID        string `arg:"" optional:"" name:"sid" help:"sid of the session."`
	Everywhere bool   `help:"All sessions of the session's account."`
	Account    string `help:"All sessions of this account: sub, e-mail address or mobile number."`
}

func (c *sessionEnd) Run(r *run) error {
	if (c.SID == "") == (c.Account == "") {
		return errUsage("name a sid, or an account with --account")
	}
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		e := logout.Ending{Reason: session.ByCommand}
		if c.Account != "" {
			a, err := findAccount(r, core, t, c.Account)
			if err != nil {
				return err
			}
			e.Sub = a.Sub
		} else {
			s, err := core.Store.FindBySID(r.ctx, t.ID, c.SID, r.now())
			if err != nil {
				return notFound(err, "live session", clean(c.SID), t.ID)
			}
			e.Sessions = []int64{s.ID}
			if c.Everywhere {
				e.Sessions, e.Sub = nil, s.Sub
			}
		}
		ended, err := core.Logout.End(r.ctx, t.ID, e, r.now())
		if err != nil {
			return err
		}
		sids := []string{}
		for _, s := range ended {
			sids = append(sids, s.SID)
		}
		return r.print(map[string]any{"ended": sids}, func(w io.Writer) {
			if len(sids) == 1 {
				fmt.Fprintln(w, "1 session has ended.")
				return
			}
			fmt.Fprintf(w, "%d sessions have ended.\n", len(sids))
		})
	})
}
