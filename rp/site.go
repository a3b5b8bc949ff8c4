package rp

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// SiteOptions are how a web application signs people in and out. The zero value
// is usable by a single process.
type SiteOptions struct {
	// Name begins the names of the cookies; default "rp". Two sites on one host
	// need two names.
	Name string
	// Key seals sign-ins under way: 32 random bytes or more, the same in all
	// processes of the application. Default: made at the start.
	Key []byte
	// Store keeps sessions; default NewMemory(10 000).
	Store SessionStore
	// LoginPath is where Login answers; default "/login".
	LoginPath string
	// AfterLogin is the path to go to when none was asked for; default "/".
	AfterLogin string
	// AfterLogout is the registered absolute URL to come back to from the
	// provider. "": the provider shows its own page.
	AfterLogout string
	// SessionLife is how long a session lasts at most; default 12 hours.
	SessionLife time.Duration
	// LoginLife is how long a sign-in may take; default 24 hours, so that a login
	// page left open overnight still leads home.
	LoginLife time.Duration
	// SignedIn is called when the tokens are verified and before the session
	// begins; it may fill in s.Values, and its error is a failure. Optional.
	SignedIn func(r *http.Request, s *Session) error
	// SignedOut is called when the provider has ended sessions by a logout token,
	// after they ended in the Store: to tell open pages, to drop what else is kept.
	// On an error the provider is asked to try again. Optional.
	SignedOut func(ctx context.Context, t LogoutToken) error
	// Replays remembers the logout tokens that were used; default NewReplays(0, nil).
	Replays Replays
	// LogoutFailed is told why a logout token or a front-channel request was
	// refused or failed, for a log. Optional.
	LogoutFailed func(r *http.Request, err error)
	// Failed answers when something went wrong: an *Error of the provider
	// (access_denied, login_required), ErrState, ErrToken, ErrEnded, a fault. Default: a
	// line of text.
	Failed func(w http.ResponseWriter, r *http.Request, err error)
}

// Site is the sign-in and sign-out of a web application, for net/http.
type Site struct {
	client  *Client
	o       SiteOptions
	jar     *jar
	seed    maphash.Seed
	renewal [64]chan struct{} // one refresh at a time for a session
}

// NewSite returns a Site, or an error that says which option cannot be.
func NewSite(c *Client, o SiteOptions) (*Site, error) {
	o.Name = or(o.Name, "rp")
	o.LoginPath, o.AfterLogin = or(o.LoginPath, "/login"), or(o.AfterLogin, "/")
	if o.SessionLife <= 0 {
		o.SessionLife = 12 * time.Hour
	}
	if o.LoginLife <= 0 {
		o.LoginLife = 24 * time.Hour
	}
	if o.Store == nil {
		o.Store = NewMemory(0, c.p.now)
	}
	if o.Replays == nil {
		o.Replays = NewReplays(0, c.p.now) // one for the site, however often its handler is made
	}
	if o.Failed == nil {
		o.Failed = plainFailure
	}
	if !LocalPath(o.LoginPath) || !LocalPath(o.AfterLogin) {
		return nil, errors.New("rp: LoginPath and AfterLogin must be paths of this site")
	}
	if strings.Trim(o.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		return nil, errors.New("rp: Name must be letters, digits and underscores")
	}
	j, err := newJar(o.Name, strings.HasPrefix(c.cfg.RedirectURI, "https:"), o.Key)
	if err != nil {
		return nil, err
	}
	s := &Site{client: c, o: o, jar: j, seed: maphash.MakeSeed()}
	for i := range s.renewal {
		s.renewal[i] = make(chan struct{}, 1)
	}
	return s, nil
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// Client returns the site's client.
func (s *Site) Client() *Client { return s.client }

// Login sends the browser to the provider. The query parameter return_to is
// where the person wanted to go: a path of this site; anything else is
// answered 400 (see LocalPath).
func (s *Site) Login() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
			return
		}
		s.Begin(w, r, NewAuthRequest(), r.FormValue("return_to"))
	})
}

