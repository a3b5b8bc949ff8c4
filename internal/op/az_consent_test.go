package op_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestAZ16_ConsentIsForWhatWasShown: an answer counts for the account, client,
// scopes and session that the screen named, and only from our own pages.
func TestAZ16_ConsentIsForWhatWasShown(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		third := false
		register(w, client.Spec{ClientID: "fourth", FirstParty: &third, RedirectURIs: []string{rptest.Callback}})
		w.Wait(time.Hour)
		j := &journey{t, w, w.Browser()}
		j.enter("ada.az16@example.com", time.Minute)
		shown := j.open("third", nil)
		j.want(shown, "consent")
		_, fields := shown.Form()
		with := func(r, asked string) url.Values { return q("r", r, "asked", asked, "action", "allow") }
		for what, r := range map[string]string{
			"another client": j.sealed("fourth", nil),
			"more scopes":    j.sealed("third", q("scope", "openid profile email phone")),
			"fewer scopes":   j.sealed("third", q("scope", "openid")),
			"prompt=consent": j.sealed("web", q("prompt", "consent")),
		} {
			p := j.b.Follow(j.b.Post("/consent", with(r, fields.Get("asked"))))
			if got := stands(p); got != "consent" {
				t.Errorf("an answer about third, sent for %s, stands at %s", what, got)
			}
		}
		for what, asked := range map[string]string{"nothing": "", "garbage": "x", "the request itself": fields.Get("r")} {
			j.want(j.b.Follow(j.b.Post("/consent", with(fields.Get("r"), asked))), "consent")
			_ = what
		}
		j.want(j.b.Follow(j.b.Post("/consent", q("r", fields.Get("r"), "asked", fields.Get("asked"), "action", "whatever"))), "consent")

		// Another session of the same person, another person, no session.
		for who, stands := range map[string]string{"ada.az16@example.com": "consent", "bob.az16@example.com": "consent"} {
			other := &journey{t, w, w.Browser()}
			other.enter(who, time.Minute)
			other.want(other.b.Follow(other.b.Post("/consent", with(fields.Get("r"), fields.Get("asked")))), stands)
		}
		nobody := &journey{t, w, w.Browser()}
		nobody.want(nobody.b.Follow(nobody.b.Post("/consent", with(fields.Get("r"), fields.Get("asked")))), "sign in")

		// Only from our own pages.
		for _, h := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}, {"Origin": {"https://evil.example"}}, {"Sec-Fetch-Site": {"same-site"}},
			{"Origin": {"null"}}, {"Sec-Fetch-Site": {"cross-site"}, "Origin": {w.Base}}, {},
		} {
			if p := j.b.PostWith("/consent", with(fields.Get("r"), fields.Get("asked")), h); p.Status() != http.StatusForbidden {
				t.Errorf("with %v: %d", h, p.Status())
			}
		}
		if n := len(w.Audit("default", string(audit.ConsentGiven))); n != 0 {
			t.Fatalf("%d consents were recorded", n)
		}
		// The answer itself, and once more with the back button.
		j.want(j.b.Follow(j.b.Post("/consent", with(fields.Get("r"), fields.Get("asked")))), "issue")
		j.want(j.b.Follow(j.b.Post("/consent", with(fields.Get("r"), fields.Get("asked")))), "issue")
		if n := len(w.Audit("default", string(audit.ConsentGiven))); n != 1 {
			t.Errorf("%d consents were recorded", n)
		}
		j.want(j.open("third", nil), "issue")
		j.want(j.open("third", q("scope", "openid profile email phone")), "consent")
	})
}

// TestAZ17_ProgressStaysInItsBrowser: an attacker's half-finished request opened
// in the victim's browser brings nothing of the attacker's along, and what the
// victim does there gives the attacker nothing.
func TestAZ17_ProgressStaysInItsBrowser(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		attacker, victim := &journey{t, w, w.Browser()}, &journey{t, w, w.Browser()}

		// The attacker registers and stops before the code; here: at consent.
		sealed := attacker.sealed("third", q("prompt", "create"))
		attacker.want(attacker.submit(attacker.resume(sealed), "email", "mallory@example.com", "password", rptest.Password), "consent")
		victim.want(victim.resume(sealed), "register")
		for _, path := range []string{"/login?r=", "/consent?r=", "/choose?r=", "/register?r="} {
			p := victim.b.Follow(victim.b.Get(path + sealed))
			if s := stands(p); s != "register" && s != "sign in" {
				t.Errorf("%s in a stranger's browser stands at %s", path, s)
			}
		}
		// With a session of the victim's own it is the victim's, from the start.
		victim.enter("victim@example.com", time.Minute)
		victim.want(victim.resume(sealed), "register")

		// The attacker has chosen; the victim has not.
		attacker.enter("mallory2@example.com", time.Minute)
		sealed = attacker.sealed("third", q("prompt", "select_account"))
		attacker.want(attacker.submit(attacker.resume(sealed), "choice", "continue"), "consent")
		victim.want(victim.resume(sealed), "choose")

		// What the victim chooses and signs in to moves the attacker nowhere.
		fresh := attacker.sealed("third", q("prompt", "login select_account"))
		victim.want(victim.submit(victim.resume(fresh), "choice", "continue"), "sign in")
		victim.want(victim.signIn(victim.resume(fresh), ada), "consent")
		attacker.want(attacker.resume(fresh), "choose")
		stranger := &journey{t, w, w.Browser()}
		stranger.want(stranger.resume(fresh), "sign in")

		// A browser cookie alone, without the session, is a device and not a person.
		copied := &journey{t, w, w.Browser()}
		copied.b.SetCookie("__Host-foyer-default.browser", victim.b.Cookie("__Host-foyer-default.browser"))
		copied.want(copied.resume(fresh), "sign in")
	})
}

// TestAZ17_ProgressExpires: 15 minutes after the last proof, and at most 64
// interactions for each browser.
func TestAZ17_ProgressExpires(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		j := &journey{t, w, w.Browser()}
		j.enter("late@example.com", time.Minute)
		sealed := j.sealed("third", q("prompt", "select_account"))
		j.want(j.submit(j.resume(sealed), "choice", "continue"), "consent")
		w.Wait(15*time.Minute - time.Second)
		j.want(j.resume(sealed), "consent")
		w.Wait(time.Second)
		j.want(j.resume(sealed), "choose")

		first := j.sealed("third", q("prompt", "select_account"))
		j.submit(j.resume(first), "choice", "continue")
		for range 64 {
			w.Wait(time.Second)
			j.submit(j.resume(j.sealed("third", q("prompt", "select_account"))), "choice", "continue")
		}
		j.want(j.resume(first), "choose")
	})
}
