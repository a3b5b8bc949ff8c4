package proof

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/net/html"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// register sends the registration form from a network of its own.
func register(w *rptest.World, n int, email, password string) *rptest.Page {
	w.T.Helper()
	b := w.Browser()
	b.Remote = fmt.Sprintf("198.51.%d.1:4000", n)
	return b.Post("/register", url.Values{"email": {email}, "password": {password}, "given_name": {"Grace"}, "family_name": {"Hopper"}})
}

// login posts the login screen of a browser and tells whether it signed in.
func login(w *rptest.World, b *rptest.Browser, identifier, password string) *rptest.Page {
	w.T.Helper()
	return b.Post("/login", url.Values{"identifier": {identifier}, "password": {password}})
}

// withHash adds an account with a stored hash, as an import does.
func withHash(w *rptest.World, email, hash string) *account.Account {
	w.T.Helper()
	id, err := account.ParseIdentifier(email, []account.Kind{account.Email})
	must(w.T, err)
	a := account.New("sub-of-"+email, w.Now())
	a.Email, a.EmailVerified, a.PasswordHash = id.Value, true, hash
	must(w.T, w.Server.Store.CreateAccount(context.Background(), "default", a, []account.Identifier{id}, audit.Event{Kind: audit.AccountCreated, Sub: a.Sub}))
	return a
}

func storedHash(w *rptest.World, sub string) string {
	w.T.Helper()
	a, err := w.Server.Store.FindAccount(context.Background(), "default", sub)
	must(w.T, err)
	return a.PasswordHash
}

// unguessable returns a password of n bytes that is on no list.
func unguessable(n int) string {
	return strings.Repeat("vq7 Zr#kd0p wL", n/14+1)[:n]
}

func TestPW1_LengthAtRegistration(t *testing.T) {
	t.Parallel()
	w := world(t)
	for i, c := range []struct {
		length int
		taken  bool
	}{{8, false}, {14, false}, {15, true}, {64, true}, {73, true}, {1024, true}, {1025, false}, {4000, false}} {
		email := fmt.Sprintf("p%d@example.com", i)
		p := register(w, i, email, unguessable(c.length))
		if got := p.Status() == http.StatusSeeOther; got != c.taken {
			t.Errorf("%d characters: %d", c.length, p.Status())
		}
		if !c.taken {
			continue
		}
		if got := login(w, w.Browser(), email, unguessable(c.length)).Status(); got != http.StatusSeeOther {
			t.Errorf("signing in with %d characters: %d", c.length, got)
		}
	}
}

func TestPW2_AnyCharacterAndEveryByteCounts(t *testing.T) {
	t.Parallel()
	w := world(t)
	long := unguessable(72)
	for i, c := range []struct{ set, right, wrong string }{
		{long + "A", long + "A", long + "B"},
		{long + "A", long + "A", long},
		{"zq\x00nul inside vkw", "zq\x00nul inside vkw", "zq"},
		{"🦉🦆🦅🐦🐧🦃🦚🦜🦩🕊🪿🐔🐓🐣🐤", "🦉🦆🦅🐦🐧🦃🦚🦜🦩🕊🪿🐔🐓🐣🐤", "🦉🦆🦅🐦🐧🦃🦚🦜🦩🕊🪿🐔🐓🐣🐥"},
		{"cafe\u0301 zwk vqx mlp", "caf\u00e9 zwk vqx mlp", "cafe zwk vqx mlp"},
		{"all lower letters zq", "all lower letters zq", "All lower letters zq"},
		{"  spaces count too  ", "  spaces count too  ", "spaces count too"},
	} {
		email := fmt.Sprintf("q%d@example.com", i)
		if p := register(w, i, email, c.set); p.Status() != http.StatusSeeOther {
			t.Errorf("registering %q: %d", c.set, p.Status())
		}
		if got := login(w, w.Browser(), email, c.right).Status(); got != http.StatusSeeOther {
			t.Errorf("%q: %d", c.right, got)
		}
		if got := login(w, w.Browser(), email, c.wrong).Status(); got != http.StatusUnauthorized {
			t.Errorf("%q: %d", c.wrong, got)
		}
	}
}

func TestPW3_GuessablePasswordsAreRefusedAtRegistration(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, strings.Replace(rptest.Tenant, "settings: {", "settings: {password: {min_length: 8}, registration_fields: [given_name, family_name], ", 1), rptest.Options{})
	for i, password := range []string{"password", "12345678", "qwertyuiop", "Password2026!", "iloveyou", "letmein1", "aaaaaaaaaaaaaaaa", "abcdefghijklmnop",
		"passwordpassword", "gracehopper1", "Example2026", "g9@example.com"} {
		if p := register(w, i, "g9@example.com", password); p.Status() != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", password, p.Status())
		}
	}
	if p := register(w, 99, "g9@example.com", "mzq9-vtr"); p.Status() != http.StatusSeeOther {
		t.Errorf("a good one: %d\n%s", p.Status(), p.Body)
	}
}

