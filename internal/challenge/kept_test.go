package challenge_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/secret"
)

// TestTK11_MailedLinksAreTyped: no link of one purpose is one of another.
func TestTK11_MailedLinksAreTyped(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	signUp(w, b, carol)
	forgot(w, b, ada)
	w.Browser().SignIn(w.Authorize("web", nil), "bob@example.com", rptest.Password)
	paths := []string{"/register/link", "/login/verify/link", "/forgot-password/link", "/login/not-me"}
	for _, to := range []string{carol, ada, "bob@example.com"} {
		own, query, _ := strings.Cut(w.Path(w.Mail(to, 0)), "?")
		for _, path := range paths {
			if p := b.Follow(b.Get(path + "?" + query)); path != own && p.Status() != http.StatusGone || path == own && p.Status() != http.StatusOK {
				t.Errorf("%s at %s: %d", own, path, p.Status())
			}
		}
		token := strings.TrimPrefix(query, "t=")
		for _, form := range []url.Values{
			{"grant_type": {"authorization_code"}, "code": {token}, "redirect_uri": {rptest.Callback}},
			{"grant_type": {"refresh_token"}, "refresh_token": {token}},
		} {
			if a := w.Call("/token", rptest.Basic("web"), form); a.Status != http.StatusBadRequest {
				t.Errorf("%s at the token endpoint: %d", own, a.Status)
			}
		}
	}
	// And nothing else is one of them.
	for _, kind := range []secret.Kind{secret.AuthCode, secret.Session, secret.Browser, secret.RefreshToken} {
		for _, path := range paths {
			if p := b.Follow(b.Get(path + "?t=" + secret.New(kind, w.Now()).Reveal())); p.Status() != http.StatusGone {
				t.Errorf("%s at %s: %d", kind, path, p.Status())
			}
		}
	}
}

// TestLG1_NoSecretOfAMailIsKept: not in the log, and not in the database once
// the mail has gone.
func TestLG1_NoSecretOfAMailIsKept(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	b := w.Browser()
	p := signUp(w, b, carol)
	m := w.Mail(carol, 0)
	b.Follow(b.Get(w.Path(m)))
	enter(b, p, m.Code())
	forgot(w, w.Browser(), ada)
	reset := w.Mail(ada, 0)
	w.Rest() // the last attempt is recorded a moment after the mail came
	var dump strings.Builder
	for _, column := range []string{"outbox.payload", "outbox.answer", "challenges.code_hash", "challenges.link_hash", "challenges.payload", "alerts.hash", "audit.data"} {
		table, name, _ := strings.Cut(column, ".")
		rows, err := w.Server.DB.Query(t.Context(), `SELECT `+name+` FROM `+table)
		must(t, err)
		for rows.Next() {
			var s string
			must(t, rows.Scan(&s))
			dump.WriteString(s + "\n")
			if column == "outbox.payload" && s != "" {
				t.Error("a letter that was sent is still there")
			}
		}
		must(t, rows.Close())
	}
	for _, m := range []interface{ Code() string }{m, reset} {
		word := regexp.MustCompile(`\b` + m.Code() + `\b`) // a hash may have these digits among its own
		if m.Code() == "" || word.MatchString(dump.String()) || word.MatchString(w.Log.String()) {
			t.Errorf("the code %s is kept", m.Code())
		}
	}
	for _, canary := range []string{"fo_rl_", "fo_pl_", "fo_nm_", carol, rptest.Password} {
		if strings.Contains(w.Log.String(), canary) {
			t.Errorf("%s is in the log", canary)
		}
	}
}

