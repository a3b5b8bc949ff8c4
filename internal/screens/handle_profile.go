package screens

import (
	"errors"
	"net/http"
	"slices"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/web"
)

// The person's own pages.
const (
	profilePath = "/personal-details"
	devicesPath = "/personal-details/devices"
)

// profileItem is an entry of the menu: a page, or a button that acts.
type profileItem struct {
	name   string // in profile_menu (client/checkown.go)
	path   string // "" for a button
	words  i18n.Key
	detail i18n.Key // "n" is the number of devices
}

// profileItems is the menu, in its order. An item is here when its page exists.
var profileItems = []profileItem{
	{"devices", devicesPath, i18n.DevicesTitle, i18n.ProfileDevices},
	{"sign_out", "", i18n.LogoutDevice, ""},
	{"sign_out_everywhere", "", i18n.LogoutEverywhere, ""},
}

// ProfileMenu returns the names of the items that exist.
func ProfileMenu() (names []string) {
	for _, item := range profileItems {
		names = append(names, item.name)
	}
	return names
}

// offers tells whether the visit's menu has an item: every item that exists,
// unless the application chose.
func (a *arrival) offers(item string) bool {
	c := a.client()
	return c == nil || len(c.ProfileMenu) == 0 || slices.Contains(c.ProfileMenu, item)
}

// visit reads a request to the person's own pages: a bare one, one of an
// application that sends them here, or an authorization request that leads here
// first.
func (s *Screens) visit(r *http.Request) (oidc.Form, *arrival, error) {
	f, err := web.Form(r)
	if err != nil {
		return f, nil, err
	}
	a, err := s.arrive(r, f, true)
	if err != nil && signsOut(r, f) && errors.As(err, new(*authz.Unidentified)) {
		a, err = s.arrive(r, oidc.Form{}, true) // as if they had come by themselves
	}
	switch {
	case err != nil:
		return f, nil, err
	case a.sealed == "" && a.outcome == nil: // a bare one
		page := ""
		if web.From(r.Context()).Route == devicesPath {
			page = "devices" // which signing in comes back to
		}
		a.in.Interaction = authz.NewInteraction(oidc.FormOf(map[string]string{"page": page}), a.in.Now)
		a.in.Interaction.Profile = true
	case !a.in.Interaction.Profile: // a request of another screen's
		return f, nil, &web.Refused{Status: http.StatusBadRequest, Code: "unreadable_request"}
	}
	return f, a, nil
}

// signsOut tells whether a form does what a person must always be able to do,
// also from a page whose application was disabled or removed while it was open.
// Only the way back needs the application, and says what is wrong with it.
func signsOut(r *http.Request, f oidc.Form) bool {
	return r.Method == http.MethodPost && f.Get("action") != "back"
}

// visited finds the application of a visit without an authorization request. It
// may name an address to go back to, registered as any other (LO4).
func (s *Screens) visited(r *http.Request, a *arrival, form oidc.Form) error {
	if !form.Has("client_id") {
		a.devices = form.Get("page") == "devices"
		return nil
	}
	q := web.From(r.Context())
	c, err := s.Flow.Visitor(r.Context(), q.Tenant, form)
	if err != nil {
		return err
	}
	a.visitor, q.ClientID = c, c.ClientID
	if a.back = form.Get("redirect_uri"); a.back != "" && form.Has("state") {
		a.back = oidc.AppendQuery(a.back, []oidc.Param{{Name: "state", Value: form.Get("state")}})
	}
	return nil
}

// settled tells whether the person's own pages may be shown: somebody is signed
// in, well enough for the request, and nothing comes before. What is asked
// before a code alone, consent, waits until they go back to the application.
func (a *arrival) settled() bool {
	switch {
	case a.in.Session == nil:
		return false
	case a.outcome == nil:
		return true
	case a.outcome.Response != nil:
		return false
	}
	return a.outcome.Step == authz.Issue || a.outcome.Step == authz.Consent || a.outcome.Step == authz.Continue
}

