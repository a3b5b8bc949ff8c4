package proof

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/storetest"
)

// slow asks for the full number of rounds where CI runs a few (make slow).
var slow = os.Getenv("FOYER_TEST_SLOW") != ""

// addAccount makes an account with rptest.Password.
func addAccount(w *rptest.World, email string, verified bool) *account.Account {
	w.T.Helper()
	id, err := account.ParseIdentifier(email, []account.Kind{account.Email})
	must(w.T, err)
	a, err := w.Server.CreateAccount(w.T.Context(), "default", &app.AccountSpec{Email: email, EmailVerified: verified, Password: rptest.Password}, []account.Identifier{id})
	must(w.T, err)
	return a
}

func disable(w *rptest.World, a *account.Account) {
	w.T.Helper()
	must(w.T, w.Server.Store.SetDisabled(w.T.Context(), "default", a.Sub, true, w.Now(), audit.Event{Kind: audit.AccountDisabled, Sub: a.Sub}))
}

// people are one identifier of each sort that must look alike, as long as each
// other, with the password to try.
func people(w *rptest.World) map[string][2]string {
	w.T.Helper()
	addAccount(w, "known@example.com", true)
	addAccount(w, "fresh@example.com", false)
	disable(w, addAccount(w, "gone1@example.com", true))
	disable(w, addAccount(w, "gone2@example.com", true))
	withHash(w, "empty@example.com", "")
	withHash(w, "weird@example.com", "no hash at all")
	return map[string][2]string{
		"known":                      {"known@example.com", "a wrong password of some length"},
		"unknown":                    {"nobod@example.com", "a wrong password of some length"},
		"unverified":                 {"fresh@example.com", "a wrong password of some length"},
		"disabled":                   {"gone1@example.com", "a wrong password of some length"},
		"disabled, right password":   {"gone2@example.com", rptest.Password},
		"without a password":         {"empty@example.com", "a wrong password of some length"},
		"with a hash nobody can use": {"weird@example.com", "a wrong password of some length"},
	}
}

var masks = []*regexp.Regexp{
	regexp.MustCompile(`nonce-[A-Za-z0-9_-]+`), regexp.MustCompile(`nonce="[^"]*"`),
	regexp.MustCompile(`[a-z0-9]{5}@example\.com`), regexp.MustCompile(`(?i)(request[^<]{0,20}|<code[^>]*>)[A-Za-z0-9_-]{12}\b`),
}

// picture is an answer as a byte string without what is random in every answer.
func picture(rec *httptest.ResponseRecorder) string {
	var lines []string
	for name, values := range rec.Header() {
		lines = append(lines, name+": "+strings.Join(values, ", "))
	}
	slices.Sort(lines)
	s := fmt.Sprint(rec.Code, "\n", strings.Join(lines, "\n"), "\n\n", rec.Body)
	for _, m := range masks {
		s = m.ReplaceAllString(s, "*")
	}
	return s
}

func TestRE1_LoginAnswersAreEqualByteForByte(t *testing.T) {
	t.Parallel()
	rptest.Both(t, strings.Replace(rptest.Tenant, "settings: {", "settings: {throttle: {account: 2, network: 100}, ", 1), func(t *testing.T, w *rptest.World) {
		r := strings.TrimPrefix(w.Browser().Get(w.Authorize("web", nil)).Location(), "/login?r=")
		all := people(w)
		first, locked := "", ""
		network := 0
		for who, pair := range all {
			for try := range 4 {
				network++
				b := w.Browser()
				b.Remote = fmt.Sprintf("198.51.%d.9:1", network)
				p := b.Post("/login", url.Values{"r": {r}, "identifier": {pair[0]}, "password": {pair[1]}})
				got, want, status := picture(p.ResponseRecorder), &first, http.StatusUnauthorized
				if try >= 2 { // the limit of the account, whether or not there is one
					want, status = &locked, http.StatusTooManyRequests
				}
				if *want == "" {
					*want = got
				}
				if got != *want || p.Status() != status {
					t.Errorf("%s, try %d: %d\n%s", who, try, p.Status(), difference(*want, got))
				}
			}
		}
	})
}

// difference shows the first lines that are not the same.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return fmt.Sprintf("%d lines, %d lines", len(x), len(y))
}

