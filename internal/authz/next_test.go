package authz

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
)

var update = flag.Bool("update", false, "write docs/next.md")

var arrived = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// situation builds Facts: a first-party https client, a request that has just
// arrived, and a session of Ada's that began an hour before.
type situation func(*Facts)

func facts(with ...situation) Facts {
	f := Facts{
		Request: &oidc.AuthRequest{ClientID: "web", RedirectURI: "https://app.example.com/callback", Scope: []string{"openid"}, MaxAge: -1},
		Arrived: arrived, Now: arrived.Add(time.Second), MaxLevel: 1, Scope: []string{"openid"},
		Client:  &client.Client{Spec: client.Spec{ClientID: "web"}},
		Session: &session.Session{Sub: "ada", Level: 1, AuthTime: arrived.Add(-time.Hour).UnixMicro()},
		Account: &account.Account{Sub: "ada"},
	}
	for _, w := range with {
		w(&f)
	}
	return f
}

func prompt(p string) situation {
	return func(f *Facts) {
		r, _ := oidc.ParseAuthRequest(oidc.FormOf(map[string]string{"prompt": p}))
		f.Request.Prompt = r.Prompt
	}
}
func noSession(f *Facts)              { f.Session, f.Account = nil, nil }
func registrationOn(f *Facts)         { f.Registered = true }
func madeAccount(f *Facts)            { f.Progress.Registered = true }
func choseAda(f *Facts)               { f.Progress.Chosen = "ada" }
func choseBob(f *Facts)               { f.Progress.Chosen = "bob" }
func signedInNow(f *Facts)            { f.Session.AuthTime = f.Arrived.UnixMicro() }
func disabled(f *Facts)               { f.Account.DisabledAt = 1 }
func deleted(f *Facts)                { f.Account = nil }
func hint(sub string) situation       { return func(f *Facts) { f.HintSent, f.HintSub = true, sub } }
func allowed(f *Facts)                { f.Allowed = true }
func thirdParty(f *Facts)             { no := false; f.Client.FirstParty = &no }
func consentTo(s ...string) situation { return func(f *Facts) { f.Consent = s } }
func asks(s ...string) situation      { return func(f *Facts) { f.Scope = s } }
func maxAge(s int64) situation        { return func(f *Facts) { f.Request.MaxAge = s } }
func later(d time.Duration) situation {
	return func(f *Facts) { f.Now = f.Arrived.Add(d) }
}
func native(uri string) situation {
	return func(f *Facts) {
		f.Client.ApplicationType, f.Client.TokenEndpointAuthMethod = "native", client.MethodNone
		f.Request.RedirectURI = uri
	}
}
func claims(s string) situation {
	return func(f *Facts) {
		c, err := oidc.ParseClaims(s)
		if err != nil {
			panic(err)
		}
		f.Request.Claims = c
	}
}
func defaultMaxAge(s int64) situation { return func(f *Facts) { f.Client.DefaultMaxAge = &s } }
func level2Possible(f *Facts)         { f.MaxLevel = 2 }

const essentialACR2 = `{"id_token":{"acr":{"essential":true,"values":["urn:foyer:acr:2"]}}}`