// TestPW4_StoredAsArgon2idAndRaisedAtSignIn: ours by its prefix, and imported
// hashes verify once and are replaced.
func TestPW4_StoredAsArgon2idAndRaisedAtSignIn(t *testing.T) {
	t.Parallel()
	const ours = "$argon2id$v=19$m=19456,t=2,p=1$"
	w := world(t)
	for _, row := range tables(t, w.Database)["accounts"] {
		if !strings.Contains(row, ours) {
			t.Errorf("no %s in %s", ours, row)
		}
	}
	old, err := bcrypt.GenerateFromPassword([]byte(rptest.Password), 4)
	must(t, err)
	weak, err := account.NewHasher(account.HasherOptions{Params: account.Params{Memory: 64, Time: 1, Threads: 1}})
	must(t, err)
	ourWeak, err := weak.Hash(t.Context(), rptest.Password)
	must(t, err)
	for i, hash := range []string{string(old), ourWeak, "$pbkdf2-sha256$1000$c2FsdHNhbHQ$" + pbkdf2Of(rptest.Password)} {
		a := withHash(w, fmt.Sprintf("old%d@example.com", i), hash)
		if got := login(w, w.Browser(), a.Email, "not "+rptest.Password).Status(); got != http.StatusUnauthorized || storedHash(w, a.Sub) != hash {
			t.Errorf("%.20s with a wrong password: %d", hash, got)
		}
		if got := login(w, w.Browser(), a.Email, rptest.Password).Status(); got != http.StatusSeeOther {
			t.Errorf("%.20s: %d", hash, got)
		}
		if got := storedHash(w, a.Sub); !strings.HasPrefix(got, ours) {
			t.Errorf("%.20s became %.40s", hash, got)
		}
		if got := login(w, w.Browser(), a.Email, rptest.Password).Status(); got != http.StatusSeeOther {
			t.Errorf("%.20s after its replacement: %d", hash, got)
		}
	}
}

// TestPW5_HugeParametersAreNotWorkedOff: an account whose stored hash asks for
// 4 GiB, for no work or for what nobody knows answers as any wrong pair, at once.
func TestPW5_HugeParametersAreNotWorkedOff(t *testing.T) {
	t.Parallel()
	w := world(t)
	for i, hash := range []string{
		"$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=4000000,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=0,t=0,p=0$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$2b$31$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu", "$scrypt$ln=30,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA", "plain", "$$$", "\x00",
	} {
		a := withHash(w, fmt.Sprintf("huge%d@example.com", i), hash)
		var p *rptest.Page
		if took := work(t, func() { p = login(w, w.Browser(), a.Email, rptest.Password) }); p.Status() != http.StatusUnauthorized || took > 5*time.Second {
			t.Errorf("%.40s: %d after %s", hash, p.Status(), took)
		}
	}
}

func TestPW8_FieldsForPasswordManagers(t *testing.T) {
	t.Parallel()
	w := world(t)
	for path, want := range map[string]map[string]string{
		"/login":    {"username": "email", "current-password": "password"},
		"/register": {"email": "email", "new-password": "password"},
	} {
		found := map[string]string{}
		elements(t, w.Browser().Get(path).Body.String(), func(n *html.Node) {
			kind, _ := attribute(n, "type")
			complete, _ := attribute(n, "autocomplete")
			for _, word := range strings.Fields(complete) {
				found[word] = kind
			}
			for _, bad := range []string{"onpaste", "oncopy", "readonly"} {
				if _, has := attribute(n, bad); has && n.Data == "input" {
					t.Errorf("%s: an input with %s", path, bad)
				}
			}
			if _, capped := attribute(n, "maxlength"); capped && kind == "password" {
				t.Errorf("%s: the password field cuts what is pasted", path)
			}
		})
		for word, kind := range want {
			if found[word] != kind && !(word == "email" && found["username"] == kind) {
				t.Errorf("%s: autocomplete %v, want %s on type %s", path, found, word, kind)
			}
		}
	}
}

func pbkdf2Of(password string) string {
	key, err := pbkdf2.Key(sha256.New, password, []byte("saltsalt"), 1000, 32)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(key), "+", ".") // passlib's alphabet
}
