package adminapi

import (
	"context"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Session is a browser that is or was signed in.
type Session struct {
	SID       string   `json:"sid"`
	Sub       string   `json:"sub" doc:"The account."`
	Alive     bool     `json:"alive"`
	EndedAt   string   `json:"ended_at,omitempty" format:"date-time"`
	EndReason string   `json:"end_reason,omitempty" doc:"Why it ended."`
	Browser   string   `json:"browser" doc:"What the browser calls itself, in words. It may lie."`
	UserAgent string   `json:"user_agent,omitempty" doc:"The same as the browser sent it."`
	Address   string   `json:"address,omitempty" doc:"Network address of the last sign-in."`
	CreatedAt string   `json:"created_at" format:"date-time"`
	AuthTime  string   `json:"auth_time" format:"date-time" doc:"When the person last proved who they are."`
	LastSeen  string   `json:"last_seen" format:"date-time"`
	ExpiresAt string   `json:"expires_at" format:"date-time" doc:"When it ends by itself at the latest."`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr"`
}

// SessionDetail is a session with what took part in it.
type SessionDetail struct {
	Session
	Participants []Participant `json:"participants" doc:"Clients that received a code in it, in the order they joined."`
	Deliveries   []Delivery    `json:"deliveries" doc:"What clients were told of its end, newest first; at most 200."`
}

// Participant is a client in a session.
type Participant struct {
	ClientID string `json:"client_id"`
	JoinedAt string `json:"joined_at" format:"date-time"`
}

// english names browsers: the API speaks to programs and their authors.
var english = i18n.Offered([]string{"en"})[0]

func viewSession(t *tenant.Live, s *session.Session, now time.Time) Session {
	agent := session.ReadAgent(s.UserAgent)
	at, why := s.Ended(now)
	amr := s.AMR
	if amr == nil {
		amr = []string{}
	}
	return Session{
		SID: s.SID, Sub: s.Sub, Alive: at == 0, EndedAt: when(at), EndReason: string(why),
		Browser: i18n.FormatDevice(english, agent.Browser, agent.System), UserAgent: s.UserAgent, Address: s.Address,
		CreatedAt: when(s.CreatedAt), AuthTime: when(s.AuthTime), LastSeen: when(s.LastSeen), ExpiresAt: when(s.ExpiresAt),
		ACR: grant.ACR(t.Dialect, s.Level), AMR: amr,
	}
}

// when is a stored time (Unix microseconds), "" for 0.
func when(t int64) string {
	if t == 0 {
		return ""
	}
	return time.UnixMicro(t).UTC().Format(time.RFC3339)
}

func (a *API) listSessions(c *call) (any, error) {
	sub := ""
	if name := c.query["account"]; name != "" {
		found, err := a.Accounts.Lookup(c.Context(), c.t.ID, name)
		switch {
		case err == nil:
			sub = found.Sub
		case errors.Is(err, account.ErrNotFound):
			sub = name
		default:
			return nil, err
		}
	}
	return a.sessionsOf(c, sub)
}

func (a *API) listAccountSessions(c *call) (any, error) {
	return a.sessionsOf(c, c.PathValue("sub"))
}

func (a *API) sessionsOf(c *call, sub string) (any, error) {
	before, err := a.before(c)
	if err != nil {
		return nil, err
	}
	if sub != "" {
		if err := a.known(c, sub); err != nil {
			return nil, err
		}
	}
	found, err := a.found(c, sub, before, c.query.limit()+1)
	if err != nil {
		return nil, err
	}
	view := func(s *session.Session) Session { return viewSession(c.t, s, c.now) }
	return pageOf(a, c, found, view, func(s *session.Session) string { return selector(s.ID) }), nil
}

func (a *API) found(c *call, sub string, before int64, limit int) ([]*session.Session, error) {
	if c.query["include"] == "ended" {
		return a.Sessions.ListRecords(c.Context(), c.t.ID, sub, c.query["client"], before, limit)
	}
	return a.Sessions.ListSessions(c.Context(), c.t.ID, sub, c.query["client"], before, limit, c.now)
}

// known refuses a sub that is no account and has no session on record: an empty
// list would say of a mistyped name that it is signed out everywhere. Of an
// account that was deleted the record remains.
func (a *API) known(c *call, sub string) error {
	if !legible(sub) || len(sub) > maxText {
		return notFound("account")
	}
	_, err := a.Accounts.Store.FindAccount(c.Context(), c.t.ID, sub)
	if !errors.Is(err, account.ErrNotFound) {
		return err
	}
	list, err := a.Sessions.ListRecords(c.Context(), c.t.ID, sub, "", 0, 1)
	if err == nil && len(list) == 0 {
		err = notFound("account")
	}
	return err
}

// record is the session that the path names, ended or not.
func (a *API) record(ctx context.Context, t *tenant.Live, sid string) (*session.Session, error) {
	if !session.IsSID(sid) {
		return nil, notFound("session")
	}
	s, err := a.Sessions.FindRecord(ctx, t.ID, sid)
	if errors.Is(err, session.ErrNotFound) {
		err = notFound("session")
	}
	return s, err
}

func (a *API) getSession(c *call) (any, error) {
	s, err := a.record(c.Context(), c.t, c.PathValue("sid"))
	if err != nil {
		return nil, err
	}
	joined, err := a.Sessions.Participants(c.Context(), c.t.ID, s.ID)
	if err != nil {
		return nil, err
	}
	told, err := a.Logout.Deliveries(c.Context(), c.t.ID, logout.Query{Session: s.ID}, 0, maxLimit)
	if err != nil {
		return nil, err
	}
	d := SessionDetail{Session: viewSession(c.t, s, c.now), Participants: []Participant{}, Deliveries: []Delivery{}}
	for _, p := range joined {
		d.Participants = append(d.Participants, Participant{p.ClientID, when(p.JoinedAt)})
	}
	for _, x := range told {
		d.Deliveries = append(d.Deliveries, DeliveryOf(x))
	}
	return d, nil
}

func (a *API) endSession(c *call) (any, error) {
	s, err := a.record(c.Context(), c.t, c.PathValue("sid"))
	if err != nil {
		return nil, err
	}
	_, err = a.Logout.End(c.Context(), c.t.ID, logout.Ending{Sessions: []int64{s.ID}, Reason: session.ByAdmin}, c.now)
	return nil, err
}

func (a *API) endAccountSessions(c *call) (any, error) {
	sub := c.PathValue("sub")
	if err := a.known(c, sub); err != nil {
		return nil, err
	}
	_, err := a.Logout.End(c.Context(), c.t.ID, logout.Ending{Sub: sub, Reason: session.ByAdmin}, c.now)
	return nil, err
}