var nextCases = []struct {
	name, cite string
	facts      Facts
	want       Step
}{
	{"a live session and nothing asked: the code at once", "sign-in §1.9", facts(), Issue},
	{"no session: sign in", "sign-in §1.3", facts(noSession), SignIn},
	{"prompt=create with self-registration on: register", "Initiating User Registration 1.0 §4", facts(noSession, prompt("create"), registrationOn), Register},
	{"prompt=create inside a live session: register all the same", "sign-in §1.1", facts(prompt("create"), registrationOn), Register},
	{"prompt=create with self-registration off: as if absent", "sign-in §1.1", facts(noSession, prompt("create")), SignIn},
	{"prompt=create once the account is made: the code", "sign-in §1.1", facts(prompt("create"), registrationOn, madeAccount, signedInNow), Issue},
	{"prompt=select_account with a session: choose", "OIDC Core §3.1.2.1", facts(prompt("select_account")), Choose},
	{"prompt=select_account without a session: sign in", "sign-in §1.2", facts(noSession, prompt("select_account")), SignIn},
	{"prompt=select_account after choosing this account: the code", "sign-in §1.2", facts(prompt("select_account"), choseAda), Issue},
	{"prompt=select_account after choosing another account than the session's: choose again", "sign-in §1.2", facts(prompt("select_account"), choseBob), Choose},
	{"prompt=login with an older sign-in: sign in", "OIDC Core §3.1.2.1", facts(prompt("login")), SignIn},
	{"prompt=login after signing in since the request arrived: the code", "sign-in §1, nothing is stored", facts(prompt("login"), signedInNow), Issue},
	{"prompt=login, the same sealed request 16 minutes after it was answered: sign in", "sign-in §1, replay", facts(prompt("login"), signedInNow, later(16*time.Minute)), SignIn},
	{"prompt=login, the same sealed request three days after it was answered: sign in", "sign-in §1, replay", facts(prompt("login"), signedInNow, later(72*time.Hour)), SignIn},
	{"prompt=login select_account: choosing comes first", "sign-in §1 order", facts(prompt("login select_account")), Choose},
	{"max_age not exceeded: the code", "OIDC Core §3.1.2.1", facts(maxAge(7200)), Issue},
	{"max_age exceeded: sign in", "OIDC Core §3.1.2.1", facts(maxAge(60)), SignIn},
	{"max_age=0 asks like prompt=login", "OIDC Core §3.1.2.1", facts(maxAge(0)), SignIn},
	{"max_age=0 after signing in since the request arrived: the code, no loop", "sign-in §1", facts(maxAge(0), signedInNow), Issue},
	{"default_max_age of the client counts when the request has none", "OIDC Registration §2", facts(defaultMaxAge(60)), SignIn},
	{"default_max_age of three centuries is never exceeded", "OIDC Registration §2", facts(defaultMaxAge(9_999_999_999)), Issue},
	{"max_age of the request beats default_max_age", "OIDC Registration §2", facts(defaultMaxAge(60), maxAge(7200)), Issue},
	{"an account disabled meanwhile: sign in", "sign-in §1.3", facts(disabled), SignIn},
	{"an account deleted meanwhile: sign in", "sign-in §1.3", facts(deleted), SignIn},
	{"prompt=select_account, and the session's account was deleted meanwhile: sign in", "sign-in §1.3", facts(prompt("select_account"), deleted), SignIn},
	{"id_token_hint of this account: the code", "OIDC Core §3.1.2.1", facts(hint("ada")), Issue},
	{"id_token_hint of another account: sign in", "OIDC Core §3.1.2.1", facts(hint("bob")), SignIn},
	{"id_token_hint that names nobody: sign in", "sign-in §1.3", facts(hint("")), SignIn},
	{"id_token_hint that names nobody, after a fresh sign-in: the code, no dead end", "sign-in §1.3", facts(hint(""), signedInNow), Issue},
	{"id_token_hint of another account than the one that has just signed in: never that account's tokens", "OIDC Core §3.1.2.1", facts(hint("bob"), signedInNow), Mismatch},
	{"claims demand another sub: sign in", "OIDC Core §5.5.1", facts(claims(`{"id_token":{"sub":{"value":"bob"}}}`)), SignIn},
	{"claims demand another sub than the one that has just signed in", "OIDC Core §5.5.1", facts(claims(`{"id_token":{"sub":{"value":"bob"}}}`), signedInNow), Mismatch},
	{"an essential acr that the tenant cannot reach", "Unmet Authentication Requirements 1.0 §2", facts(claims(essentialACR2)), Unmet},
	{"an essential acr of unknown values", "OIDC Core §5.5.1.1", facts(claims(`{"id_token":{"acr":{"essential":true,"value":"gold"}}}`)), Unmet},
	{"an essential acr above the session's level: step up", "sign-in §1.3", facts(claims(essentialACR2), level2Possible), SignIn},
	{"an essential acr that the session meets: the code", "OIDC Core §5.5.1.1", facts(claims(`{"id_token":{"acr":{"essential":true,"value":"urn:foyer:acr:1"}}}`)), Issue},
	{"a voluntary acr that cannot be met is passed over", "OIDC Core §3.1.2.1", facts(claims(`{"id_token":{"acr":{"values":["urn:foyer:acr:2"]}}}`)), Issue},
	{"identifier to be verified", "sign-in §1.4", facts(func(f *Facts) { f.MustVerify = true }), Verify},
	{"second step to be done, after verification", "sign-in §1.5", facts(func(f *Facts) { f.MustSecondStep = true }), SecondStep},
	{"verification comes before the second step", "sign-in §1 order", facts(func(f *Facts) { f.MustVerify, f.MustSecondStep = true, true }), Verify},
	{"legal texts out of date, in an existing session too", "sign-in §1.6", facts(func(f *Facts) { f.MustAccept = true }), Legal},
	{"required fields missing", "sign-in §1.7", facts(func(f *Facts) { f.MissingFields = true }), Profile},
	{"legal texts come before required fields", "sign-in §1 order", facts(func(f *Facts) { f.MustAccept, f.MissingFields = true, true }), Legal},
	{"a third-party client without consent: ask", "sign-in §1.8", facts(thirdParty, asks("openid", "email")), Consent},
	{"a third-party client with consent to all of it: the code", "sign-in §1.8", facts(thirdParty, asks("openid", "email"), consentTo("openid", "email", "profile")), Issue},
	{"a third-party client with a new scope: ask", "sign-in §1.8", facts(thirdParty, asks("openid", "email"), consentTo("openid")), Consent},
	{"a first-party client is not asked about", "sign-in §1.8", facts(asks("openid", "email")), Issue},
	{"prompt=consent asks for a first-party client too", "OIDC Core §3.1.2.1", facts(prompt("consent")), Consent},
	{"prompt=consent once answered: the code", "sign-in §1.8", facts(prompt("consent"), allowed), Issue},
	{"consent never comes before sign-in", "sign-in §1 order", facts(noSession, thirdParty), SignIn},
	{"a native public client with a private-use scheme, silent: continue?", "RFC 8252 §8.6", facts(native("com.example.app:/cb")), Continue},
	{"a native public client on loopback, silent: continue?", "RFC 8252 §8.6", facts(native("http://127.0.0.1:5000/cb")), Continue},
	{"a native public client whose address is https: the code", "RFC 8252 §7.2", facts(native("https://app.example.com/cb")), Issue},
	{"a native public client after signing in in this interaction: the code", "sign-in §1.8", facts(native("com.example.app:/cb"), signedInNow), Issue},
	{"a native public client after answering continue: the code", "sign-in §1.8", facts(native("com.example.app:/cb"), allowed), Issue},
	{"the answer to continue is never remembered", "sign-in §1.8", facts(native("com.example.app:/cb"), consentTo("openid")), Continue},
}

