package logout

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/tenant"
)

// MaxFrames is how many frames one page loads. Beyond it the page says how many
// applications are left out: a browser that opens a hundred of them at once
// finishes none within the time that people wait.
const MaxFrames = 50

// framedSize bounds the origins of a page's frames, in bytes: they travel in a
// header, for which proxies have little room.
const framedSize = 3 << 10

// Frame tells one application, in the browser, that one session has ended.
type Frame struct {
	App    int // index into Apps
	URL    string
	Origin string
}

// FrontChannel is what a page loads after sessions ended (Front-Channel §2).
type FrontChannel struct {
	Apps   []string // names, in the order in which they joined
	Frames []Frame
	Ended  []Ended // sessions that have frames
	Left   int     // applications that no frame tells
}

// FrontChannelOf makes the frames for ended sessions: one for each session and
// participant that is enabled and has a frontchannel_logout_uri, with iss and
// sid where it asks for them. What is the same address twice is loaded once.
func FrontChannelOf(issuer string, ended []Ended, find func(clientID string) *client.Client) FrontChannel {
	var f FrontChannel
	apps, loaded, left, origins := map[string]int{}, map[string]bool{}, map[string]bool{}, origins{}
	for _, e := range ended {
		before := len(f.Frames)
		for _, id := range e.Participants {
			c := find(id)
			if c == nil {
				continue
			}
			uri, origin, ok := c.FrontChannel()
			if !ok {
				continue
			}
			if c.FrontchannelLogoutSessionRequired { // Front-Channel §2
				uri = oidc.AppendQuery(uri, []oidc.Param{{Name: "iss", Value: issuer}, {Name: "sid", Value: e.SID}})
			}
			app, known := apps[id]
			switch {
			case loaded[uri] && known:
				continue
			case len(f.Frames) == MaxFrames || !origins.fit(origin):
				left[id] = !known
				continue
			case !known:
				app = len(f.Apps)
				apps[id] = app
				f.Apps = append(f.Apps, c.Name())
			}
			loaded[uri] = true
			f.Frames = append(f.Frames, Frame{App: app, URL: uri, Origin: origin})
		}
		if len(f.Frames) > before {
			f.Ended = append(f.Ended, e)
		}
	}
	for _, out := range left {
		if out {
			f.Left++
		}
	}
	return f
}

// origins are those of a page's frames.
type origins map[string]bool

// fit adds an origin while all of them fit into a header.
func (o origins) fit(origin string) bool {
	size := len(origin) + 1
	for known := range o {
		size += len(known) + 1
	}
	if !o[origin] && size > framedSize {
		return false
	}
	o[origin] = true
	return true
}

// FrontChannel is FrontChannelOf with the tenant's clients, the session of this
// browser, whose cookies the frames carry, first.
func (e *Engine) FrontChannel(ctx context.Context, t *tenant.Live, ended []Ended, here int64) (FrontChannel, error) {
	var fault error
	find := func(id string) *client.Client {
		c, err := e.Clients.Find(ctx, t.ID, id)
		if err != nil && !errors.Is(err, client.ErrNotFound) {
			fault = errors.Join(fault, fmt.Errorf("find client: %w", err))
		}
		if err != nil {
			return nil
		}
		return c
	}
	return FrontChannelOf(t.Issuer, hereFirst(ended, here), find), fault
}

func hereFirst(ended []Ended, here int64) []Ended {
	i := slices.IndexFunc(ended, func(e Ended) bool { return e.ID == here })
	if i <= 0 {
		return ended
	}
	return append([]Ended{ended[i]}, slices.Delete(slices.Clone(ended), i, i+1)...)
}
