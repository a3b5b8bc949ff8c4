package rp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foyer-id/foyer/rp"
)

// signedIn tells whether a browser is let through.
func (a *application) signedIn(b *http.Client) bool {
	a.t.Helper()
	status, _, _ := a.get(b, "/page")
	return status == http.StatusOK
}

func TestSite_BackchannelLogout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		left   [3]bool // ada in browser-1, ada in browser-2, bob in browser-3
	}{
		{"by sid and sub ends that session", func(map[string]any) {}, [3]bool{false, true, true}},
		{"by sid alone ends that session", func(m map[string]any) { delete(m, "sub") }, [3]bool{false, true, true}},
		{"by sub alone ends all of the person", func(m map[string]any) { delete(m, "sid") }, [3]bool{false, false, true}},
		{"of a session that is not here ends none", func(m map[string]any) { m["sid"] = "other" }, [3]bool{true, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			told := 0
			a := newApplication(t, p, func(o *rp.SiteOptions) {
				o.SignedOut = func(_ context.Context, t rp.LogoutToken) error { told++; return nil }
			})
			var browsers [3]*http.Client
			for i, who := range []string{"ada", "ada", "bob"} {
				browsers[i] = browser(t)
				p.change(func() {
					p.claims = func(m map[string]any) { m["sub"], m["sid"] = who, fmt.Sprint("browser-", i+1) }
				})
				a.signIn(browsers[i], "/login")
			}
			if w := tell(a.site.BackchannelLogout(), p.logoutToken(t, tt.change)); w.Code != 200 || told != 1 {
				t.Fatalf("Back-Channel §2.7: %d %s, told %d", w.Code, w.Body, told)
			}
			for i, want := range tt.left {
				if got := a.signedIn(browsers[i]); got != want {
					t.Errorf("Back-Channel §2.7: browser %d is signed in: %v", i+1, got)
				}
			}
		})
	}
}

// TestSite_LogoutMeetsLogin: a logout token that arrives between the exchange of
// the code and the storing of the session wins; a sign-in after it does not
// suffer from it.
func TestSite_LogoutMeetsLogin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
	}{
		{"by sid", func(m map[string]any) { delete(m, "sub") }},
		{"by sub", func(m map[string]any) { delete(m, "sid") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			var a *application
			meanwhile := func() {
				if w := tell(a.site.BackchannelLogout(), p.logoutToken(t, tt.change)); w.Code != 200 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
			a = newApplication(t, p, func(o *rp.SiteOptions) {
				o.SignedIn = func(*http.Request, *rp.Session) error {
					if meanwhile != nil {
						meanwhile()
					}
					return nil
				}
			})
			b := browser(t)
			_, _, to := a.get(b, "/login")
			_, _, back := a.get(b, to)
			if status, _, _ := a.get(b, back); status != http.StatusTeapot || !errors.Is(<-a.fails, rp.ErrEnded) || a.store.Len() != 0 || a.signedIn(b) {
				t.Errorf("the sign-in survived its logout: %d", status)
			}
			meanwhile = nil
			p.change(func() {
				p.now = p.now.Add(time.Second)
				p.claims = func(m map[string]any) { m["sid"] = "browser-2" }
			})
			a.signIn(b, "/login")
			if !a.signedIn(b) {
				t.Error("a later sign-in was refused")
			}
		})
	}
}

// TestSite_SlowSignIn: what takes longer than logouts are remembered is refused.
func TestSite_SlowSignIn(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, func(o *rp.SiteOptions) {
		o.SignedIn = func(*http.Request, *rp.Session) error {
			p.change(func() { p.now = p.now.Add(5*time.Minute + time.Second) })
			return nil
		}
	})
	b := browser(t)
	_, _, to := a.get(b, "/login")
	_, _, back := a.get(b, to)
	if status, _, _ := a.get(b, back); status != http.StatusTeapot || !errors.Is(<-a.fails, rp.ErrEnded) {
		t.Errorf("%d", status)
	}
}

// TestSite_LogoutRaces: of many sign-ins to one session at the provider none is
// left after it ended, whichever came first.
func TestSite_LogoutRaces(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, func(o *rp.SiteOptions) { o.Failed = nil })
	h := a.site.BackchannelLogout()
	var answers [8]string
	var browsers [8]*http.Client
	for i := range answers {
		browsers[i] = browser(t)
		_, _, to := a.get(browsers[i], "/login")
		_, _, answers[i] = a.get(browsers[i], to)
	}
	var g sync.WaitGroup
	for i := range answers {
		g.Go(func() { a.get(browsers[i], answers[i]) })
	}
	g.Go(func() { tell(h, p.logoutToken(t, nil)) })
	g.Wait()
	if a.store.Len() != 0 {
		t.Errorf("%d sessions outlived their end", a.store.Len())
	}
}

