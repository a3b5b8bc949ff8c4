package op_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestTK11_NothingIsTakenForSomethingElse: each thing that opens one door, at
// every other door.
func TestTK11_NothingIsTakenForSomethingElse(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(time.Hour)
		things, b := minted(t, w)
		doors := map[string]struct {
			opensFor []string // the things that belong here
			opened   func(value string) bool
		}{
			"a code":          {[]string{"code"}, func(v string) bool { return w.Redeem("web", v).Status == http.StatusOK }},
			"a refresh token": {[]string{"refresh token"}, func(v string) bool { return w.Refresh("web", v).Status == http.StatusOK }},
			"userinfo": {[]string{"access token", "opaque access token"}, func(v string) bool {
				return w.Fetch("/userinfo", "Authorization", "Bearer "+v).Status == http.StatusOK
			}},
			"introspection": {[]string{"access token", "refresh token"}, func(v string) bool {
				return w.Call("/introspect", rptest.Basic("web"), q("token", v)).JSON["active"] == true
			}},
			"a session cookie": {[]string{"session cookie"}, func(v string) bool {
				c := w.Browser()
				c.SetCookie("__Host-foyer-default", v)
				return c.Alive()
			}},
			"a hint": {[]string{"ID token"}, func(v string) bool {
				// A hint that is taken needs no question.
				p := w.Browser().Get("/endsession?" + q("id_token_hint", v, "post_logout_redirect_uri", rptest.Bye).Encode())
				return p.Location() != ""
			}},
			"a sealed request": {[]string{"sealed request"}, func(v string) bool {
				return w.Browser().Get("/login?r="+url.QueryEscape(v)).Status() == http.StatusOK
			}},
			"a sealed logout": {[]string{"sealed logout"}, func(v string) bool {
				return w.Browser().Get("/signout?r="+url.QueryEscape(v)).Status() == http.StatusOK
			}},
			"a sealed consent": {[]string{"sealed consent"}, func(v string) bool {
				p := b.Follow(b.Post("/consent", q("r", things["sealed request of third"], "asked", v, "action", "allow")))
				return stands(p) == "issue"
			}},
			"a sealed choice": {[]string{"sealed choice"}, func(v string) bool {
				p := b.Follow(b.Post("/choose", q("r", things["sealed request of choosing"], "asked", v, "choice", "continue")))
				return stands(p) == "issue"
			}},
			"a client secret": {nil, func(v string) bool {
				return w.Call("/token", "web:"+v, q("grant_type", "client_credentials")).Status == http.StatusOK
			}},
			"a client assertion": {nil, func(v string) bool {
				return w.Call("/token", "", q("grant_type", "client_credentials", "client_assertion", v,
					"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")).Status == http.StatusOK
			}},
			"a request object": {nil, func(v string) bool {
				return b.Get(w.Authorize("web", q("request", v))).Answer().Has("code")
			}},
			"a pushed request": {nil, func(v string) bool {
				return b.Get(w.Authorize("web", q("request_uri", "urn:ietf:params:oauth:request_uri:"+v))).Answer().Has("code")
			}},
			"a logout hint": {nil, func(v string) bool {
				w.Browser().Get("/endsession?" + q("logout_hint", v).Encode())
				return !b.Alive()
			}},
		}
		for door, d := range doors {
			for thing, value := range things {
				belongs := slices.ContainsFunc(d.opensFor, func(own string) bool { return thing == own || strings.HasPrefix(thing, own+" of") })
				if !belongs && d.opened(value) {
					t.Errorf("%s was taken for %s", thing, door)
				}
			}
		}
		for door, d := range doors { // and each opens its own, last: some work once
			for _, own := range d.opensFor {
				if !d.opened(things[own]) {
					t.Errorf("%s does not open %s", own, door)
				}
			}
		}
	})
}

// minted is one of everything, of one person's session.
func minted(t *testing.T, w *rptest.World) (map[string]string, *rptest.Browser) {
	t.Helper()
	j := &journey{t, w, w.Browser()}
	sess := j.b.Enter("default", "ada.tk11@example.com", time.Minute)
	tokens, opaque := j.b.Tokens("web", nil), j.b.Tokens("opaque", nil)
	consent, choice := j.open("third", nil), j.open("web", q("prompt", "select_account"))
	return map[string]string{
		"code":         j.b.Get(w.Authorize("web", nil)).Code(t),
		"access token": tokens.Get("access_token"), "opaque access token": opaque.Get("access_token"),
		"refresh token": tokens.Get("refresh_token"), "ID token": tokens.Get("id_token"),
		"session cookie": j.b.Cookie("__Host-foyer-default"), "browser cookie": j.b.Cookie("__Host-foyer-default.browser"),
		"sealed request": j.sealed("web", q("prompt", "login")), "sealed logout": field(j.b.Get("/endsession"), "r"),
		"sealed request of third": field(consent, "r"), "sealed request of choosing": field(choice, "r"),
		"sealed consent": field(consent, "asked"), "sealed choice": field(choice, "asked"),
		"sid": sess.SID, "sub": sess.Sub,
	}, j.b
}
