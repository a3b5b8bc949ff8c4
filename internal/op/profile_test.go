package op_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// profiled is a tenant whose clients differ in their profile_menu.
func profiled(t *testing.T) string {
	t.Helper()
	return replace(t, oneTenant, "resources:\n", `
  - <<: *web
    client_id: nothing
    profile_menu: [personal_details]
  - <<: *web
    client_id: listed
    profile_menu: [devices, change_password]
resources:
`)
}

// personal is the address of the person's own pages with an application's request.
func personal(w *rptest.World, client string, with url.Values) string {
	return strings.Replace(w.Authorize(client, with), "/authorize?", "/personal-details?", 1)
}

// TestProfileVisits: who is sent here with an authorization request signs in if
// need be, sees their pages, and goes back with a code, state and iss.
func TestProfileVisits(t *testing.T) {
	t.Parallel()
	rptest.Both(t, profiled(t), func(t *testing.T, w *rptest.World) {
		j := &journey{t, w, w.Browser()}
		p := j.b.Follow(j.b.Get(personal(w, "web", q("state", "s / ü"))))
		j.want(p, "sign in")
		if !strings.Contains(p.Body.String(), "Example web") {
			t.Error("the sign-in page does not name the application")
		}
		menu := j.signIn(p, ada)
		if !menu.Has("profile-devices") || !menu.Has("profile-sign_out") || !menu.Has("profile-sign_out_everywhere") || menu.Text("profile-back") != "Back to Example web" {
			t.Fatalf("after signing in: %d %s\n%s", menu.Status(), menu.URL, menu.Body)
		}
		list := j.b.Get(menu.Attr("profile-devices", "href"))
		menu = j.b.Get(list.Attr("profile", "href")) // the request goes along
		back := j.b.Submit(menu, q("action", "back"))
		if a := back.Answer(); a.Get("state") != "s / ü" || a.Get("iss") != w.Base || !strings.HasPrefix(back.Location(), rptest.Callback+"?") {
			t.Errorf("back at the application with %q", back.Location())
		}
		if a := w.Redeem("web", back.Code(t)); a.Status != http.StatusOK {
			t.Errorf("the code answered %d %s", a.Status, a.Raw)
		}
		if list := j.b.Get(devicesPage); !strings.Contains(list.Text("this-device"), "Used with Example web") {
			t.Errorf("the application took part, and the list says %q", list.Text("this-device"))
		}
		// Signed in already: no screen in between. The other path is the same page.
		for _, path := range []string{"/personal-details?", "/personal-details/?", "/auth-ui/profile?"} {
			if p := j.b.Get(strings.Replace(personal(w, "web", nil), "/personal-details?", path, 1)); !p.Has("profile-back") {
				t.Errorf("%s answered %d", path, p.Status())
			}
		}
	})
}

// TestProfileAsksWhatARequestNeeds: the sign-in that the request demands comes
// before the pages, what a code needs after them.
func TestProfileAsksWhatARequestNeeds(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, profiled(t), rptest.Options{})
	w.Wait(time.Hour)
	j := &journey{t, w, w.Browser()}
	j.enter(ada, 20*time.Minute)

	p := j.b.Follow(j.b.Get(personal(w, "web", q("prompt", "login"))))
	j.want(p, "sign in")
	menu := j.signIn(p, ada)
	if !menu.Has("profile-back") {
		t.Fatalf("after signing in again: %d %s", menu.Status(), menu.URL)
	}
	w.Wait(16 * time.Minute) // longer than a fresh sign-in counts
	j.want(j.b.Follow(j.b.Submit(menu, q("action", "back"))), "sign in")
	if out := j.b.Submit(menu, q("action", "sign_out")); !out.Has("signed-out") || j.b.Alive() {
		t.Errorf("signing out asks to sign in first: %d %q", out.Status(), out.Location())
	}
	j.enter(ada, 20*time.Minute)

	menu = j.b.Get(personal(w, "third", nil)) // consent is for the code, not for one's own pages
	if !menu.Has("profile-devices") {
		t.Fatalf("a third party's visit: %d %s", menu.Status(), menu.URL)
	}
	consent := j.submit(menu, "action", "back")
	j.want(consent, "consent")
	j.want(j.submit(consent, "action", "allow"), "issue")

	p = j.b.Follow(j.b.Get(personal(w, "web", q("prompt", "select_account"))))
	j.want(p, "choose")
	if menu = j.submit(p, "choice", "continue"); !menu.Has("profile-back") {
		t.Errorf("after the choice: %d %s", menu.Status(), menu.URL)
	}
	j.want(j.submit(menu, "action", "back"), "issue")

	nobody := &journey{t, w, w.Browser()}
	nobody.want(nobody.b.Get(personal(w, "web", q("prompt", "none"))), "login_required")
	nobody.want(nobody.b.Get(personal(w, "web", q("scope", "openid", "response_type", "token"))), "unsupported_response_type")
	register := nobody.b.Follow(nobody.b.Get(personal(w, "web", q("prompt", "create"))))
	nobody.want(register, "register")
	menu = nobody.submit(register, "email", "new.profile@example.com", "password", rptest.Password)
	if !menu.Has("profile-back") {
		t.Errorf("after registering: %d %s", menu.Status(), menu.URL)
	}
	denied := nobody.b.Submit((&journey{t, w, w.Browser()}).b.Follow(w.Browser().Get(personal(w, "web", nil))), q("action", "cancel"))
	nobody.want(denied, "access_denied")
}

