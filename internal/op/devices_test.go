package op_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// devices are the sids that a list of devices offers to sign out.
func devices(p *rptest.Page) (sids []string) {
	p.Elements(func(n *html.Node) {
		if n.Data == "button" && n.Attr[len(n.Attr)-1].Key == "aria-describedby" {
			sids = append(sids, strings.TrimPrefix(n.Attr[len(n.Attr)-1].Val, "about-"))
		}
	})
	return sids
}

const devicesPage = "/personal-details/devices"

// TestSC6_PeopleSeeAndEndTheirSessions: one, all others, everywhere; what ended
// is gone from the list, and its browser is asked to sign in.
func TestSC6_PeopleSeeAndEndTheirSessions(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		const email = "ada.sc6@example.com"
		here, phone, tablet := w.Browser(), w.Browser(), w.Browser()
		mine := here.Enter("default", email, time.Minute)
		other := phone.Enter("default", email, 2*time.Hour)
		tablet.Enter("default", email, 30*time.Minute)
		phoneTokens := phone.Tokens("opaque", nil)
		stranger := w.Browser()
		stranger.Enter("default", "stranger.sc6@example.com", time.Minute)

		list := here.Get(devicesPage)
		if got := devices(list); len(got) != 2 || !list.Has("this-device") || got[1] != other.SID {
			t.Fatalf("the list has %v, %s:\n%s", got, mine.SID, list.Body)
		}
		if s := list.Text("about-" + other.SID); !strings.Contains(s, "Used with Example web") {
			t.Errorf("the phone's entry says %q", s)
		}
		after := here.Submit(list, q("sid", other.SID))
		if after.Status() != http.StatusSeeOther {
			t.Fatalf("signing a device out answered %d", after.Status())
		}
		list = here.Follow(after)
		if got := devices(list); len(got) != 1 || !list.Has("devices-done") {
			t.Errorf("afterwards the list has %v, a confirmation: %v", got, list.Has("devices-done"))
		}
		if phone.Alive() || !tablet.Alive() || !here.Alive() {
			t.Error("another device than the one named was signed out, or none")
		}
		dead(t, w, "opaque", phoneTokens)
		if p := phone.Follow(phone.Get(devicesPage)); !p.Has("login-identifier") {
			t.Errorf("the device that was signed out sees %s", p.URL)
		}
		if !recorded(t, w, func(r sqlstore.AuditRecord) bool {
			return r.Kind == audit.SessionEnded && r.Actor.Name == "account:"+mine.Sub && r.SID == other.SID && r.Data["reason"] == string(session.ByProfile)
		}) {
			t.Error("the audit trail does not say who ended the session, and why")
		}

		phone.Enter("default", email, time.Minute)
		list = here.Follow(here.Submit(here.Get(devicesPage), q("scope", "others")))
		if got := devices(list); len(got) != 0 || !strings.Contains(list.Text("devices-done"), "2") {
			t.Errorf("after all others the list has %v and says %q", got, list.Text("devices-done"))
		}
		if phone.Alive() || tablet.Alive() || !here.Alive() {
			t.Error("all others: not exactly they were signed out")
		}

		phone.Enter("default", email, time.Minute)
		stale := here.Get(devicesPage)
		cookie := here.Cookie("__Host-foyer-default")
		out := here.Submit(stale, q("scope", "everywhere"))
		if !out.Has("signed-out") || here.Cookie("__Host-foyer-default") != "" || phone.Alive() || here.Alive() {
			t.Errorf("everywhere answered %d:\n%s", out.Status(), out.Body)
		}
		here.SetCookie("__Host-foyer-default", cookie) // replayed after the answer (LO5)
		if p := here.Follow(here.Submit(stale, q("scope", "everywhere"))); !p.Has("login-identifier") {
			t.Errorf("a replay after the sign-out answered %d", p.Status())
		}
		if !stranger.Alive() {
			t.Error("somebody else was signed out")
		}
	})
}

// TestSC6_AnotherAccountsSidEndsNothing: neither by its sid, nor from another
// tenant, another site, a stale page or with a GET.
func TestSC6_AnotherAccountsSidEndsNothing(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, tenants, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		victim, mallory := w.Browser(), w.Browser()
		sid := victim.Enter("default", "victim.sc6@example.com", time.Minute).SID
		mallory.Enter("default", "mallory.sc6@example.com", time.Minute)
		form := func(b *rptest.Browser, path string) url.Values {
			_, v := b.Get(path).Form()
			return v
		}
		still := func(what string, p *rptest.Page) {
			t.Helper()
			if !victim.Alive() {
				t.Fatalf("%s signed the victim out (%d)", what, p.Status())
			}
			if p.Has("devices-done") {
				t.Errorf("%s is confirmed", what)
			}
		}
		own := form(mallory, devicesPage)
		own.Set("sid", sid)
		p := mallory.Follow(mallory.Post(devicesPage, own))
		still("another account's sid", p)
		unknown := form(mallory, devicesPage)
		unknown.Set("sid", strings.Repeat("A", len(sid)))
		same := mallory.Follow(mallory.Post(devicesPage, unknown))
		if p.Has("devices-done") || same.Has("devices-done") || len(devices(p)) != len(devices(same)) {
			t.Error("somebody else's sid and an unknown one have different answers")
		}

		elsewhere := w.Browser()
		elsewhere.Enter("acme", "victim.sc6@example.com", time.Minute)
		own = form(elsewhere, "/acme"+devicesPage)
		own.Set("sid", sid)
		still("a sid of another tenant", elsewhere.Follow(elsewhere.Post("/acme"+devicesPage, own)))
		still("another tenant's form", elsewhere.Post(devicesPage, own))

		// The victim's own browser, led by another site.
		own = form(victim, devicesPage)
		for what, h := range map[string]http.Header{
			"a cross-site post":          {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			"a sibling site's post":      {"Sec-Fetch-Site": {"same-site"}, "Origin": {"https://evil.id.example.com"}},
			"a sandboxed post":           {"Origin": {"null"}},
			"a post without any of both": {},
		} {
			own.Set("scope", "everywhere")
			p := victim.PostWith(devicesPage, own, h)
			still(what, p)
			own.Del("scope")
			own.Set("action", "sign_out")
			still(what, victim.PostWith("/personal-details", own, h))
			if p.Status() != http.StatusForbidden {
				t.Errorf("%s answered %d", what, p.Status())
			}
		}
		for _, path := range []string{devicesPage, "/personal-details"} {
			v := form(victim, devicesPage)
			for _, pair := range []string{"scope=everywhere", "scope=others", "sid=" + sid, "action=sign_out", "action=sign_out_everywhere"} {
				still("GET "+path+"?"+pair, victim.Get(path+"?"+v.Encode()+"&"+pair))
			}
		}
		for _, what := range []url.Values{{"scope": {"everywhere"}}, {"sid": {sid}}, {"scope": {"others"}}} {
			still("a form without what was shown", victim.Post(devicesPage, what))
		}
		for _, action := range []string{"sign_out", "sign_out_everywhere"} {
			still("a form without what was shown", victim.Post("/personal-details", q("action", action)))
		}
	})
}