func TestSite_SignedOutFails(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	no := errors.New("no")
	var logged error
	a := newApplication(t, p, func(o *rp.SiteOptions) {
		o.SignedOut = func(context.Context, rp.LogoutToken) error { return no }
		o.LogoutFailed = func(_ *http.Request, err error) { logged = err }
	})
	if w := tell(a.site.BackchannelLogout(), p.logoutToken(t, nil)); w.Code != http.StatusServiceUnavailable || !errors.Is(logged, no) {
		t.Errorf("%d, %v", w.Code, logged)
	}
}

func TestMemory_Endings(t *testing.T) {
	t.Parallel()
	now := time.Unix(10_000, 0)
	m := rp.NewMemory(10, func() time.Time { return now })
	create := func(id, iss, sub, sid string, issued time.Time) error {
		return m.Create(t.Context(), &rp.Session{ID: id, Expires: now.Add(time.Hour), Tokens: rp.Tokens{IDToken: &rp.IDToken{Issuer: iss, Subject: sub, SessionID: sid, IssuedAt: issued}}})
	}
	end := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	end(m.EndBySub(t.Context(), "a", "ada", now))
	end(m.EndBySub(t.Context(), "a", "ada", now.Add(-time.Minute))) // an earlier one, later
	end(m.EndBySID(t.Context(), "a", "s1", now))
	for _, tt := range []struct {
		name, iss, sub, sid string
		issued              time.Time
		want                error
	}{
		{"issued before the person's end", "a", "ada", "x", now.Add(-time.Second), rp.ErrEnded},
		{"issued in the same second", "a", "ada", "x", now, rp.ErrEnded},
		{"issued after it", "a", "ada", "x", now.Add(time.Second), nil},
		{"of an ended session, issued before", "a", "bob", "s1", now, rp.ErrEnded},
		{"of an ended session, issued after it", "a", "bob", "s1", now.Add(time.Second), nil},
		{"of another provider's", "b", "ada", "s1", now, nil},
		{"of nobody concerned", "a", "bob", "s2", now, nil},
	} {
		if err := create("id", tt.iss, tt.sub, tt.sid, tt.issued); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	now = now.Add(rp.EndingLife - time.Nanosecond)
	if err := create("id", "a", "bob", "s1", now.Add(-time.Hour)); !errors.Is(err, rp.ErrEnded) {
		t.Errorf("at the end of EndingLife: %v", err)
	}
	now = now.Add(time.Nanosecond)
	if err := create("id", "a", "bob", "s1", now.Add(-time.Hour)); err != nil {
		t.Errorf("after EndingLife: %v", err)
	}
}

// framed loads the front-channel address with a browser's cookies.
func (a *application) framed(b *http.Client, q string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/frontchannel-logout?"+q, nil)
	u, _ := url.Parse(a.URL)
	if b != nil {
		for _, c := range b.Jar.Cookies(u) {
			r.AddCookie(c)
		}
	}
	w := httptest.NewRecorder()
	w.Header().Set("X-Frame-Options", "DENY") // by an outer handler
	a.site.FrontchannelLogout().ServeHTTP(w, r)
	return w
}

func TestSite_FrontchannelLogout(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	a := newApplication(t, p, nil)
	b, stranger := browser(t), browser(t)
	a.signIn(b, "/login")
	p.change(func() { p.claims = func(m map[string]any) { m["sid"] = "browser-2" } })
	a.signIn(stranger, "/login")
	iss := url.QueryEscape(p.URL)
	for _, tt := range []struct {
		name    string
		browser *http.Client
		query   string
		status  int
	}{
		{"nothing", b, "", 400},
		{"no iss", b, "sid=browser-1", 400},
		{"no sid", b, "iss=" + iss, 400},
		{"another iss", b, "iss=https%3A%2F%2Fevil.example&sid=browser-1", 400},
		{"two sids", b, "iss=" + iss + "&sid=browser-1&sid=x", 400},
		{"not a query", b, "iss=" + iss + "&sid=browser-1&%zz", 400},
		{"another sid", b, "iss=" + iss + "&sid=other", 200},
		{"a sid that another browser has", stranger, "iss=" + iss + "&sid=browser-1", 200},
		{"a browser without cookies", nil, "iss=" + iss + "&sid=browser-1", 200},
	} {
		if w := a.framed(tt.browser, tt.query); w.Code != tt.status || !a.signedIn(b) || !a.signedIn(stranger) {
			t.Errorf("Front-Channel §3: %s: %d", tt.name, w.Code)
		}
	}
	w := a.framed(b, "iss="+iss+"&sid=browser-1")
	if w.Code != 200 || a.signedIn(b) || !a.signedIn(stranger) {
		t.Errorf("its own: %d", w.Code)
	}
	if got := w.Header(); got.Get("Cache-Control") != "no-store" || got.Get("X-Frame-Options") != "" || !strings.HasSuffix(got.Get("Content-Security-Policy"), "; frame-ancestors "+p.URL) {
		t.Errorf("Front-Channel §3: %v", got)
	}
	if c := w.Result().Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("cookies: %v", c)
	}
	if w := a.framed(b, "iss="+iss+"&sid=browser-1"); w.Code != 200 {
		t.Errorf("again: %d", w.Code)
	}
}