// TestProfileWithoutARequest: a bare visit, and an application that only sends
// the person here.
func TestProfileWithoutARequest(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, profiled(t), rptest.Options{})
	for _, c := range []struct{ name, path, back string }{
		{"a bare visit", "/personal-details", ""},
		{"a client alone", "/auth-ui/profile?client_id=web", ""},
		{"a client and an address", "/auth-ui/profile?client_id=web&redirect_uri=" + url.QueryEscape(rptest.Callback), rptest.Callback},
		{"a client, an address and state", "/personal-details?client_id=web&state=a%26b&redirect_uri=" + url.QueryEscape(rptest.Callback), rptest.Callback + "?state=a%26b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			j := &journey{t, w, w.Browser()}
			p := j.b.Follow(j.b.Get(c.path))
			j.want(p, "sign in")
			menu := j.signIn(p, ada)
			if !menu.Has("profile-devices") || menu.Attr("profile-back", "href") != c.back {
				t.Fatalf("after signing in: %d %s, back leads to %q", menu.Status(), menu.URL, menu.Attr("profile-back", "href"))
			}
			if p := j.b.Follow(j.b.Submit(menu, q("action", "back"))); !p.Has("profile-devices") {
				t.Errorf("there is no request to answer, and the answer is %d %q", p.Status(), p.Location())
			}
			out := j.b.Submit(menu, q("action", "sign_out"))
			if !out.Has("signed-out") || j.b.Alive() {
				t.Errorf("signing out answered %d", out.Status())
			}
			if p := j.b.Follow(j.b.Get(c.path)); !p.Has("login-identifier") {
				t.Errorf("afterwards it is %d %s", p.Status(), p.URL)
			}
		})
	}
	d := &journey{t, w, w.Browser()}
	if list := d.signIn(d.b.Follow(d.b.Get(devicesPage)), ada); !list.Has("this-device") || d.b.Get(list.Attr("profile", "href")).Text("profile-devices") == "" {
		t.Errorf("whoever wanted the list comes back to %s", list.URL)
	}
	j := &journey{t, w, w.Browser()}
	if home := j.signIn(j.b.Get("/login"), ada); home.Attr("profile", "href") != "/personal-details" {
		t.Errorf("the home page leads to %q", home.Attr("profile", "href"))
	}
	if p := j.signIn(j.b.Follow((&journey{t, w, j.b}).b.Get("/login?other=1")), ada); !p.Has("profile") {
		t.Errorf("a bare sign-in ends at %s", p.URL)
	}
}

// TestProfileMenu: the client's profile_menu chooses, for its visits alone, and
// an item that it leaves out does not act either.
func TestProfileMenu(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, profiled(t), rptest.Options{})
	w.Wait(time.Hour)
	b := w.Browser()
	b.Enter("default", ada, time.Minute)
	for client, want := range map[string]string{"web": "devices sign_out sign_out_everywhere", "listed": "devices", "nothing": ""} {
		p := b.Get("/personal-details?client_id=" + client)
		for _, item := range strings.Fields("devices sign_out sign_out_everywhere") {
			if p.Has("profile-"+item) != strings.Contains(" "+want+" ", " "+item+" ") {
				t.Errorf("%s: %s is there: %v", client, item, p.Has("profile-"+item))
			}
		}
		if client != "web" {
			b.Submit(p, q("action", "sign_out"))
			b.Submit(p, q("action", "sign_out_everywhere"))
		}
		if p := b.Follow(b.Get(devicesPage + "?client_id=" + client)); p.Has("this-device") == (client == "nothing") {
			t.Errorf("%s: its list of devices: %v", client, p.Has("this-device"))
		}
	}
	if !b.Alive() {
		t.Error("an item that was left out signed out")
	}
}

