package logout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
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
	Ended  []Ended // the ids and sids of those with frames
}

// farewellLife is how long the page tells applications; later it is a page like
// any other of somebody who has signed out.
const farewellLife = 10 * time.Minute

const purposeFarewell = "farewell"

// Seal returns f for an address. Of more sessions than fit, the first are kept.
func (f Farewell) Seal(s *secret.Sealer, tenant string) string {
	var named []Ended
	for _, e := range f.Ended {
		named = append(named, Ended{ID: e.ID, SID: e.SID})
	}
	for f.Ended = named; ; {
		b, _ := json.Marshal(f) // texts and numbers cannot fail
		out := s.SealString(tenant, purposeFarewell, b)
		if len(out) <= oidc.MaxRequestID || len(f.Ended) == 0 {
			return out
		}
		f.Ended = f.Ended[:len(f.Ended)/2]
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
	for i := range f.Ended {
		list, err := e.Sessions.Participants(ctx, t.ID, f.Ended[i].ID)
		if err != nil {
			return FrontChannel{}, fmt.Errorf("list participants: %w", err)
		}
		for _, p := range list {
			f.Ended[i].Participants = append(f.Ended[i].Participants, p.ClientID)
		}
	}
	return e.FrontChannel(ctx, t, f.Ended, 0)
}