func TestNext(t *testing.T) {
	t.Parallel()
	for _, c := range nextCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.cite == "" {
				t.Fatal("a case without a citation")
			}
			if got := Next(c.facts); got != c.want {
				t.Errorf("Next = %s, want %s", got, c.want)
			}
		})
	}
}

// TestNextDecidesTheSameTwice: nothing is stored, so nothing loops.
func TestNextDecidesTheSameTwice(t *testing.T) {
	t.Parallel()
	for _, c := range nextCases {
		if a, b := Next(c.facts), Next(c.facts); a != b {
			t.Errorf("%s: %s, then %s", c.name, a, b)
		}
	}
}

// TestPromptNone: the first screen becomes its error (OIDC Core §3.1.2.6).
func TestPromptNone(t *testing.T) {
	t.Parallel()
	want := map[Step]oidc.Code{
		Issue: "", SignIn: oidc.LoginRequired, Mismatch: oidc.LoginRequired, Consent: oidc.ConsentRequired, Unmet: oidc.UnmetAuthenticationRequirements,
		Register: oidc.InteractionRequired, Choose: oidc.InteractionRequired, Verify: oidc.InteractionRequired,
		SecondStep: oidc.InteractionRequired, Legal: oidc.InteractionRequired, Profile: oidc.InteractionRequired, Continue: oidc.InteractionRequired,
	}
	for s := Issue; s <= Mismatch; s++ {
		if got := s.Code(); got != want[s] {
			t.Errorf("%s: %q, want %q", s, got, want[s])
		}
	}
}

// TestNextTableIsPublished keeps docs/next.md, the published table, fresh.
func TestNextTableIsPublished(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("# What happens next to an authorization request\n\n")
	b.WriteString("The decision is one pure function, `authz.Next`. Every row is a test (`TestNext`); `go test ./internal/authz -update` writes this page.\n")
	b.WriteString("Under `prompt=none` the screen of the last column becomes its error: sign in `login_required`, consent `consent_required`, others `interaction_required`.\n\n")
	b.WriteString("| situation | rests on | next |\n|---|---|---|\n")
	for _, c := range nextCases {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.name, c.cite, c.want)
	}
	const file = "../../docs/next.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != b.String() {
		t.Errorf("docs/next.md is not fresh (%v); run go test ./internal/authz -update", err)
	}
}

// TestUnknownClaimsAreHarmless: claims of any shape ask for nothing.
func TestUnknownClaimsAreHarmless(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`{}`, `{"id_token":{"acr":null,"sub":null}}`, `{"id_token":{"sub":{"value":7}}}`, `{"userinfo":{"x":{"essential":true}}}`} {
		if !json.Valid([]byte(s)) {
			t.Fatal(s)
		}
		if got := Next(facts(claims(s))); got != Issue {
			t.Errorf("%s: %s", s, got)
		}
	}
}