// TestRE2_LoginTakesTheSameTime: interleaved, so that what slows the machine
// slows all of them. With FOYER_TEST_SLOW the full row: 2,000 each, medians within a
// millisecond; else a few and their minima, which find a missing hash.
func TestRE2_LoginTakesTheSameTime(t *testing.T) {
	t.Parallel()
	rounds, databases := 12, []func(testing.TB) string{storetest.MigratedSQLite}
	if slow {
		rounds, databases = 2000, append(databases, storetest.MigratedPostgres)
	}
	for _, database := range databases { // one after the other: they would disturb each other
		w := rptest.New(t, strings.Replace(rptest.Tenant, "settings: {", "settings: {throttle: {account: 100000, network: 100000}, ", 1), rptest.Options{Database: database(t)})
		all := people(w)
		took := map[string][]time.Duration{}
		for range rounds {
			for who, pair := range all {
				began := time.Now()
				rec := w.Do(request(w, http.MethodPost, "/login", url.Values{"identifier": {pair[0]}, "password": {pair[1]}}.Encode()))
				took[who] = append(took[who], time.Since(began))
				if rec.Code != http.StatusUnauthorized {
					t.Fatalf("%s: %d", who, rec.Code)
				}
			}
		}
		for who, list := range took {
			switch got, want := slices.Min(list), slices.Min(took["known"]); {
			case slow && (median(list)-median(took["known"])).Abs() > time.Millisecond:
				t.Errorf("%s takes %s, known %s", who, median(list), median(took["known"]))
			case slow:
				t.Logf("%s takes %s, known %s", who, median(list), median(took["known"]))
			case got > 4*want || want > 4*got: // the minimum is the least disturbed by what else runs
				t.Errorf("%s takes %s, known %s", who, got, want)
			}
		}
	}
}

func median(list []time.Duration) time.Duration {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// TestRE3_AddressesAreTheConfiguredOnes: no header of a request changes an
// issuer, a link or a redirect.
func TestRE3_AddressesAreTheConfiguredOnes(t *testing.T) {
	t.Parallel()
	for _, proxies := range []string{"", "192.0.2.0/24"} { // believed for addresses, never for names
		w := rptest.New(t, rptest.Tenant, rptest.Options{Flags: map[string]string{"trusted-proxies": proxies}})
		b := w.Browser()
		for name, value := range map[string]string{
			"X-Forwarded-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example;proto=http;for=203.0.113.9",
			"X-Forwarded-Proto": "http", "X-Forwarded-Port": "666", "X-Original-Url": "/evil.example", "X-Rewrite-Url": "/evil.example",
			"X-Forwarded-Prefix": "/evil.example", "Referer": "https://evil.example/", "X-Forwarded-Scheme": "http",
		} {
			b.Header.Set(name, value)
		}
		var all []string
		see := func(p *rptest.Page) *rptest.Page {
			all = append(all, p.Body.String(), fmt.Sprint(p.Header()))
			return p
		}
		doc := see(b.Get("/.well-known/openid-configuration"))
		if !strings.Contains(doc.Body.String(), `"issuer":"https://id.example.com"`) {
			t.Errorf("discovery: %s", doc.Body)
		}
		p := see(b.Get(w.Authorize("web", nil)))
		p = see(b.Follow(p))
		p = see(b.Submit(p, url.Values{"identifier": {ada}, "password": {rptest.Password}}))
		if iss := p.Answer().Get("iss"); iss != w.Base {
			t.Errorf("iss %q", iss)
		}
		a := w.Redeem("web", p.Answer().Get("code"))
		if c := w.Claims(a.Get("id_token")); c["iss"] != w.Base {
			t.Errorf("id_token iss %v", c["iss"])
		}
		for _, path := range []string{"/", "/login?other=1", "/register", "/nothing", "/authorize?client_id=nobody", "/endsession", "/token"} {
			see(b.Get(path))
		}
		poisoned := request(w, http.MethodGet, "/.well-known/openid-configuration", "")
		poisoned.Host = "evil.example"
		rec := w.Do(poisoned)
		all = append(all, rec.Body.String())
		poisoned = request(w, http.MethodGet, w.Authorize("web", nil), "")
		poisoned.Host = "evil.example:666"
		rec = w.Do(poisoned)
		all = append(all, fmt.Sprint(rec.Header()))
		for _, s := range all {
			if strings.Contains(s, "evil.example") || strings.Contains(s, "http://id.") || strings.Contains(s, ":666") {
				t.Errorf("poisoned: %.400s", s)
			}
		}
	}
}
