package op_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// change edits a client where it is stored, as an administrator would.
func change(w *rptest.World, id string, edit func(*client.Client)) {
	w.T.Helper()
	c, err := w.Server.Store.FindClient(w.T.Context(), "default", id)
	if err == nil {
		edit(c)
		err = w.Server.Store.UpdateClient(w.T.Context(), "default", c, audit.Event{Kind: audit.ClientUpdated})
	}
	if err != nil {
		w.T.Fatal(err)
	}
	w.Wait(2 * time.Second) // caches are a second old at most
}

// TestFiftyTabs: each ends at its own application with its own state, in any
// order; one sign-in is enough.
func TestFiftyTabs(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	j := &journey{t, w, w.Browser()}
	var tabs []*rptest.Page
	for i := range 50 {
		tabs = append(tabs, j.open([]string{"web", "other", "spa"}[i%3], q("state", fmt.Sprint("tab-", i))))
	}
	for n := range tabs {
		i := (n*37 + 11) % len(tabs) // any order
		p := j.resume(field(tabs[i], "r"))
		if n == 0 {
			p = j.signIn(tabs[i], ada)
		}
		if a := p.Answer(); a.Get("code") == "" || a.Get("state") != fmt.Sprint("tab-", i) {
			t.Errorf("tab %d ended with %v", i, a)
		}
	}
	// A form that was left open in one of them signs in all the same.
	if a := j.signIn(tabs[7], ada).Answer(); a.Get("state") != "tab-7" || a.Get("code") == "" {
		t.Errorf("a form left open ended with %v", a)
	}
}

func field(p *rptest.Page, name string) string {
	_, fields := p.Form()
	return fields.Get(name)
}

// TestAFormNeverExpires: a day later, after a restart, twice, reloaded.
func TestAFormNeverExpires(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		j := &journey{t, w, w.Browser()}
		p := j.open("web", nil)
		w.Wait(24 * time.Hour)
		if strings.HasPrefix(w.Database, "postgres") { // another process of the same installation
			j = &journey{t, w, j.b.At(w.Node())}
		}
		first := j.signIn(p, ada)
		j.want(first, "issue")
		second := j.signIn(p, ada) // double submit
		j.want(second, "issue")
		if first.Answer().Get("code") == second.Answer().Get("code") {
			t.Error("two answers have one code")
		}
		j.want(j.b.Follow(j.b.Get("/login?r="+field(p, "r"))), "issue") // reload
		w.Wait(365 * 24 * time.Hour)
		j.want(j.b.Follow(j.b.Get("/login?r="+field(p, "r"))), "sign in") // a bookmark
		j.want(j.signIn(p, ada), "issue")
	})
}

// TestWhatIsSealedIsNotTheVerdict: a client that is disabled, loses its address
// or its grant meanwhile gives the page or the error, never a code.
func TestWhatIsSealedIsNotTheVerdict(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		off := false
		for name, c := range map[string]struct {
			edit func(*client.Client)
			want string
		}{
			"disabled":          {func(c *client.Client) { c.Enabled = &off }, "unknown_client"},
			"address removed":   {func(c *client.Client) { c.RedirectURIs = []string{"https://app.example.com/new"} }, "unregistered_redirect_uri"},
			"grant taken":       {func(c *client.Client) { c.GrantTypes = []string{"client_credentials"} }, "unauthorized_client"},
			"PKCE now required": {func(c *client.Client) { yes := true; c.RequirePKCE = &yes }, "invalid_request"},
		} {
			t.Run(name, func(t *testing.T) {
				id := strings.ReplaceAll(name, " ", "-")
				register(w, client.Spec{ClientID: id, TokenEndpointAuthMethod: client.MethodBasic, RedirectURIs: []string{rptest.Callback}})
				w.Wait(2 * time.Second)
				j := &journey{t, w, w.Browser()}
				noPKCE := q("code_challenge", "", "code_challenge_method", "")
				login := j.open(id, noPKCE)
				consenting := &journey{t, w, w.Browser()}
				consenting.enter("meanwhile@example.com", 0)
				consent := consenting.open(id, q("prompt", "consent", "code_challenge", "", "code_challenge_method", ""))
				consenting.want(consent, "consent")
				change(w, id, c.edit)
				j.want(j.signIn(login, ada), c.want)
				j.want(j.resume(field(login, "r")), c.want)
				j.want(j.b.Follow(j.b.Get("/login?r="+field(login, "r"))), c.want)
				j.want(j.submit(login, "action", "cancel"), c.want)
				consenting.want(consenting.submit(consent, "action", "allow"), c.want)
				consenting.want(consenting.submit(consent, "action", "deny"), c.want)
			})
		}
	})
}

