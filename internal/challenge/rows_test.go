package challenge_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestRE1_ForgotLooksTheSame: for an account, nobody, a disabled one and one
// whose address was never verified; and so does a wrong code.
func TestRE1_ForgotLooksTheSame(t *testing.T) {
	t.Parallel()
	tenant := rptest.Tenant + "  - {email: eve@example.com, email_verified: false, password: " + rptest.Password + "}\n"
	rptest.BothMailing(t, tenant, func(t *testing.T, w *rptest.World) {
		must(t, w.Server.Store.SetDisabled(t.Context(), "default", find(t, w, "bob@example.com").Sub, true, w.Now(), audit.Event{Kind: audit.AccountDisabled}))
		first := ""
		for _, email := range []string{"new@example.com", ada, "bob@example.com", "eve@example.com"} {
			b := w.Browser()
			p := b.Follow(b.Get("/forgot-password?" + strings.TrimPrefix(w.Authorize("web", nil), "/authorize?")))
			post := b.Submit(p, url.Values{"identifier": {email}})
			page := b.Follow(post)
			got := shape(post, email) + shape(page, email)
			for range 6 {
				got += shape(enter(b, page, "000000"), email)
			}
			if first == "" {
				first = got
			} else if got != first {
				t.Errorf("%s differs:\n%s\nwant\n%s", email, got, first)
			}
		}
		for email, subject := range map[string]string{"new@example.com": "No account", ada: "Choose", "bob@example.com": "switched off", "eve@example.com": "No account"} {
			if m := w.Mail(email, 0); !strings.Contains(m.Subject, subject) || (email == ada) != (m.Code() != "") {
				t.Errorf("%s: %q", email, m.Subject)
			}
		}
	})
}

// TestRE3_LinksComeFromTheConfiguration whatever the request says of its host.
func TestRE3_LinksComeFromTheConfiguration(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	poison := http.Header{}
	for _, name := range []string{"Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Host", "X-Original-Host", "X-Rewrite-Url", "X-Forwarded-Prefix"} {
		poison[name] = []string{"evil.example"}
	}
	poison["Forwarded"] = []string{"host=evil.example;proto=http"}
	b := w.Browser()
	b.Header = poison
	forgot(w, b, ada)
	signUp(w, b, carol)
	b.SignIn(w.Authorize("web", nil), "bob@example.com", rptest.Password)
	for _, to := range []string{ada, carol, "bob@example.com"} {
		m := w.Mail(to, 0)
		w.Path(m)
		if strings.Contains(string(m.Raw)+m.Text+m.HTML, "evil.example") {
			t.Errorf("%s:\n%s", to, m.Text)
		}
	}
}

// TestRE4_AResetIsUsedOnce: 32 at once, and dead by a newer one, by another
// password and by time.
func TestRE4_AResetIsUsedOnce(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		seen := 0
		ask := func() (b *rptest.Browser, p *rptest.Page) {
			b = w.Browser()
			b.Remote = fmt.Sprintf("198.51.%d.9:1", seen)
			forgot(w, b, ada)
			for m := w.Mail(ada, seen); ; m = w.Mail(ada, seen) {
				seen++
				if strings.Contains(m.Link(), "/forgot-password/") {
					return b, b.Follow(b.Get(w.Path(m)))
				}
			}
		}
		b, p := ask()
		var won atomic.Int32
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				if q := b.Submit(p, url.Values{"password": {another}}); q.Status() == http.StatusSeeOther && strings.Contains(q.Location(), "code=") {
					won.Add(1)
				}
			})
		}
		all.Wait()
		if n := len(w.Audit("default", string(audit.PasswordSet))); n != 1 {
			t.Errorf("the password was set %d times", n)
		}
		for range 8 {
			if q := w.Browser().Post("/forgot-password/new", url.Values{"h": {"x"}, "password": {another}}); q.Status() != http.StatusGone {
				t.Errorf("%d", q.Status())
			}
		}
		dead := func(why string, between func()) {
			t.Helper()
			w.Wait(2 * time.Hour)
			b, p := ask()
			between()
			before := len(w.Audit("default", string(audit.PasswordSet)))
			if q := b.Submit(p, url.Values{"password": {"yet another long phrase"}}); q.Status() != http.StatusGone {
				t.Errorf("%s: %d", why, q.Status())
			}
			if len(w.Audit("default", string(audit.PasswordSet))) != before {
				t.Errorf("%s: the password was set", why)
			}
		}
		dead("a newer one", func() { ask() })
		dead("another password", func() {
			must(t, w.Server.Store.SetPassword(t.Context(), "default", find(t, w, ada).Sub, "x", 0, w.Now(), audit.Event{Kind: audit.AccountUpdated}))
		})
		dead("time", func() { w.Wait(30 * time.Minute) })
		dead("the account disabled", func() {
			must(t, w.Server.Store.SetDisabled(t.Context(), "default", find(t, w, ada).Sub, true, w.Now(), audit.Event{Kind: audit.AccountDisabled}))
		})
	})
}

