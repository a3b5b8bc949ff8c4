package screens

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

// Devices is what the list of devices reads; each is one statement.
type Devices interface {
	ListSessions(ctx context.Context, tenant, sub, clientID string, before int64, limit int, now time.Time) ([]*session.Session, error)
	FindBySID(ctx context.Context, tenant, sid string, now time.Time) (*session.Session, error)
	Joined(ctx context.Context, tenant string, sessions []int64, most int) (map[int64]session.Joined, error)
}

// How much of the list one page shows.
const (
	devicesShown = 20 // beside this device
	appsShown    = 6  // of each device
)

// ShowDevices is GET /personal-details/devices: where the account is signed in,
// this device first.
func (s *Screens) ShowDevices(w http.ResponseWriter, r *http.Request) error {
	f, a, acc, err := s.own(w, r)
	switch {
	case acc == nil:
		return err
	case !a.offers("devices"):
		return web.Redirect(w, a.at(profilePath))
	}
	p := DevicesPage{
		Common: s.common(w, r, a.page(a.in.Tenant.BasePath+devicesPath)), ProfileURL: a.at(profilePath),
		Request: a.sealed, Asked: s.shown(a), Now: a.in.Now,
	}
	p.Done = s.done(a, f.Get("done"))
	if p.All, err = s.Counts.CountSessions(r.Context(), a.in.Tenant.ID, acc.Sub, a.in.Now); err != nil {
		return err
	}
	if err := s.list(r, a, &p, s.cursor(a, f.Get("after"))); err != nil {
		return err
	}
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

// list fills in one page of devices, newest first, from before a session's id on.
func (s *Screens) list(r *http.Request, a *arrival, p *DevicesPage, before int64) error {
	t, this := a.in.Tenant, a.in.Session
	found, err := s.Devices.ListSessions(r.Context(), t.ID, this.Sub, "", before, devicesShown+2, a.in.Now) // this one, and one that tells of more
	if err != nil {
		return err
	}
	var sessions []*session.Session
	if before == 0 {
		sessions = append(sessions, this)
	} else {
		p.FirstURL = a.at(devicesPath)
	}
	rest := 0
	for _, x := range found {
		switch {
		case x.ID == this.ID:
		case rest == devicesShown:
			p.MoreURL = a.with(devicesPath, "after", s.Sealer.SealString(t.ID, purposeCursor, binary.BigEndian.AppendUint64(nil, uint64(sessions[len(sessions)-1].ID))))
		default:
			sessions = append(sessions, x)
			rest++
		}
	}
	ids := make([]int64, len(sessions))
	for i, x := range sessions {
		ids[i] = x.ID
	}
	joined, err := s.Devices.Joined(r.Context(), t.ID, ids, appsShown)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		d := deviceOf(x)
		d.This = x.ID == this.ID
		if d.Apps, err = s.names(r.Context(), t.ID, joined[x.ID].Clients); err != nil {
			return err
		}
		d.MoreApps = joined[x.ID].All - len(joined[x.ID].Clients)
		p.Devices = append(p.Devices, d)
	}
	return nil
}

func deviceOf(x *session.Session) Device {
	addr, _ := netip.ParseAddr(x.Address)
	return Device{SID: x.SID, Agent: session.ReadAgent(x.UserAgent), Addr: addr,
		SignedIn: time.UnixMicro(x.AuthTime).UTC(), LastSeen: time.UnixMicro(x.LastSeen).UTC()}
}

// names are the names of clients; those that were removed have none.
func (s *Screens) names(ctx context.Context, tenant string, ids []string) (names []string, err error) {
	for _, id := range ids {
		c, err := s.Flow.Clients.Find(ctx, tenant, id)
		if errors.Is(err, client.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, c.Name()) {
			names = append(names, c.Name())
		}
	}
	return names, nil
}