// Begin is Login with a say in the request: a prompt, a max_age, a hint.
func (s *Site) Begin(w http.ResponseWriter, r *http.Request, a AuthRequest, returnTo string, params ...Param) {
	noStore(w)
	if returnTo = or(returnTo, s.o.AfterLogin); !LocalPath(returnTo) {
		http.Error(w, "return_to is not a path of this site", http.StatusBadRequest)
		return
	}
	s.jar.putPending(w, r, pending{a, returnTo, s.client.p.now().Unix()}, s.o.LoginLife)
	http.Redirect(w, r, s.client.AuthorizeURL(a, params...), http.StatusSeeOther)
}

// Callback is the handler of the redirect address. Each browser gets a new
// session id when somebody signs in, and the session it had ends.
func (s *Site) Callback() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allow(w, r, http.MethodGet) {
			return
		}
		noStore(w)
		w.Header().Set("Referrer-Policy", "no-referrer") // the address holds a code (RFC 9700 §4.2.4)
		answer, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			s.o.Failed(w, r, fmt.Errorf("%w: %w", ErrAnswer, err))
			return
		}
		p, ok := s.jar.takePending(w, r, answer.Get("state"), s.client.p.now().Add(-s.o.LoginLife).Unix())
		if !ok {
			s.unknown(w, r)
			return
		}
		if err := s.signIn(w, r, answer, p); err != nil {
			s.o.Failed(w, r, err)
			return
		}
		http.Redirect(w, r, p.ReturnTo, http.StatusSeeOther)
	})
}

// unknown answers what belongs to no sign-in under way. Somebody who is signed
// in has reloaded the page or gone back.
func (s *Site) unknown(w http.ResponseWriter, r *http.Request) {
	if _, err := s.Session(r); err == nil {
		http.Redirect(w, r, s.o.AfterLogin, http.StatusSeeOther)
		return
	}
	s.o.Failed(w, r, ErrState)
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request, answer url.Values, p pending) error {
	ctx, begun := r.Context(), s.client.p.now()
	t, err := s.client.Exchange(ctx, answer, p.AuthRequest)
	if err != nil {
		return err
	}
	cookie, now := random(), s.client.p.now()
	n := &Session{ID: hashID(cookie), Tokens: *t, Began: now, Expires: now.Add(s.o.SessionLife), Values: map[string]string{}}
	if s.o.SignedIn != nil {
		if err := s.o.SignedIn(r, n); err != nil {
			return err
		}
	}
	if err := s.forget(ctx, r); err != nil {
		return err
	}
	if took := s.client.p.now().Sub(begun); took > maxSignIn {
		return fmt.Errorf("%w, perhaps: its last step took %s, and a logout is remembered for %s", ErrEnded, took, EndingLife)
	}
	if err := s.o.Store.Create(ctx, n); err != nil {
		return fmt.Errorf("begin session: %w", err)
	}
	s.jar.set(w, sessionSuffix, cookie, s.o.SessionLife)
	return nil
}

// forget ends the browser's own session, when it has one.
func (s *Site) forget(ctx context.Context, r *http.Request) error {
	cookie := s.jar.get(r, sessionSuffix)
	if cookie == "" {
		return nil
	}
	if err := s.o.Store.Delete(ctx, hashID(cookie)); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

func plainFailure(w http.ResponseWriter, _ *http.Request, err error) {
	var refused *Error
	switch {
	case errors.As(err, &refused) && refused.Status == 0:
		http.Error(w, "You were not signed in: "+refused.Code, http.StatusForbidden)
	case errors.Is(err, ErrState):
		http.Error(w, "This sign-in was begun in another browser, or too long ago. Please begin again.", http.StatusBadRequest)
	case errors.Is(err, ErrEnded):
		http.Error(w, "You were signed out meanwhile. Please begin again.", http.StatusForbidden)
	case errors.Is(err, ErrToken), errors.Is(err, ErrAnswer):
		http.Error(w, "The sign-in could not be verified. Please begin again.", http.StatusBadRequest)
	default:
		http.Error(w, "Signing in does not work at the moment. Please try again.", http.StatusBadGateway)
	}
}

func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	return false
}

func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
