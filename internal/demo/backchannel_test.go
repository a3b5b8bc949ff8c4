package demo_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/demo"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/token"
)

// logoutToken is one of Foyer's, with the keys of the tenant.
func (w *world) logoutToken(aud, sid string) string {
	w.t.Helper()
	ring, err := w.Server.Keys.Ring(w.t.Context(), "default")
	if err != nil {
		w.t.Fatal(err)
	}
	key, ok := ring.Signing(keys.RS256)
	if !ok {
		w.t.Fatal("no key")
	}
	lt := token.LogoutToken{
		Iss: w.Base, Aud: aud, JTI: secret.Random(16), SID: sid, Iat: w.Now().Unix(), Exp: w.Now().Add(token.LogoutTokenLife).Unix(),
	}
	raw, err := lt.Mint(key)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

// tell posts a logout token as Foyer does, without cookies.
func (w *world) tell(path, raw string) int {
	w.t.Helper()
	res, err := http.PostForm(w.demo+path, url.Values{"logout_token": {raw}})
	if err != nil {
		w.t.Fatal(err)
	}
	_ = res.Body.Close()
	return <-w.told
}

// TestReceiver: each application takes tokens for itself, once, and its session
// is over without anybody asking Foyer.
func TestReceiver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.browser(), w.browser()
	sid := b.signIn("ada@example.com").want("demo-signed-in").claim("sid")
	other.signIn("ada@example.com")
	b.click(b.get("/reports/"), "reports-sign-in").want("reports-signed-in")
	raw := w.logoutToken(demo.ClientID, sid)
	for _, tt := range []struct {
		name, path, raw string
		want            int
	}{
		{"a token for the other application", "/reports/backchannel-logout", raw, 400},
		{"no token", "/backchannel-logout", "", 400},
		{"a session that nobody has", "/backchannel-logout", w.logoutToken(demo.ClientID, "nobody"), 200},
		{"the token", "/backchannel-logout", raw, 200},
		{"the token again", "/backchannel-logout", raw, 400},
	} {
		if got := w.tell(tt.path, tt.raw); got != tt.want {
			t.Errorf("%s: %d", tt.name, got)
		}
	}
	if p := b.get("/backchannel-logout"); p.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", p.status)
	}
	<-w.told
	home := b.get("/").want("demo-signed-out")
	home.want("h-ended")
	for name, want := range map[string]string{"sid": sid, "aud": demo.ClientID, "iss": w.Base, "events": `{"http://schemas.openid.net/event/backchannel-logout":{}}`} {
		if got := home.claim(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	journey := b.get("/journey").want("demo-journey")
	if d := cmp.Diff([]string{"Foyer tells the demo", "Signed out here too"}, journey.hops()); d != "" {
		t.Errorf("journey: %s", d)
	}
	if !strings.Contains(journey.body, sid) || strings.Contains(journey.body, raw) {
		t.Error("the journey shows the token, or not what it says")
	}
	b.get("/reports/").want("reports-signed-in")
	other.get("/").want("demo-signed-in")
	w.Wait(time.Minute) // Foyer's session is alive, as the token was not Foyer's own
	b.click(b.get("/"), "demo-sign-in").want("demo-signed-in")
}

// TestToldOfTheOthers: signing out in one application signs the other out by
// Foyer's word, and each browser's pages say so.
func TestToldOfTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	sid := b.signIn("ada@example.com").claim("sid")
	reports := b.click(b.get("/reports/"), "reports-sign-in").want("reports-signed-in")
	b.click(reports, "reports-sign-out").want("demo-goodbye")
	w.deliver(2)
	home := b.get("/").want("demo-signed-out")
	home.want("h-ended")
	if home.claim("sid") != sid || home.claim("aud") != demo.ClientID || strings.Contains(home.body, "this sign-in is over") {
		t.Errorf("sid %q, aud %q", home.claim("sid"), home.claim("aud"))
	}
	if p := b.get("/reports/").want("reports-signed-out"); p.element("h-ended") != nil {
		t.Error("the application that asked says that it was told")
	}
	hops := b.get("/journey").hops()
	slices.Sort(hops) // the two are told at once
	want := []string{"A click", "At Foyer, in passing", "Foyer tells the demo", "Foyer tells the reports", "Home again", "Nothing left to end", "Off to Foyer", "Signed out here too"}
	if d := cmp.Diff(want, hops); d != "" {
		t.Errorf("journey: %s", d)
	}
	if p := b.signIn("ada@example.com").want("demo-signed-in"); p.element("h-ended") != nil {
		t.Error("still shown after signing in again")
	}
}

// TestToldOfOtherDevices: everywhere reaches the browsers that did nothing.
func TestToldOfOtherDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	phone, desk := w.browser(), w.browser()
	phone.signIn("ada@example.com")
	w.Wait(2 * time.Minute)
	desk.click(desk.signIn("ada@example.com"), "demo-everywhere").want("demo-goodbye")
	w.deliver(2)
	phone.get("/").want("h-ended")
	if d := cmp.Diff([]string{"Foyer tells the demo", "Signed out here too"}, phone.get("/journey").hops()); d != "" {
		t.Errorf("journey: %s", d)
	}
}