// TestLO4_ProfileReturnsOnlyToRegisteredAddresses: whoever is signed in or not,
// with or without an authorization request.
func TestLO4_ProfileReturnsOnlyToRegisteredAddresses(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, profiled(t), rptest.Options{})
	w.Wait(time.Hour)
	somebody, nobody := w.Browser(), w.Browser()
	somebody.Enter("default", ada, time.Minute)
	for _, path := range []string{"/personal-details", "/auth-ui/profile", devicesPage} {
		for _, uri := range append(elsewhere, rptest.Callback+"/", rptest.Callback+"?x=1", "http://app.example.com/callback") {
			for _, kind := range []string{"code", ""} {
				v := q("client_id", "web", "redirect_uri", uri, "response_type", kind, "scope", "openid")
				for who, b := range map[string]*rptest.Browser{"somebody": somebody, "nobody": nobody} {
					p := b.Get(path + "?" + v.Encode())
					if p.Status() != http.StatusForbidden && p.Status() != http.StatusBadRequest || p.LeadsTo("evil") {
						t.Errorf("%s, %s %q: %d %q", who, path, uri, p.Status(), p.Location())
					}
				}
			}
		}
		for _, c := range []struct {
			query  string
			status int
		}{
			{"client_id=unknown", http.StatusForbidden}, {"client_id=off", http.StatusForbidden}, {"client_id=web&client_id=other", http.StatusBadRequest},
			{"client_id=web&redirect_uri=a&redirect_uri=b", http.StatusBadRequest}, {"r=junk", http.StatusBadRequest},
			{"client_id=web&response_type=code", http.StatusBadRequest},
		} {
			if p := somebody.Get(path + "?" + c.query); p.Status() != c.status {
				t.Errorf("%s?%s answered %d, not %d", path, c.query, p.Status(), c.status)
			}
		}
	}
	// A client that goes away while the page is open is not returned to.
	menu := somebody.Get(personal(w, "web", nil))
	w.Apply(replace(t, profiled(t), "redirect_uris: ["+rptest.Callback+"]", `redirect_uris: ["https://app.example.com/moved"]`))
	w.Wait(2 * time.Second)
	if p := somebody.Submit(menu, q("action", "back")); p.Status() != http.StatusForbidden || p.Location() != "" {
		t.Errorf("to an address that was removed: %d %q", p.Status(), p.Location())
	}
}

// TestASignOutOutlivesItsApplication: whoever disables or moves an application
// keeps nobody from signing out on the pages that it had sent them to.
func TestASignOutOutlivesItsApplication(t *testing.T) {
	t.Parallel()
	moved := replace(t, profiled(t), "redirect_uris: ["+rptest.Callback+"]", `redirect_uris: ["https://app.example.com/moved"]`)
	disabled := replace(t, profiled(t), "client_name: Example web\n", "client_name: Example web\n    enabled: false\n")
	for _, c := range []struct {
		name, file, query string
	}{
		{"a disabled client's request", disabled, "client_id=web&response_type=code&scope=openid&redirect_uri=" + url.QueryEscape(rptest.Callback)},
		{"a disabled client alone", disabled, "client_id=web"},
		{"an address that was removed", moved, "client_id=web&redirect_uri=" + url.QueryEscape(rptest.Callback)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := rptest.New(t, profiled(t), rptest.Options{})
			w.Wait(time.Hour)
			b, phone, tablet := w.Browser(), w.Browser(), w.Browser()
			b.Enter("default", ada, time.Minute)
			sid := phone.Enter("default", ada, time.Minute).SID
			tablet.Enter("default", ada, time.Minute)
			menu, list := b.Get("/personal-details?"+c.query), b.Get(devicesPage+"?"+c.query)
			w.Apply(c.file)
			w.Wait(2 * time.Second)
			if p := b.Get(menu.Attr("profile-devices", "href")); p.Status() != http.StatusForbidden {
				t.Fatalf("the application is still there: %d", p.Status())
			}
			if p := b.Submit(menu, q("action", "back")); p.Status() != http.StatusForbidden || p.Location() != "" {
				t.Errorf("the way back answered %d %q", p.Status(), p.Location())
			}
			if p := b.Submit(list, q("sid", sid)); !strings.HasPrefix(p.Location(), devicesPage+"?done=") || !b.Follow(p).Has("devices-done") {
				t.Errorf("one device: %d %q", p.Status(), p.Location())
			}
			if p := b.Follow(b.Submit(list, q("scope", "others"))); !p.Has("devices-done") {
				t.Errorf("all others: %d", p.Status())
			}
			stranger := w.Browser() // what another browser was shown is still nothing here (SC7)
			stranger.Enter("default", "stranger.menu@example.com", time.Minute)
			if p := stranger.Submit(menu, q("action", "sign_out")); p.Location() != "/personal-details" || !stranger.Get(devicesPage).Has("this-device") {
				t.Errorf("somebody else's page answered %d %q", p.Status(), p.Location())
			}
			if out := b.Submit(menu, q("action", "sign_out")); !out.Has("signed-out") || b.Cookie("__Host-foyer-default") != "" {
				t.Errorf("signing out answered %d:\n%s", out.Status(), out.Body)
			}
			b.Enter("default", ada, time.Minute)
			for _, left := range []*rptest.Browser{b, phone, tablet} {
				if p := left.Follow(left.Get(devicesPage)); p.Has("this-device") != (left == b) {
					t.Errorf("afterwards a device sees %s", p.URL)
				}
			}
		})
	}
}