// TestSealedRequestsAreWhole: a changed one, one of another tenant, one of
// another kind is said plainly and offers the way home.
func TestSealedRequestsAreWhole(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, tenants, rptest.Options{})
	j := &journey{t, w, w.Browser()}
	r := j.sealed("web", nil)
	j.enter("ada.sealed@example.com", 0)
	logout := field(j.b.Get("/endsession"), "r")
	asked := field(j.open("third", nil), "asked")
	bad := []string{r[:len(r)-1], r + "A", r[1:], "B" + r[1:], r[:len(r)/2], strings.ToLower(r), logout, asked, "", strings.Repeat("A", 200)}
	for i := 0; i < len(r); i += 7 {
		b := []byte(r)
		b[i] ^= 1
		bad = append(bad, string(b))
	}
	for _, sealed := range bad {
		for _, path := range []string{"/login?r=", "/register?r=", "/consent?r=", "/choose?r=", "/authorize?r="} {
			if sealed == "" && path != "/authorize?r=" {
				continue
			}
			p := j.b.Get(path + url.QueryEscape(sealed))
			if p.Status() != http.StatusBadRequest || p.Location() != "" || !p.LeadsTo("/") {
				t.Errorf("%s%s: %d %q", path, sealed, p.Status(), p.Location())
			}
		}
	}
	for _, base := range []string{"/acme", "https://login.example.org"} {
		if p := j.b.Get(base + "/authorize?r=" + r); p.Status() != http.StatusBadRequest {
			t.Errorf("%s opened a request of another tenant: %d %q", base, p.Status(), p.Location())
		}
	}
	for _, sealed := range []string{r, asked, logout + "A"} {
		for _, path := range []string{"/endsession?r=", "/signout?r="} {
			if p := j.b.Get(path + sealed); p.Status() != http.StatusBadRequest {
				t.Errorf("%s%s: %d", path, sealed, p.Status())
			}
		}
	}
	if !j.b.Alive() {
		t.Error("something ended the session")
	}
}

// TestInitiateLoginAfterADay: over a day old, the application has forgotten its
// state: the person is sent to where it begins anew (OIDC Core §4).
func TestInitiateLoginAfterADay(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	register(w, client.Spec{ClientID: "begins", RedirectURIs: []string{rptest.Callback}, InitiateLoginURI: "https://app.example.com/login?via=foyer"})
	for age, want := range map[time.Duration]string{
		23 * time.Hour: rptest.Callback + "?code=", 24 * time.Hour: rptest.Callback + "?code=",
		24*time.Hour + time.Second: "https://app.example.com/login?via=foyer&iss=https%3A%2F%2Fid.example.com", 100 * 24 * time.Hour: "https://app.example.com/login?via=foyer&iss=",
	} {
		j := &journey{t, w, w.Browser()}
		p := j.open("begins", nil)
		w.Wait(age)
		if got := j.signIn(p, ada); got.Status() != http.StatusSeeOther || !strings.HasPrefix(got.Location(), want) {
			t.Errorf("after %s: %d %q", age, got.Status(), got.Location())
		}
		if !j.b.Alive() {
			t.Errorf("after %s: not signed in", age)
		}
		w.Wait(age)
		cancelled := j.submit(p, "action", "cancel")
		j.want(cancelled, "access_denied")
	}
}

// TestCancelEverywhere: leaving a journey gives the application access_denied
// with its state, and the browser keeps what it had.
func TestCancelEverywhere(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	w.Wait(time.Hour)
	for _, c := range []struct {
		client, prompt string
		signedIn       bool
	}{{"web", "", false}, {"web", "create", false}, {"web", "login", true}, {"web", "select_account", true}, {"web", "consent", true}, {"third", "", true}} {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			j := &journey{t, w, w.Browser()}
			if c.signedIn {
				j.enter("ada.cancel@example.com", time.Minute)
			}
			p := j.submit(j.open(c.client, q("prompt", c.prompt, "response_mode", mode)), "action", "cancel")
			_, a := p.Form()
			if len(a) == 0 {
				a = p.Answer()
			}
			if a.Get("error") != "access_denied" || a.Get("state") != "s-"+c.client || a.Get("iss") != w.Base || j.b.Alive() != c.signedIn {
				t.Errorf("%v by %s: %v", c, mode, a)
			}
		}
	}
}