// own reads a request to the person's own pages and finds whose they are. Without
// anybody the answer has been written: the sign-in screen, from which this page
// is come back to, or what the request needs instead.
func (s *Screens) own(w http.ResponseWriter, r *http.Request) (oidc.Form, *arrival, *account.Account, error) {
	f, a, err := s.visit(r)
	if err != nil {
		return f, nil, nil, err
	}
	// What a form does here, signing out, needs a session and no fresher proof:
	// nobody signs in to sign out.
	if ready := a.settled() || r.Method == http.MethodPost && a.in.Session != nil; !ready {
		return f, a, nil, s.enter(w, r, a)
	}
	acc, err := s.People.FindAccount(r.Context(), a.in.Tenant.ID, a.in.Session.Sub)
	if errors.Is(err, account.ErrNotFound) || err == nil && !acc.Enabled() {
		return f, a, nil, s.enter(w, r, a)
	}
	return f, a, acc, err
}

func (s *Screens) enter(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if a.outcome != nil {
		return s.Continue(w, r, a.outcome)
	}
	sealed, err := a.in.Interaction.Seal(s.Sealer, a.in.Tenant.ID)
	if err != nil {
		return err
	}
	a.sealed = sealed
	s.common(w, r, a.page("")) // remembers ui_locales
	to := a.at("/login")
	if a.in.Session != nil {
		to += "&other=1" // whose account is gone: ask, or the two pages lead to each other
	}
	return web.Redirect(w, to)
}

// ShowProfile is GET /personal-details.
func (s *Screens) ShowProfile(w http.ResponseWriter, r *http.Request) error {
	_, a, acc, err := s.own(w, r)
	if acc == nil {
		return err
	}
	n, err := s.Counts.CountSessions(r.Context(), a.in.Tenant.ID, acc.Sub, a.in.Now)
	if err != nil {
		return err
	}
	p := ProfilePage{
		Common: s.common(w, r, a.page(a.in.Tenant.BasePath+profilePath)), Who: person(acc), App: a.app(),
		Request: a.sealed, Asked: s.shown(a), Returns: a.outcome != nil, BackURL: a.back, Devices: n,
	}
	for _, item := range profileItems {
		if !a.offers(item.name) {
			continue
		}
		e := ProfileItem{ID: item.name, Words: item.words, Detail: item.detail}
		if item.path == "" {
			p.Buttons = append(p.Buttons, e)
		} else {
			e.Href = a.at(item.path)
			p.Links = append(p.Links, e)
		}
	}
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

// Profile is POST /personal-details.
func (s *Screens) Profile(w http.ResponseWriter, r *http.Request) error {
	f, a, acc, err := s.own(w, r)
	if acc == nil {
		return err
	}
	action := f.Get("action")
	switch {
	case action == "back" && a.outcome != nil:
		a.in.Interaction.Profile = false // from here on a request like any other
		return s.finish(w, r, a)
	case !s.chose(a, f.Get("asked")) || !a.offers(action):
	case action == "sign_out":
		return s.leave(w, r, a, false)
	case action == "sign_out_everywhere":
		return s.leave(w, r, a, true)
	}
	return web.Redirect(w, a.at(profilePath)) // of somebody else by now, or nothing that is offered
}

// leave ends this browser's session, or every session of the account, by the
// person's own wish.
func (s *Screens) leave(w http.ResponseWriter, r *http.Request, a *arrival, everywhere bool) error {
	sess := a.in.Session
	e := logout.Ending{Sessions: []int64{sess.ID}, Owner: sess.Sub, Reason: session.ByProfile}
	if everywhere {
		e = logout.Ending{Sub: sess.Sub, Reason: session.ByProfile}
	}
	ended, err := s.Logout.End(web.As(r.Context(), "account:"+sess.Sub), a.in.Tenant.ID, e, a.in.Now)
	if err != nil {
		return err
	}
	return s.LoggedOut(w, r, logout.Pending{}, logout.Decision{Client: a.client(), Everywhere: everywhere}, sess, ended)
}