// TestRE5_NoStepIsLeftOut: every post out of order, with what a browser without
// a proof can have.
func TestRE5_NoStepIsLeftOut(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	p := forgot(w, b, ada)
	c, r := hidden(p, "c"), hidden(p, "r")
	reg := w.Browser()
	signUp(w, reg, carol)
	code := w.Mail(ada, 0).Code()
	for _, try := range []struct {
		name string
		b    *rptest.Browser
		path string
		form url.Values
	}{
		{"the password before the code", b, "/forgot-password/new", url.Values{"c": {c}, "r": {r}, "password": {another}}},
		{"the right code in another browser", w.Browser(), "/forgot-password/code", url.Values{"c": {c}, "r": {r}, "code": {code}}},
		{"a reset's code as a registration's", b, "/register/code", url.Values{"c": {c}, "r": {r}, "code": {code}}},
		{"a reset's code as a verification's", b, "/login/verify", url.Values{"c": {c}, "r": {r}, "code": {code}}},
		{"a made-up link", b, "/forgot-password/new", url.Values{"h": {c}, "password": {another}}},
		{"a registration's page with a reset's proof", reg, "/register/link", url.Values{"h": {c}}},
		{"nothing", b, "/forgot-password/new", url.Values{"password": {another}}},
	} {
		if q := try.b.Post(try.path, try.form); strings.Contains(q.Location(), "code=") || strings.Contains(q.Location(), "/new") {
			t.Errorf("%s: %d %q", try.name, q.Status(), q.Location())
		}
	}
	if n := len(w.Audit("default", string(audit.PasswordSet))); n != 0 {
		t.Fatalf("the password was set %d times", n)
	}
	// The code is right in its own browser all the same, and then the password
	// page of another browser is still closed.
	q := b.Follow(enter(b, p, code))
	if got := w.Browser().Post("/forgot-password/new", url.Values{"c": {hidden(q, "c")}, "password": {another}}); got.Status() != http.StatusGone {
		t.Errorf("another browser: %d", got.Status())
	}
	b.Submit(q, url.Values{"password": {another}}).Code(t)
}

func hidden(p *rptest.Page, name string) string {
	n := p.Find(func(n *html.Node) bool {
		is := map[string]string{}
		for _, a := range n.Attr {
			is[a.Key] = a.Val
		}
		return n.Data == "input" && is["name"] == name
	})
	if n == nil {
		p.T.Fatalf("no field %s:\n%s", name, p.Body)
	}
	for _, a := range n.Attr {
		if a.Key == "value" {
			return a.Val
		}
	}
	return ""
}

// TestRE7_OpeningALinkChangesNothing: twice, by a scanner without cookies, and
// the token is in no address afterwards.
func TestRE7_OpeningALinkChangesNothing(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	signUp(w, b, carol)
	forgot(w, b, ada)
	w.Browser().SignIn(w.Authorize("web", nil), "bob@example.com", rptest.Password)
	pages := map[string]string{carol: "link-submit", ada: "new-password", "bob@example.com": "not-me"}
	paths := map[string]string{}
	for to := range pages {
		paths[to] = w.Path(w.Mail(to, 0))
	}
	w.Rest() // a mail is here before the outbox has stored that it was sent
	for to, id := range pages {
		path := paths[to]
		_, token, _ := strings.Cut(path, "?t=")
		before := w.Server.DB.Stats().Writes
		for range 2 {
			scanner := w.Browser()
			first := scanner.Get(path)
			if token == "" || first.Status() != http.StatusSeeOther || strings.Contains(first.Location(), token) || first.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %q", to, first.Status(), first.Location())
			}
			p := scanner.Follow(first)
			if p.Find(hasID(id)) == nil || p.Header().Get("Referrer-Policy") != "same-origin" || strings.Contains(p.Body.String(), token) {
				t.Errorf("%s: %d %v\n%s", to, p.Status(), p.Header(), p.Body)
			}
			if other := w.Browser().Get(first.Location()); other.Status() != http.StatusGone {
				t.Errorf("%s: the second address works in another browser: %d", to, other.Status())
			}
		}
		if after := w.Server.DB.Stats().Writes; after != before {
			t.Errorf("%s: %d transitions", to, after-before)
		}
	}
	p := b.Follow(b.Get(w.Path(w.Mail(carol, 0))))
	b.Submit(p, nil).Code(t)
}

