package demo

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/rp"
)

// login begins a sign-in; ?prompt=login and ?prompt=none are the buttons of
// the signed-in page.
func (a *App) login(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("prompt") {
	case "login":
		a.authorize(w, r, ClientID, "Sign in again", "/", rp.Prompt("login"))
	case "none":
		a.authorize(w, r, ClientID, "Silent check", "/journey", rp.Prompt("none"))
	default:
		a.authorize(w, r, ClientID, "Sign in", "/")
	}
}

func (a *App) reportsLogin(w http.ResponseWriter, r *http.Request) {
	a.authorize(w, r, ReportsClientID, "Sign in to Demo reports", "/reports/")
}

func (a *App) authorize(w http.ResponseWriter, r *http.Request, clientID, title, returnTo string, params ...rp.Param) {
	request := rp.NewAuthRequest()
	j, r := begin(r, &journey{Title: title, State: request.State})
	site, err := a.site(r.Context(), clientID)
	if err != nil {
		a.failed(w, r, err)
		return
	}
	now := a.o.Now()
	j.add(step{
		From: "Browser", To: "Demo", Title: "A click", Method: r.Method, Address: a.o.Base + r.URL.RequestURI(), Begun: now,
		Text: "The demo makes three random values for this sign-in (state, nonce and the PKCE verifier) and keeps them in a sealed cookie of its own, one for each tab.",
	})
	site.Begin(w, r, request, returnTo, params...)
	j.add(a.redirect(w, "Off to Foyer", "The demo answers with a redirect: the browser carries the question, so the demo never sees a password."))
}

// redirect describes the answer that has just been written.
func (a *App) redirect(w http.ResponseWriter, title, text string) step {
	s := step{From: "Browser", To: "Foyer", Title: title, Text: text, Method: http.MethodGet, Begun: a.o.Now()}
	if u, err := url.Parse(w.Header().Get("Location")); err == nil {
		s.Address, s.Sent = plainAddress(u), paramsOf(u)
	}
	return s
}

func paramsOf(u *url.URL) []param { return params(u.Query()) }

// callback takes the answer to a sign-in.
func (a *App) callback(clientID string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if j := visitOf(r.Context()).find(q.Get("state")); j != nil {
			r = within(r, j)
			j.add(a.atFoyer(j))
			j.add(step{
				From: "Browser", To: "Demo", Title: "Back with an answer", Method: r.Method, Address: a.o.Base + r.URL.Path, Sent: params(q), Begun: a.o.Now(),
				Text: "Foyer has sent the browser back. The demo checks that the state is that of its cookie and that iss is Foyer before it does anything else.", Wrong: q.Has("error"),
			})
		}
		site, err := a.site(r.Context(), clientID)
		if err != nil {
			a.failed(w, r, err)
			return
		}
		site.Callback().ServeHTTP(w, r)
	}
}

// screens is the time from which people, not programs, must have been at work.
const screens = 1500 * time.Millisecond

// atFoyer is what the demo does not see.
func (a *App) atFoyer(j *journey) step {
	s := step{From: "Browser", To: "Foyer", Title: "At Foyer", Begun: j.last(), Text: "Foyer’s own screens. The demo sees nothing of this; a page left open overnight would still lead back here."}
	if s.Took = a.o.Now().Sub(s.Begun); s.Took < screens {
		s.Title, s.Text = "At Foyer, in passing", "So short that nobody can have looked at a screen: Foyer answered by itself, from what it knows of this browser. The demo cannot see how; it only sees the time."
	}
	return s
}

// arrived is called when the tokens are verified: it completes the journey.
func (a *App) arrived(c *rp.Client) func(*http.Request, *rp.Session) error {
	return func(r *http.Request, s *rp.Session) error {
		id := s.Tokens.IDToken
		visitOf(r.Context()).signedIn(id)
		if j := journeyOf(r.Context()); j != nil {
			j.add(step{
				From: "Demo", Title: "The ID token is checked", Begun: a.o.Now(),
				Text: "Signature with Foyer’s key and an allowed algorithm; iss is Foyer, aud is this client, exp is in the future, nonce is that of the cookie, at_hash fits the access token (OIDC Core §3.1.3.7).",
				Got:  []param{{"sub", id.Subject, "who"}, {"sid", id.SessionID, "in which session at Foyer"}, {"auth_time", when(id.AuthTime, a.o.Now()), "when they really signed in"}},
			})
		}
		if _, err := c.UserInfo(r.Context(), s.Tokens.AccessToken, id.Subject); err != nil {
			return err
		}
		if j := journeyOf(r.Context()); j != nil {
			j.add(step{From: "Demo", Title: "Signed in here", Begun: a.o.Now(), Text: "The demo begins a session of its own: a random id in a cookie, the tokens stay on the server."})
		}
		return nil
	}
}

// refresh trades the refresh token.
func (a *App) refresh(w http.ResponseWriter, r *http.Request) {
	_, r = begin(r, &journey{Title: "Refresh"})
	site, s, ok := a.session(w, r, ClientID)
	if !ok {
		return
	}
	if _, err := site.Refresh(r.Context(), s); err != nil && !errors.Is(err, rp.ErrNoSession) {
		a.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/journey", http.StatusSeeOther)
}

// session returns the session of a page that needs one; otherwise it has
// answered.
func (a *App) session(w http.ResponseWriter, r *http.Request, clientID string) (*rp.Site, *rp.Session, bool) {
	site, err := a.site(r.Context(), clientID)
	if err != nil {
		a.failed(w, r, err)
		return nil, nil, false
	}
	s, err := site.Session(r)
	if err != nil {
		http.Redirect(w, r, homes[clientID], http.StatusSeeOther)
		return nil, nil, false
	}
	return site, s, true
}

// logout ends the session here and at Foyer: of this browser, or everywhere.
func (a *App) logout(clientID string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		state, title, hint := secret.Random(16), "Sign out here", []rp.Param(nil)
		site, err := a.site(r.Context(), clientID)
		if err != nil {
			a.failed(w, r, err)
			return
		}
		if s, err := site.Session(r); err == nil && r.FormValue("scope") == "everywhere" {
			title, hint = "Sign out everywhere", []rp.Param{rp.LogoutHint(s.Tokens.IDToken.SessionID)}
		}
		j, r := begin(r, &journey{Title: title, State: state, ClientID: clientID, SignOut: true})
		j.add(step{
			From: "Browser", To: "Demo", Title: "A click", Method: r.Method, Address: a.o.Base + r.URL.Path, Begun: a.o.Now(),
			Text: "A POST from the demo’s own page; a link or an image on another site could not sign anybody out. The demo’s own session ends now.",
		})
		site.SignOut(w, r, state, hint...)
		j.add(a.redirect(w, "Off to Foyer", "Ending the session here is half of it: the browser goes to Foyer with the ID token, to end the session there."))
	}
}

// signedOut is where Foyer sends the browser after signing out.
func (a *App) signedOut(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p := a.page(r, "Signed out")
	if j := visitOf(r.Context()).find(q.Get("state")); j != nil {
		p.Known = true
		if j.finish() {
			j.add(a.atFoyer(j))
			j.add(step{
				From: "Browser", To: "Demo", Title: "Home again", Method: r.Method, Address: a.o.Base + r.URL.Path, Sent: params(q), Begun: a.o.Now(),
				Text: "Foyer has ended the session and sent the browser back to the registered address, with the demo’s state.",
			})
		}
	}
	p.Success = q.Get("logout") == "success"
	a.render(w, http.StatusOK, "signed_out", p)
}