// TestSC7_AStalePageActsForNobodyElse: two tabs, and somebody else signed in in
// the other one meanwhile.
func TestSC7_AStalePageActsForNobodyElse(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	w.Wait(time.Hour)
	b, bobs := w.Browser(), w.Browser()
	adas := b.Enter("default", "ada.sc7@example.com", time.Minute)
	bobs.Enter("default", "bob.sc7@example.com", time.Minute)
	list, menu := b.Get(devicesPage), b.Get("/personal-details")
	b.Enter("default", "bob.sc7@example.com", time.Second)
	for what, p := range map[string]*rptest.Page{
		"others":           b.Submit(list, q("scope", "others")),
		"everywhere":       b.Submit(list, q("scope", "everywhere")),
		"Ada's own device": b.Submit(list, q("sid", adas.SID)),
		"sign out":         b.Submit(menu, q("action", "sign_out")),
		"all devices":      b.Submit(menu, q("action", "sign_out_everywhere")),
	} {
		if !strings.HasPrefix(p.Location(), "/personal-details") {
			t.Errorf("%s from Ada's page answered %d %q", what, p.Status(), p.Location())
		}
	}
	if !b.Alive() || !bobs.Alive() {
		t.Error("Ada's page signed Bob out")
	}
}

// TestDevicesThatEndedMeanwhile: no error, in whatever order two tabs act.
func TestDevicesThatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, oneTenant, rptest.Options{})
	w.Wait(time.Hour)
	const email = "ada.gone@example.com"
	b, phone := w.Browser(), w.Browser()
	b.Enter("default", email, time.Minute)
	sid := phone.Enter("default", email, time.Minute).SID
	first, second := b.Get(devicesPage), b.Get(devicesPage)
	if p := b.Follow(b.Submit(first, q("sid", sid))); !p.Has("devices-done") {
		t.Errorf("the first tab has no confirmation")
	}
	p := b.Follow(b.Submit(second, q("sid", sid)))
	if p.Status() != http.StatusOK || p.Has("devices-done") || len(devices(p)) != 0 {
		t.Errorf("the second tab sees %d %v", p.Status(), devices(p))
	}
	if p = b.Follow(b.Submit(second, q("scope", "others"))); p.Status() != http.StatusOK || p.Has("devices-done") {
		t.Errorf("all others, of which there are none: %d", p.Status())
	}
	for _, junk := range []string{"", "x", strings.Repeat("A", 22), "' OR 1=1 --", "\x00"} {
		if p := b.Follow(b.Submit(second, q("sid", junk))); p.Status() != http.StatusOK || p.Has("devices-done") {
			t.Errorf("sid %q: %d", junk, p.Status())
		}
	}
	if !b.Alive() {
		t.Error("signed out")
	}
}

// TestManyDevicesArePaged: each device once, this one first, no page unbounded.
func TestManyDevicesArePaged(t *testing.T) {
	t.Parallel()
	rptest.BothAndNodes(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		const email = "ada.many@example.com"
		want := map[string]bool{}
		b := w.Browser()
		for i := range 45 {
			if i == 10 { // this one is neither the newest nor the oldest
				b.Enter("default", email, time.Minute)
			}
			want[w.Browser().Enter("default", email, time.Minute-time.Duration(i)*time.Second).SID] = true
		}
		seen, pages, path := map[string]bool{}, 0, devicesPage
		for path != "" {
			p := b.Get(path)
			pages++
			if this := p.Has("this-device"); this != (pages == 1) || pages > 1 && !p.Has("devices-first") {
				t.Errorf("page %d: this device %v", pages, this)
			}
			for _, sid := range devices(p) {
				if seen[sid] {
					t.Errorf("page %d repeats %s", pages, sid)
				}
				seen[sid] = true
			}
			path = p.Attr("devices-more", "href")
		}
		if pages != 3 || fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("%d pages with %d of %d devices", pages, len(seen), len(want))
		}
		if p := b.Get(devicesPage + "?after=junk"); !p.Has("this-device") {
			t.Error("a place that cannot be read is not the start")
		}
	})
}

func recorded(t *testing.T, w *rptest.World, is func(sqlstore.AuditRecord) bool) bool {
	t.Helper()
	list, err := w.Server.Store.ListAudit(t.Context(), "default", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(list, is)
}