// TestRE11_ResendsAreLimited: a thousand requests lock nobody out and send ten
// mails.
func TestRE11_ResendsAreLimited(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	limited := 0
	for i := range 1000 {
		b := w.Browser()
		b.Remote = fmt.Sprintf("198.%d.%d.9:1", 18+i/250, i%250)
		if p := b.Post("/forgot-password", url.Values{"identifier": {ada}}); p.Status() == http.StatusTooManyRequests && p.Header().Get("Retry-After") != "" {
			limited++
		}
	}
	if limited != 990 {
		t.Errorf("%d of 1,000 were refused", limited)
	}
	w.Browser().SignIn(w.Authorize("web", nil), ada, rptest.Password)
}

// TestRL8_OneNetworkSendsSoMany mails to different addresses.
func TestRL8_OneNetworkSendsSoMany(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	sent := 0
	for i := range 100 {
		if p := w.Browser().Post("/forgot-password", url.Values{"identifier": {fmt.Sprintf("n%d@example.com", i)}}); p.Status() == http.StatusSeeOther {
			sent++
		}
	}
	if sent != 60 {
		t.Errorf("%d mails", sent)
	}
}

// TestACodeIsTriedFiveTimes, counted before it is looked at: of fifty at once
// five are, and the right one among the others is too late.
func TestACodeIsTriedFiveTimes(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		p := signUp(w, b, carol)
		code := w.Mail(carol, 0).Code()
		wrong := "000000"
		if code == wrong {
			wrong = "000001"
		}
		var looked atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if q := enter(b, p, wrong); strings.Contains(q.Body.String(), "isn’t right") {
					looked.Add(1)
				}
			})
		}
		all.Wait()
		if looked.Load() != 5 {
			t.Errorf("%d were looked at", looked.Load())
		}
		w.Wait(20 * time.Minute)
		if q := enter(b, p, code); q.Status() == http.StatusSeeOther {
			t.Error("the right code after five tries")
		}
		// A new mail has a new code.
		q := b.Follow(b.Submit(p, url.Values{"action": {"resend"}}))
		if fresh := w.Mail(carol, 1); fresh.Code() == code {
			t.Error("the same code again")
		} else if enter(b, q, code).Status() == http.StatusSeeOther {
			t.Error("the old code works")
		} else {
			enter(b, q, fresh.Code()).Code(t)
		}
	})
}

func TestAMailIsSentAgainAfterAMinute(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	p := signUp(w, b, carol)
	if q := b.Submit(p, url.Values{"action": {"resend"}}); q.Status() != http.StatusTooManyRequests || q.Header().Get("Retry-After") != "60" {
		t.Errorf("%d %q", q.Status(), q.Header().Get("Retry-After"))
	}
	w.Wait(time.Minute)
	var sent atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if b.Submit(p, url.Values{"action": {"resend"}}).Status() == http.StatusSeeOther {
				sent.Add(1)
			}
		})
	}
	all.Wait()
	if sent.Load() != 1 {
		t.Errorf("%d of 16 at once were sent", sent.Load())
	}
	w.Mail(carol, 1)
}

// TestI7_OneAccountForAnAddress: 64 registrations of its variants, all proved at
// once.
func TestI7_OneAccountForAnAddress(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		type proof struct {
			b *rptest.Browser
			p *rptest.Page
		}
		const n = 10 // mails to one address in an hour; each proof is pressed several times
		var proofs []proof
		for i := range n {
			b := w.Browser()
			variant := []string{"carol@example.com", "Carol@Example.com", "ＣＡＲＯＬ@example.com"}[i%3]
			signUp(w, b, variant)
			m := w.Mail(norm(variant), i)
			proofs = append(proofs, proof{b, b.Follow(b.Get(w.Path(m)))})
		}
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() { proofs[i%n].b.Submit(proofs[i%n].p, nil) })
		}
		all.Wait()
		if made := len(w.Audit("default", string(audit.AccountCreated))); made != 3 { // ada, bob and carol
			t.Errorf("%d accounts", made)
		}
		find(t, w, carol)
	})
}

// norm is how an address stands in a mail's header, compared without case.
func norm(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'Ａ' && r <= 'Ｚ' {
			return r - 'Ａ' + 'A'
		}
		return r
	}, s)
}
