package adminapi

import (
	"net/http"
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

// compatible is the administrative /sessions API of Akamai Identity Cloud
// (reference/akamai.md §3.3): there a session is an account's, on all its
// devices, and so is what is shown and ended here. Tokens have scopes of its
// form or of ours.
var compatible = []operation{
	{
		method: http.MethodGet, path: "/sessions", id: "findAccountSession", scope: "admin.sessions:read",
		query:  []parameter{{name: "sub", required: true}},
		status: http.StatusOK, run: (*API).akamaiFind,
		allows: func(a *grant.Administrator, _ *http.Request) bool { return a.HasPath(".", "sessions") },
	},
	{
		method: http.MethodGet, path: "/sessions/{sid}", id: "getAccountSession", scope: "admin.sessions:read",
		status: http.StatusOK, run: (*API).akamaiGet,
		allows: func(a *grant.Administrator, r *http.Request) bool {
			return a.HasPath(".", "sessions", r.PathValue("sid"))
		},
	},
	{
		method: http.MethodDelete, path: "/sessions/{sid}", id: "endAccountSession", scope: "admin.sessions:write",
		status: http.StatusNoContent, run: (*API).akamaiEnd,
		allows: func(a *grant.Administrator, r *http.Request) bool {
			return a.HasPath("*", "sessions", r.PathValue("sid"))
		},
	},
}

// failAkamai answers as their documents show.
func failAkamai(w http.ResponseWriter, p Problem) error {
	text := p.Title
	if p.Detail != "" && p.Status < http.StatusInternalServerError {
		text += ": " + p.Detail
	}
	return web.JSON(w, p.Status, map[string]string{"errors": text})
}

// akamaiSession is an account's sessions as one. The names are ours: theirs are
// not known (reference/akamai.md §3.3).
type akamaiSession struct {
	ID           string         `json:"id"`
	Sub          string         `json:"sub"`
	Created      string         `json:"created"`
	LastActivity string         `json:"lastActivity"`
	Expires      string         `json:"expires"`
	AuthTime     int64          `json:"authTime"`
	ACR          string         `json:"acr"`
	AMR          []string       `json:"amr"`
	Devices      []akamaiDevice `json:"devices"`
}

type akamaiDevice struct {
	ID        string   `json:"id"`
	BoundAt   string   `json:"boundAt"`
	LastSeen  string   `json:"lastSeen"`
	UserAgent string   `json:"userAgent"`
	IP        string   `json:"ip"`
	Clients   []string `json:"clients"`
}

// subOf takes a sub or a user's URN, which ends in it:
// capture-v1://domain/application/type/uuid, urn:….
func subOf(s string) string {
	if _, rest, ok := strings.Cut(s, "://"); ok {
		return rest[strings.LastIndexByte(rest, '/')+1:]
	}
	if strings.HasPrefix(s, "urn:") {
		return s[strings.LastIndexByte(s, ':')+1:]
	}
	return s
}

func (a *API) akamaiFind(c *call) (any, error) {
	sub := subOf(c.query["sub"])
	if sub == "" {
		return nil, oidc.Refuse(oidc.InvalidRequest, "Foyer", "sub names nobody")
	}
	one, err := a.merged(c, sub, c.query["sub"], "")
	if err != nil {
		return nil, err
	}
	if one == nil {
		return []akamaiSession{}, nil
	}
	return []akamaiSession{*one}, nil
}

func (a *API) akamaiGet(c *call) (any, error) {
	s, err := a.record(c.Context(), c.t, c.PathValue("sid"))
	if err != nil {
		return nil, err
	}
	one, err := a.merged(c, s.Sub, s.Sub, s.SID)
	if err == nil && one == nil {
		err = notFound("session")
	}
	return one, err
}

// akamaiEnd ends every session of the account of a session, ended itself or not:
// a sid that an application kept is that of the account to it.
func (a *API) akamaiEnd(c *call) (any, error) {
	s, err := a.record(c.Context(), c.t, c.PathValue("sid"))
	if err != nil {
		return nil, err
	}
	ended, err := a.Logout.End(c.Context(), c.t.ID, logout.Ending{Sub: s.Sub, Reason: session.ByAdmin}, c.now)
	if err == nil && len(ended) == 0 {
		err = notFound("session")
	}
	return nil, err
}

// merged shows the live sessions of an account as one, under the sid it was
// asked for by or that of the last sign-in; nil when there are none.
func (a *API) merged(c *call, sub, as, sid string) (*akamaiSession, error) {
	list, err := a.Sessions.ListSessions(c.Context(), c.t.ID, sub, "", 0, maxLimit, c.now)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	last := slices.MaxFunc(list, func(x, y *session.Session) int { return int(x.AuthTime/1e6 - y.AuthTime/1e6) })
	if sid == "" {
		sid = last.SID
	}
	seen, created, expires := last.LastSeen, last.CreatedAt, last.ExpiresAt
	one := &akamaiSession{ID: sid, Sub: as, AuthTime: last.AuthTimeSeconds(), ACR: grant.ACR(c.t.Dialect, last.Level), AMR: slices.Clone(last.AMR)}
	for _, s := range list {
		d, err := a.device(c, s)
		if err != nil {
			return nil, err
		}
		one.Devices = append(one.Devices, d)
		seen, created, expires = max(seen, s.LastSeen), min(created, s.CreatedAt), max(expires, s.ExpiresAt)
	}
	one.Created, one.LastActivity, one.Expires = when(created), when(seen), when(expires)
	if one.AMR == nil {
		one.AMR = []string{}
	}
	return one, nil
}

func (a *API) device(c *call, s *session.Session) (akamaiDevice, error) {
	joined, err := a.Sessions.Participants(c.Context(), c.t.ID, s.ID)
	d := akamaiDevice{ID: s.SID, BoundAt: when(s.CreatedAt), LastSeen: when(s.LastSeen), UserAgent: s.UserAgent, IP: s.Address, Clients: []string{}}
	for _, p := range joined {
		d.Clients = append(d.Clients, p.ClientID)
	}
	return d, err
}