// TestL5_TheMailServerIsAway: the answer is fast and the same, the mail comes
// when the server does, once.
func TestL5_TheMailServerIsAway(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	must(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	for name, port := range map[string]int{"refused": 1, "silent": silent.Addr().(*net.TCPAddr).Port} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true, Flags: map[string]string{"mail-smtp-port": fmt.Sprint(port)}})
			first := ""
			for _, email := range []string{ada, "zoe@example.com"} {
				b := w.Browser()
				start := time.Now()
				p := b.Follow(b.Post("/forgot-password", url.Values{"identifier": {email}}))
				if took := time.Since(start); took > 5*time.Second { // an attempt waits for 6 s
					t.Errorf("%s took %s", email, took)
				}
				got := shape(p, email)
				if first != "" && got != first {
					t.Errorf("%s differs:\n%s\nwant\n%s", email, got, first)
				}
				first = got
			}
			var jobs int
			must(t, w.Server.DB.QueryRow(t.Context(), `SELECT count(*) FROM outbox WHERE kind = 'mail' AND state = 'pending'`).Scan(&jobs))
			if jobs != 2 {
				t.Errorf("%d mails wait", jobs)
			}
		})
	}
}

// TestWithoutMailNothingIsOffered: the screens are not there, and registration
// is as it was.
func TestWithoutMailNothingIsOffered(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{})
	for _, path := range []string{"/forgot-password", "/forgot-password/new", "/register/code", "/register/link?t=x", "/login/verify", "/login/not-me?t=x"} {
		if p := w.Browser().Get(path); p.Status() != http.StatusNotFound {
			t.Errorf("%s: %d", path, p.Status())
		}
	}
	b := w.Browser()
	if p := b.Follow(b.Get(w.Authorize("web", nil))); strings.Contains(p.Body.String(), "forgot-password") {
		t.Error("the sign-in page offers a new password")
	}
	p := b.Follow(b.Get(w.Authorize("web", url.Values{"prompt": {"create"}})))
	b.Submit(p, url.Values{"email": {carol}, "password": {rptest.Password}}).Code(t)
	if a := find(t, w, carol); a.EmailVerified {
		t.Error("verified by nobody")
	}
}

// TestRE2_AskingTakesTheSameTime: registration hashes, and both write the same
// statements, whoever has the address. What takes the time is counted, while
// nothing else works: a clock shows what else the machine does.
func TestRE2_AskingTakesTheSameTime(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, rptest.Tenant, rptest.Options{Mail: true})
	w.Rest()
	for path, hashes := range map[string]bool{"/register": true, "/forgot-password": false} {
		costs := map[string]string{}
		for i, email := range []string{"first@example.com", ada, "nobody@example.com", ada} {
			w.Wait(2 * time.Hour) // the limits on mails
			b := w.Browser()
			b.Get(path) // what is remembered for a second is read by it
			before, average := w.Server.DB.Stats(), w.Server.Hasher.Stats().Average
			p := b.Post(path, url.Values{"email": {email}, "password": {rptest.Password}, "identifier": {email}})
			after, hashed := w.Server.DB.Stats(), w.Server.Hasher.Stats().Average != average
			if p.Status() != http.StatusSeeOther || hashed != hashes {
				t.Fatalf("%s of %s: %d, hashed: %v", path, email, p.Status(), hashed)
			}
			if i > 0 { // the first makes what there is once
				costs[email] = fmt.Sprint(after.Statements-before.Statements, " statements, ", after.Writes-before.Writes, " transitions")
			}
		}
		if costs[ada] != costs["nobody@example.com"] {
			t.Errorf("%s: known %s, unknown %s", path, costs[ada], costs["nobody@example.com"])
		}
		t.Log(path, costs)
	}
}

// TestRL6_CodesAndPasswordsShareTheCount: ten wrong codes, over fresh mails,
// are ten wrong passwords.
func TestRL6_CodesAndPasswordsShareTheCount(t *testing.T) {
	t.Parallel()
	rptest.BothMailing(t, rptest.Tenant, func(t *testing.T, w *rptest.World) {
		for range 2 {
			b := w.Browser()
			p := forgot(w, b, ada)
			for range 5 {
				enter(b, p, "000000")
			}
		}
		if p := w.Browser().Login(w.Authorize("web", nil), ada, rptest.Password); p.Status() != http.StatusTooManyRequests {
			t.Errorf("the right password after ten wrong codes: %d", p.Status())
		}
	})
}