// EndDevices is POST /personal-details/devices: sid names one device, scope says
// others or everywhere. A form that was made for another session than this
// browser's, in another tab before somebody else signed in, does nothing.
func (s *Screens) EndDevices(w http.ResponseWriter, r *http.Request) error {
	f, a, acc, err := s.own(w, r)
	if acc == nil {
		return err
	}
	here := a.in.Session
	switch {
	case !s.chose(a, f.Get("asked")) || !a.offers("devices"):
		return web.Redirect(w, a.at(devicesPath))
	case f.Get("scope") == "everywhere":
		return s.leave(w, r, a, true)
	case f.Get("scope") == "others":
		return s.endOthers(w, r, a)
	case f.Get("sid") == here.SID:
		return s.leave(w, r, a, false)
	}
	return s.endOne(w, r, a, f)
}

func (s *Screens) endOthers(w http.ResponseWriter, r *http.Request, a *arrival) error {
	here := a.in.Session
	ended, err := s.Logout.End(web.As(r.Context(), "account:"+here.Sub), a.in.Tenant.ID,
		logout.Ending{Sub: here.Sub, Except: here.ID, Reason: session.ByProfile}, a.in.Now)
	if err != nil {
		return err
	}
	return web.Redirect(w, a.with(devicesPath, "done", s.sealDone(a, doneEnding{Others: len(ended)})))
}

// endOne ends another device. One that is gone, or is somebody else's, is simply
// not in the list that follows: a sid is visible to applications and must not
// become a question that gets an answer.
func (s *Screens) endOne(w http.ResponseWriter, r *http.Request, a *arrival, f oidc.Form) error {
	here, back := a.in.Session, a.at(devicesPath)
	if !session.IsSID(f.Get("sid")) {
		return web.Redirect(w, back)
	}
	x, err := s.Devices.FindBySID(r.Context(), a.in.Tenant.ID, f.Get("sid"), a.in.Now)
	if errors.Is(err, session.ErrNotFound) {
		return web.Redirect(w, back)
	}
	if err != nil {
		return err
	}
	// Whose it is, is judged where it ends: in the transition.
	ended, err := s.Logout.End(web.As(r.Context(), "account:"+here.Sub), a.in.Tenant.ID,
		logout.Ending{Sessions: []int64{x.ID}, Owner: here.Sub, Reason: session.ByProfile}, a.in.Now)
	if err != nil {
		return err
	}
	if len(ended) > 0 {
		agent := session.ReadAgent(x.UserAgent)
		back = a.with(devicesPath, "done", s.sealDone(a, doneEnding{Browser: agent.Browser, System: agent.System, One: true}))
	}
	return web.Redirect(w, back)
}

// The purposes of what travels in the list's addresses.
const (
	purposeCursor = "devices"
	purposeDone   = "devices-done"
)

// cursor reads the place where a page of the list goes on; 0, the start, when
// it cannot be read.
func (s *Screens) cursor(a *arrival, sealed string) int64 {
	b, err := s.Sealer.OpenString(a.in.Tenant.ID, purposeCursor, sealed)
	if err != nil || len(b) != 8 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b))
}

// doneEnding is what the last click ended. It travels sealed to the list, which
// says so for a minute: nobody can send a link that says it.
type doneEnding struct {
	One             bool
	Browser, System string
	Others          int
	SID             string // of the session that did it
	At              int64
}

// saidFor is how long a list says what has ended.
const saidFor = time.Minute

func (s *Screens) sealDone(a *arrival, d doneEnding) string {
	d.SID, d.At = a.in.Session.SID, a.in.Now.UnixMicro()
	b, err := json.Marshal(d)
	if err != nil {
		return "" // cannot happen: texts and numbers
	}
	return s.Sealer.SealString(a.in.Tenant.ID, purposeDone, b)
}

func (s *Screens) done(a *arrival, sealed string) *Ended {
	var d doneEnding
	b, err := s.Sealer.OpenString(a.in.Tenant.ID, purposeDone, sealed)
	if err != nil || json.Unmarshal(b, &d) != nil || d.SID != a.in.Session.SID ||
		a.in.Now.Sub(time.UnixMicro(d.At)) > saidFor || !d.One && d.Others == 0 {
		return nil
	}
	return &Ended{Agent: session.Agent{Browser: d.Browser, System: d.System}, One: d.One, Others: d.Others}
}

// with is at with one more parameter, which needs no escaping.
func (a *arrival) with(path, name, value string) string {
	sep := "?"
	if a.sealed != "" {
		sep = "&"
	}
	return a.at(path) + sep + name + "=" + value
}
