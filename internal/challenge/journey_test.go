package challenge_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

const carol = "carol@example.com"

// signUp submits the registration form of a fresh request and returns the
// page that waits for the code.
func signUp(w *rptest.World, b *rptest.Browser, email string) *rptest.Page {
	w.T.Helper()
	p := b.Follow(b.Get(w.Authorize("web", url.Values{"prompt": {"create"}})))
	return b.Follow(b.Submit(p, url.Values{"email": {email}, "password": {rptest.Password}}))
}

func enter(b *rptest.Browser, p *rptest.Page, code string) *rptest.Page {
	return b.Submit(p, url.Values{"code": {code}})
}

func find(t testing.TB, w *rptest.World, email string) *account.Account {
	t.Helper()
	a, err := w.Server.Store.FindByIdentifier(t.Context(), "default", account.Identifier{Kind: account.Email, Value: email, Key: email})
	if err != nil {
		t.Fatalf("%s: %v", email, err)
	}
	return a
}

func hasID(id string) func(*html.Node) bool {
	return func(n *html.Node) bool {
		for _, a := range n.Attr {
			if a.Key == "id" && a.Val == id {
				return true
			}
		}
		return false
	}
}

func TestRegistrationIsProvedByTheCode(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		p := signUp(w, b, carol)
		if p.Find(hasID("code")) == nil {
			t.Fatalf("%d:\n%s", p.Status(), p.Body)
		}
		if _, err := w.Server.Store.FindByIdentifier(t.Context(), "default", account.Identifier{Kind: account.Email, Key: carol}); err == nil {
			t.Fatal("an account before the proof")
		}
		m := w.Mail(carol, 0)
		p = enter(b, p, m.Code())
		p.Code(t)
		if got := p.Answer().Get("state"); got != "s-web" {
			t.Errorf("state %q", got)
		}
		if a := find(t, w, carol); !a.EmailVerified || a.Email != carol {
			t.Errorf("%+v", a)
		}
		// The same once more is no dead end: the person is in.
		if again := b.Follow(enter(b, signUp(w, w.Browser(), "x@example.com"), "000000")); again.Status() == http.StatusInternalServerError {
			t.Error("a wrong browser's code")
		}
	})
}

func TestRegistrationIsProvedByTheLink(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	signUp(w, b, carol)
	link := w.Path(w.Mail(carol, 0))
	first := b.Get(link)
	if first.Status() != http.StatusSeeOther || strings.Contains(first.Location(), "fo_rl_") {
		t.Fatalf("%d %q: the token is still in the address", first.Status(), first.Location())
	}
	p := b.Follow(first)
	if p.Find(hasID("link-submit")) == nil || p.Find(hasID("link-password")) != nil {
		t.Fatalf("%d:\n%s", p.Status(), p.Body)
	}
	for range 2 { // a double click: the answer to the first press is lost
		b.Submit(p, nil).Code(t)
	}
	if a := find(t, w, carol); !a.EmailVerified {
		t.Error("not verified")
	}
	if p := w.Browser().Follow(w.Browser().Get(link)); p.Status() != http.StatusGone {
		t.Errorf("a used link: %d", p.Status())
	}
}

// TestALinkInAnotherBrowserAsksForThePassword: who types somebody's address
// into the form must not get an account that this somebody confirms.
func TestALinkInAnotherBrowserAsksForThePassword(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	signUp(w, w.Browser(), carol)
	link := w.Path(w.Mail(carol, 0))
	phone := w.Browser()
	p := phone.Follow(phone.Get(link))
	if p.Find(hasID("link-password")) == nil {
		t.Fatalf("%d:\n%s", p.Status(), p.Body)
	}
	for password, status := range map[string]int{"": 422, "not the password, sorry": 401} {
		if got := phone.Submit(p, url.Values{"password": {password}}); got.Status() != status {
			t.Errorf("%q: %d", password, got.Status())
		}
	}
	end := phone.Follow(phone.Submit(p, url.Values{"password": {rptest.Password}}))
	if end.URL.Path != "/" || !strings.Contains(end.Body.String(), carol) {
		t.Errorf("%s:\n%s", end.URL, end.Body)
	}
	find(t, w, carol)
}

