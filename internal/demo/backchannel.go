package demo

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/foyer-id/foyer/rp"
)

// backchannel receives Foyer's logout tokens for a client. The library verifies
// them and ends the sessions; told notes what arrived.
func (a *App) backchannel(clientID string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		site, err := a.site(r.Context(), clientID)
		if err != nil {
			http.Error(w, "Foyer does not answer", http.StatusServiceUnavailable)
			return
		}
		site.BackchannelLogout().ServeHTTP(w, r)
	}
}

// told adds a logout token to what just happened, in each browser whose session
// it names, so that its pages can say why it is signed out.
func (a *App) told(_ context.Context, t rp.LogoutToken) error {
	now := a.o.Now()
	rows := claimRows(t.Claims, now)
	claims := make([]param, len(rows))
	for i, c := range rows {
		claims[i] = param{c.Name, c.Value, c.Meaning}
	}
	for _, v := range a.visits.named(t) {
		j, own := v.signedOut(t, rows)
		j.add(step{
			From: "Foyer", To: names[t.ClientID], Title: "Foyer tells the " + strings.ToLower(names[t.ClientID]),
			Method: http.MethodPost, Begun: now, Aside: true, Claims: claims,
			Address: a.o.Base + homes[t.ClientID] + "backchannel-logout",
			Text:    "Foyer’s server calls the application’s, without the browser: a back-channel logout. The token is checked: signature with Foyer’s key, typ logout+jwt, iss, aud, iat and exp; events says logout, there is no nonce, and it comes for the first time (Back-Channel §2.6).",
		})
		end := step{From: names[t.ClientID], Begun: now, Aside: true, Title: "Signed out here too", Text: "The session that was begun from this sid ends at once, whatever page the browser shows: its next request finds nobody signed in."}
		if own {
			end.Title, end.Text = "Nothing left to end", "This application asked for the sign-out and had ended its own session first. Foyer tells every application of the session all the same."
		}
		j.add(end)
	}
	return nil
}

// begunFrom is a session at Foyer that a browser signed in from.
type begunFrom struct{ clientID, sid, sub string }

func (b begunFrom) named(t rp.LogoutToken) bool {
	return b.clientID == t.ClientID && (t.SessionID == b.sid || t.SessionID == "" && t.Subject == b.sub)
}

// maxBegun bounds how many of them a visit remembers.
const maxBegun = 20

// signedIn notes where a browser's session comes from, so that a logout token
// finds the browser.
func (v *visit) signedIn(t *rp.IDToken) {
	v.v.mu.Lock()
	defer v.v.mu.Unlock()
	delete(v.over, t.ClientID)
	v.begun = slices.DeleteFunc(v.begun, func(b begunFrom) bool { return b.clientID == t.ClientID && b.sid == t.SessionID })
	v.begun = append(v.begun, begunFrom{t.ClientID, t.SessionID, t.Subject})
	v.begun = v.begun[max(0, len(v.begun)-maxBegun):]
}

// named are the visits that a logout token is about.
func (v *visits) named(t rp.LogoutToken) (found []*visit) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range v.byID {
		if slices.ContainsFunc(one.begun, func(b begunFrom) bool { return b.named(t) }) {
			found = append(found, one)
		}
	}
	return found
}

// tellTogether is how long after a sign-out began its logout tokens are shown as
// a part of it.
const tellTogether = time.Minute

// signedOut returns the journey that a logout token belongs to: the sign-out
// that this browser has just begun, or one of its own. own: it was begun by the
// application that is told. Otherwise its page says why nobody is signed in.
func (v *visit) signedOut(t rp.LogoutToken, rows []claim) (j *journey, own bool) {
	v.v.mu.Lock()
	defer v.v.mu.Unlock()
	if len(v.journeys) > 0 && v.journeys[0].SignOut && v.v.now().Sub(v.journeys[0].Begun) < tellTogether {
		j = v.journeys[0]
	} else {
		j = &journey{Title: "A sign-out elsewhere", SignOut: true}
		v.add(j)
	}
	own = j.ClientID == t.ClientID
	for _, b := range slices.Backward(v.begun) { // an earlier session may end when there is a new one
		if b.clientID == t.ClientID {
			if b.named(t) && !own {
				v.over[t.ClientID] = rows
			}
			break
		}
	}
	return j, own
}

// ended is the logout token that ended a client's session in this browser, nil
// when there was none since somebody signed in here.
func (v *visit) ended(clientID string) []claim {
	v.v.mu.Lock()
	defer v.v.mu.Unlock()
	return v.over[clientID]
}
