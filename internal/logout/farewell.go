package logout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Farewell is a logout that is done, on its way from the form that did it to the
// page that tells the applications: so that reloading that page, and coming back
// to it, sends no form again. It travels sealed, beside the request.
type Farewell struct {
	// Browser is the hash of the browser's cookie: a link to this page tells
	// nobody else's applications anything.
	Browser    string
	At         int64 // Unix microseconds
	Everywhere bool
	// Direct is the client that may be returned to without a click, "" none: a
	// hint named the session, which is gone by now.
	Direct string
	Apps   int // how many applications were to be told
	Ended  []Gone
}

// Gone is a session that has ended, with participants that are told.
type Gone struct {
	ID  int64  `json:"i"`
	SID string `json:"s"`
}

// maxFarewell bounds a sealed Farewell: it travels beside a sealed request in an
// address, for which proxies have 8 KiB.
const maxFarewell = 2 << 10

// farewellLife is how long the page tells applications; later it is a page like
// any other of somebody who has signed out.
const farewellLife = 10 * time.Minute

const purposeFarewell = "farewell"

// NewFarewell is the farewell of what FrontChannel found.
func NewFarewell(told FrontChannel) Farewell {
	f := Farewell{Apps: len(told.Apps) + told.Left}
	for _, e := range told.Ended {
		f.Ended = append(f.Ended, Gone{e.ID, e.SID})
	}
	return f
}

// Seal returns f for an address. Of more sessions than fit, the first are kept.
func (f Farewell) Seal(s *secret.Sealer, tenant string) string {
	for {
		b, _ := json.Marshal(f) // texts and numbers cannot fail
		out := s.SealString(tenant, purposeFarewell, b)
		if len(out) <= maxFarewell || len(f.Ended) == 0 {
			return out
		}
		f.Ended = f.Ended[:len(f.Ended)*3/4]
	}
}

// OpenFarewell reads what Seal wrote for this browser not long ago. Anything
// else is none.
func OpenFarewell(s *secret.Sealer, tenant, sealed, browser string, now time.Time) (f Farewell, ok bool) {
	b, err := s.OpenString(tenant, purposeFarewell, sealed)
	if err != nil || json.Unmarshal(b, &f) != nil || browser == "" || f.Browser != browser || now.Sub(time.UnixMicro(f.At)) > farewellLife {
		return Farewell{}, false
	}
	return f, true
}

// Again is the front-channel of a logout that is done: what the ended sessions'
// participants are today.
func (e *Engine) Again(ctx context.Context, t *tenant.Live, f Farewell) (FrontChannel, error) {
	ended := make([]Ended, len(f.Ended))
	for i, g := range f.Ended {
		list, err := e.Sessions.Participants(ctx, t.ID, g.ID)
		if err != nil {
			return FrontChannel{}, fmt.Errorf("list participants: %w", err)
		}
		ended[i] = Ended{ID: g.ID, SID: g.SID}
		for _, p := range list {
			ended[i].Participants = append(ended[i].Participants, p.ClientID)
		}
	}
	told, err := e.FrontChannel(ctx, t, ended, 0)
	told.Left = max(told.Left, f.Apps-len(told.Apps)) // of sessions for which there was no room
	return told, err
}