// TestRE1_RegistrationLooksTheSame: for a new address, a taken one, a disabled
// account's and an unverified one's.
func TestRE1_RegistrationLooksTheSame(t *testing.T) {
	t.Parallel()
	tenant := rptest.Tenant + "  - {email: eve@example.com, email_verified: false, password: " + rptest.Password + "}\n"
	rptest.BothMailing(t, tenant, func(t *testing.T, w *rptest.World) {
		check := func(_ any, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		check(nil, w.Server.Store.SetDisabled(t.Context(), "default", find(t, w, "bob@example.com").Sub, true, w.Now(), audit.Event{Kind: audit.AccountDisabled}))
		var first string
		for _, email := range []string{"new@example.com", "ada@example.com", "bob@example.com", "eve@example.com"} {
			b := w.Browser()
			p := b.Follow(b.Get(w.Authorize("web", url.Values{"prompt": {"create"}})))
			post := b.Submit(p, url.Values{"email": {email}, "password": {rptest.Password}})
			page := b.Follow(post)
			got := shape(post, email) + shape(page, email)
			if first == "" {
				first = got
			} else if got != first {
				t.Errorf("%s:\n%s\nwant\n%s", email, got, first)
			}
			wrong := enter(b, page, "000000")
			if wrong.Status() != http.StatusUnprocessableEntity {
				t.Errorf("%s: a wrong code is %d", email, wrong.Status())
			}
		}
		for email, subject := range map[string]string{"new@example.com": "Confirm", "ada@example.com": "already", "bob@example.com": "already", "eve@example.com": "Confirm"} {
			if m := w.Mail(email, 0); !strings.Contains(m.Subject, subject) || strings.Contains(m.Subject, "already") == (m.Code() != "") {
				t.Errorf("%s: %q with code %q", email, m.Subject, m.Code())
			}
		}
	})
}

var masks = regexp.MustCompile(`(nonce[-=]"?|[?&]r=|[?&]c=|name="[rc]" value="|id="request-id">|browser=|X-Request-Id: )[A-Za-z0-9_.-]+`)

// shape is an answer without what is random in every answer, and without the
// address that the person typed.
func shape(p *rptest.Page, email string) string {
	var lines []string
	for name, values := range p.Header() {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	s := fmt.Sprint(p.Status(), "\n", strings.Join(lines, "\n"), "\n\n", p.Body)
	return masks.ReplaceAllString(strings.ReplaceAll(s, email, "somebody"), "$1*")
}

// TestAnUnverifiedClaimGivesWay: whoever proves an address owns it; the other
// account, its sessions and grants end.
func TestAnUnverifiedClaimGivesWay(t *testing.T) {
	t.Parallel()
	tenant := strings.Replace(rptest.Tenant, "{self_registration: true}", "{self_registration: true, verify_identifiers: never}", 1) +
		"  - {email: eve@example.com, email_verified: false, password: " + rptest.Password + "}\n"
	rptest.BothMailing(t, tenant, func(t *testing.T, w *rptest.World) {
		squatter := w.Browser()
		squatter.SignIn(w.Authorize("web", nil), "eve@example.com", rptest.Password)
		old := find(t, w, "eve@example.com")
		w.Apply(strings.Replace(tenant, "never", "auto", 1))
		b := w.Browser()
		p := signUp(w, b, "eve@example.com")
		enter(b, p, w.Mail("eve@example.com", 0).Code()).Code(t)
		now := find(t, w, "eve@example.com")
		if now.Sub == old.Sub || !now.EmailVerified {
			t.Errorf("%+v", now)
		}
		if p := squatter.Follow(squatter.Get(w.Authorize("web", nil))); p.URL.Path != "/login" {
			t.Errorf("the other claim is still signed in: %s", p.URL)
		}
		if got, err := w.Server.Store.FindAccount(t.Context(), "default", old.Sub); err != nil || got.Email != "" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

func TestAnExistingAccountVerifiesItsAddress(t *testing.T) {
	t.Parallel()
	tenant := rptest.Tenant + "  - {email: eve@example.com, email_verified: false, password: " + rptest.Password + "}\n"
	rptest.BothMailing(t, tenant, func(t *testing.T, w *rptest.World) {
		b := w.Browser()
		p := b.Follow(b.Login(w.Authorize("web", nil), "eve@example.com", rptest.Password))
		if p.URL.Path != "/login/verify" {
			t.Fatalf("%s:\n%s", p.URL, p.Body)
		}
		if p.Find(hasID("verify-send")) != nil {
			p = b.Follow(b.Submit(p, nil))
		}
		m := w.Mail("eve@example.com", 0)
		if wrong := enter(b, p, "000000"); wrong.Status() != http.StatusUnprocessableEntity {
			t.Errorf("a wrong code: %d", wrong.Status())
		}
		b.Follow(enter(b, p, m.Code())).Code(t)
		if a := find(t, w, "eve@example.com"); !a.EmailVerified {
			t.Error("not verified")
		}
		// prompt=none says so in its own way.
		if a := b.Get(w.Authorize("web", url.Values{"prompt": {"none"}})).Answer(); a.Get("code") == "" {
			t.Errorf("%v", a)
		}
	})
}

// TestAVerificationInAnotherBrowserIsASignIn with its password, told of as any
// other from a browser that is new to the account.
func TestAVerificationInAnotherBrowserIsASignIn(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant+"  - {email: eve@example.com, email_verified: false, password: "+rptest.Password+"}\n", rptest.Options{Mail: true})
	b := w.Browser()
	p := b.Follow(b.Login(w.Authorize("web", nil), "eve@example.com", rptest.Password))
	b.Submit(p, nil)
	phone := w.Browser()
	w.Wait(time.Second)
	p = phone.Follow(phone.Get(w.Path(w.Mail("eve@example.com", 0))))
	if bad := phone.Submit(p, url.Values{"password": {"not the password, sorry"}}); bad.Status() != http.StatusUnauthorized {
		t.Errorf("a wrong password: %d", bad.Status())
	}
	phone.Submit(p, url.Values{"password": {rptest.Password}})
	if !find(t, w, "eve@example.com").EmailVerified || phone.Cookie("__Host-foyer-default") == "" {
		t.Error("not verified, or not signed in")
	}
	if m := w.Mail("eve@example.com", 1); !strings.Contains(m.Subject, "New sign-in") {
		t.Errorf("%q", m.Subject)
	}
}

// forgot asks for a new password and returns the page that waits for the code.
func forgot(w *rptest.World, b *rptest.Browser, identifier string) *rptest.Page {
	w.T.Helper()
	p := b.Follow(b.Get(w.Authorize("web", nil)))
	link := p.Find(func(n *html.Node) bool {
		return n.Data == "a" && strings.Contains(href(n), "/forgot-password")
	})
	if link == nil {
		w.T.Fatalf("no way to a new password:\n%s", p.Body)
	}
	return b.Follow(b.Submit(b.Get(href(link)), url.Values{"identifier": {identifier}}))
}

func href(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key == "href" {
			return a.Val
		}
	}
	return ""
}

const another = "an entirely different phrase"

func TestPW6_ANewPasswordEndsOtherSessionsAndIsToldOf(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		elsewhere := w.Browser()
		elsewhere.SignIn(w.Authorize("web", nil), "ada@example.com", rptest.Password)
		w.Mail("ada@example.com", 0) // about that sign-in
		w.Wait(time.Minute)
		b := w.Browser()
		p := forgot(w, b, "ADA@example.com")
		p = b.Follow(enter(b, p, w.Mail("ada@example.com", 1).Code()))
		if p.URL.Path != "/forgot-password/new" {
			t.Fatalf("%s:\n%s", p.URL, p.Body)
		}
		if weak := b.Submit(p, url.Values{"password": {"short"}}); weak.Status() != http.StatusUnprocessableEntity {
			t.Errorf("a short password: %d", weak.Status())
		}
		end := b.Submit(p, url.Values{"password": {another}})
		end.Code(t)
		if got := end.Answer().Get("state"); got != "s-web" {
			t.Errorf("state %q", got)
		}
		if p := elsewhere.Follow(elsewhere.Get(w.Authorize("web", nil))); p.URL.Path != "/login" {
			t.Error("the other session goes on")
		}
		if notice := w.Mail("ada@example.com", 2); !strings.Contains(notice.Subject, "password") || !strings.Contains(notice.Link(), "/login/not-me") {
			t.Errorf("%q %q", notice.Subject, notice.Link())
		}
		w.Browser().SignIn(w.Authorize("web", nil), "ada@example.com", another)
		if p := w.Browser().Login(w.Authorize("web", nil), "ada@example.com", rptest.Password); p.Status() != http.StatusUnauthorized {
			t.Errorf("the old password: %d", p.Status())
		}
	})
}

func TestANewPasswordByLink(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	forgot(w, b, "ada@example.com")
	link := w.Path(w.Mail("ada@example.com", 0))
	for range 2 { // a scanner, and the person
		if p := b.Follow(b.Get(link)); p.Find(hasID("new-password")) == nil {
			t.Fatalf("%d:\n%s", p.Status(), p.Body)
		}
	}
	p := b.Follow(b.Get(link))
	b.Submit(p, url.Values{"password": {another}}).Code(t)
	if again := b.Submit(p, url.Values{"password": {another}}); again.Status() == http.StatusOK {
		t.Error("used twice")
	}
	w.Mail("ada@example.com", 1) // about the new password, before the next
	// In another browser it goes on there, without the application.
	b = w.Browser()
	w.Wait(2 * time.Minute)
	forgot(w, b, "ada@example.com")
	phone := w.Browser()
	p = phone.Follow(phone.Get(w.Path(w.Mail("ada@example.com", 2))))
	if end := phone.Follow(phone.Submit(p, url.Values{"password": {another + "!"}})); end.URL.Path != "/" {
		t.Errorf("%s:\n%s", end.URL, end.Body)
	}
}
