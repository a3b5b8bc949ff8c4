package op_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// nextRow is a row of docs/next.md as HTTP reaches it.
type nextRow struct {
	situation string
	run       func(j *journey) *rptest.Page
	want      string
}

var nextRows = []nextRow{
	{"a live session and nothing asked: the code at once", signedIn("web"), "issue"},
	{"no session: sign in", stranger("web"), "sign in"},
	{"prompt=create with self-registration on: register", stranger("web", "prompt", "create"), "register"},
	{"prompt=create inside a live session: register all the same", signedIn("web", "prompt", "create"), "register"},
	{"prompt=create with self-registration off: as if absent", stranger("closed", "prompt", "create"), "sign in"},
	{"prompt=create with self-registration off, signed in: as if absent", signedIn("closed", "prompt", "create"), "issue"},
	{"prompt=create once the account is made: the code", func(j *journey) *rptest.Page {
		return j.submit(j.open("web", q("prompt", "create")), "email", "made@example.com", "password", rptest.Password)
	}, "issue"},
	{"prompt=create, and the person has an account after all: the code", func(j *journey) *rptest.Page {
		return j.signIn(j.b.Get("/login?r="+j.sealed("web", q("prompt", "create"))), ada)
	}, "issue"},
	{"prompt=select_account with a session: choose", signedIn("web", "prompt", "select_account"), "choose"},
	{"prompt=select_account without a session: sign in", stranger("web", "prompt", "select_account"), "sign in"},
	{"prompt=select_account after signing in without a session: the code", func(j *journey) *rptest.Page {
		return j.signIn(j.open("web", q("prompt", "select_account")), ada)
	}, "issue"},
	{"prompt=select_account after choosing this account: the code", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		return j.submit(j.open("web", q("prompt", "select_account")), "choice", "continue")
	}, "issue"},
	{"prompt=select_account, another account please: sign in", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		return j.submit(j.open("web", q("prompt", "select_account")), "choice", "other")
	}, "sign in"},
	{"prompt=select_account after signing in as another: the code", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		return j.signIn(j.submit(j.open("web", q("prompt", "select_account")), "choice", "other"), bob)
	}, "issue"},
	{"prompt=select_account, the choice shown is no longer who is signed in: choose again", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		p := j.open("web", q("prompt", "select_account"))
		j.enter(bob, time.Hour)
		return j.submit(p, "choice", "continue")
	}, "choose"},
	{"prompt=select_account once answered, the same sealed request again: choose", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		sealed := j.sealed("web", q("prompt", "select_account"))
		j.want(j.submit(j.resume(sealed), "choice", "continue"), "issue")
		return j.resume(sealed)
	}, "choose"},
	{"prompt=login with an older sign-in: sign in", signedIn("web", "prompt", "login"), "sign in"},
	{"prompt=login after signing in since the request arrived: the code", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		return j.signIn(j.open("web", q("prompt", "login")), ada)
	}, "issue"},
	{"prompt=login, the same sealed request at once: the code", answered("web", 0, "prompt", "login"), "issue"},
	{"prompt=login, the same sealed request 15 minutes after it was answered: the code", answered("web", 15*time.Minute, "prompt", "login"), "issue"},
	{"prompt=login, the same sealed request 16 minutes after it was answered: sign in", answered("web", 16*time.Minute, "prompt", "login"), "sign in"},
	{"prompt=login, the same sealed request three days after it was answered: sign in", answered("web", 72*time.Hour, "prompt", "login"), "sign in"},
	{"no prompt, the same sealed request three days after it was answered: the code", answered("web", 72*time.Hour), "issue"},
	{"prompt=login select_account: choosing comes first", signedIn("web", "prompt", "login select_account"), "choose"},
	{"prompt=login select_account after choosing: sign in", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		return j.submit(j.open("web", q("prompt", "login select_account")), "choice", "continue")
	}, "sign in"},
	{"prompt=login select_account after both: the code", func(j *journey) *rptest.Page {
		j.enter(ada, time.Hour)
		return j.signIn(j.submit(j.open("web", q("prompt", "login select_account")), "choice", "continue"), ada)
	}, "issue"},
	{"max_age not exceeded: the code", signedIn("web", "max_age", "3600"), "issue"},
	{"max_age exceeded: sign in", signedIn("web", "max_age", "3599"), "sign in"},
	{"max_age=0 asks like prompt=login", signedIn("web", "max_age", "0"), "sign in"},
	{"max_age=0 after signing in since the request arrived: the code, no loop", answered("web", 0, "max_age", "0"), "issue"},
	{"max_age=0, the same sealed request three days later: sign in", answered("web", 72*time.Hour, "max_age", "0"), "sign in"},
	{"default_max_age of the client counts when the request has none", signedIn("aged"), "sign in"},
	{"max_age of the request beats default_max_age", signedIn("aged", "max_age", "86400"), "issue"},
	{"an account disabled meanwhile: sign in", func(j *journey) *rptest.Page {
		a := j.w.Person("default", "disabled@example.com")
		j.enter(a.Email, time.Hour)
		must(j, j.w.Server.Store.SetDisabled(j.Context(), "default", a.Sub, true, j.w.Now(), audit.Event{Kind: audit.AccountDisabled}))
		return j.open("web", nil)
	}, "sign in"},
	{"an account deleted meanwhile: sign in", func(j *journey) *rptest.Page {
		a := j.w.Person("default", "deleted@example.com")
		j.enter(a.Email, time.Hour)
		must(j, j.w.Server.Store.DeleteAccount(j.Context(), "default", a.Sub, j.w.Now(), audit.Event{Kind: audit.AccountDeleted}))
		return j.open("web", nil)
	}, "sign in"},
	{"id_token_hint of this account: the code", hinted(ada, ada), "issue"},
	{"id_token_hint of another account: sign in", hinted(bob, ada), "sign in"},
	{"id_token_hint that names nobody: sign in", signedIn("web", "id_token_hint", "garbage"), "sign in"},
	{"id_token_hint that names nobody, after a fresh sign-in: the code, no dead end", answered("web", 0, "id_token_hint", "garbage"), "issue"},
	{"id_token_hint of another account than the one that has just signed in: never that account's tokens", func(j *journey) *rptest.Page {
		return j.signIn(hinted(bob, ada)(j), ada)
	}, "login_required"},
	{"id_token_hint of another account, and that one signs in: the code", func(j *journey) *rptest.Page {
		return j.signIn(hinted(bob, ada)(j), bob)
	}, "issue"},
	{"claims demand another sub: sign in", signedIn("web", "claims", `{"id_token":{"sub":{"value":"somebody"}}}`), "sign in"},
	{"claims demand another sub than the one that has just signed in", answered("web", 0, "claims", `{"id_token":{"sub":{"value":"somebody"}}}`), "login_required"},
	{"an essential acr that the tenant cannot reach", signedIn("web", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:foyer:acr:2"}}}`), "unmet_authentication_requirements"},
	{"an essential acr of unknown values", stranger("web", "claims", `{"id_token":{"acr":{"essential":true,"values":["x"]}}}`), "unmet_authentication_requirements"},
	{"an essential acr that the session meets: the code", signedIn("web", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:foyer:acr:1"}}}`), "issue"},
	{"a voluntary acr that cannot be met is passed over", signedIn("web", "acr_values", "urn:foyer:acr:2"), "issue"},
	{"a third-party client without consent: ask", signedIn("third"), "consent"},
	{"a third-party client with consent to all of it: the code", func(j *journey) *rptest.Page {
		j.want(j.submit(signedInAs("first@example.com", "third")(j), "action", "allow"), "issue")
		return j.open("third", nil)
	}, "issue"},
	{"a third-party client with a new scope: ask", func(j *journey) *rptest.Page {
		j.want(j.submit(signedInAs("scopes@example.com", "third")(j), "action", "allow"), "issue")
		return j.open("third", q("scope", "openid profile email phone"))
	}, "consent"},
	{"a third-party client with fewer scopes than consented: the code", func(j *journey) *rptest.Page {
		j.want(j.submit(signedInAs("fewer@example.com", "third")(j), "action", "allow"), "issue")
		return j.open("third", q("scope", "openid"))
	}, "issue"},
	{"consent refused: access_denied, and asked again", func(j *journey) *rptest.Page {
		j.want(j.submit(signedInAs("deny@example.com", "third")(j), "action", "deny"), "access_denied")
		return j.open("third", nil)
	}, "consent"},
	{"prompt=consent asks for a first-party client too", signedIn("web", "prompt", "consent"), "consent"},
	{"prompt=consent once answered: the code", func(j *journey) *rptest.Page {
		return j.submit(signedIn("web", "prompt", "consent")(j), "action", "allow")
	}, "issue"},
	{"prompt=consent asks again the next time", func(j *journey) *rptest.Page {
		j.want(j.submit(signedInAs("again@example.com", "third", "prompt", "consent")(j), "action", "allow"), "issue")
		return j.open("third", q("prompt", "consent"))
	}, "consent"},
	{"consent never comes before sign-in", stranger("third"), "sign in"},
	{"consent comes right after sign-in", func(j *journey) *rptest.Page { return j.signIn(j.open("third", nil), bob) }, "consent"},
	{"a native public client with a private-use scheme, silent: continue?", signedIn("native", "redirect_uri", "com.example.app:/callback"), "continue"},
	{"a native public client on loopback, silent: continue?", signedIn("native", "redirect_uri", "http://127.0.0.1:5000/callback"), "continue"},
	{"a native public client whose address is https: the code", signedIn("https-native", "redirect_uri", "https://phone.example.com/callback"), "issue"},
	{"a native public client after signing in in this interaction: the code", func(j *journey) *rptest.Page {
		return j.signIn(j.open("native", q("redirect_uri", "com.example.app:/callback")), ada)
	}, "issue"},
	{"a native public client after answering continue: the code", func(j *journey) *rptest.Page {
		return j.submit(signedIn("native", "redirect_uri", "com.example.app:/callback")(j), "action", "allow")
	}, "issue"},
	{"the answer to continue is never remembered", func(j *journey) *rptest.Page {
		j.want(j.submit(signedIn("native", "redirect_uri", "com.example.app:/callback")(j), "action", "allow"), "issue")
		return j.open("native", q("redirect_uri", "com.example.app:/callback"))
	}, "continue"},
	{"continue refused: access_denied", func(j *journey) *rptest.Page {
		return j.submit(signedIn("native", "redirect_uri", "com.example.app:/callback")(j), "action", "deny")
	}, "access_denied"},
}

func must(j *journey, err error) {
	j.Helper()
	if err != nil {
		j.Fatal(err)
	}
}

// stranger opens a request in a browser without a session.
func stranger(client string, pairs ...string) func(*journey) *rptest.Page {
	return func(j *journey) *rptest.Page { return j.open(client, q(pairs...)) }
}

// signedIn opens a request an hour after signing in.
func signedIn(client string, pairs ...string) func(*journey) *rptest.Page {
	return signedInAs("carol@example.com", client, pairs...)
}

func signedInAs(email, client string, pairs ...string) func(*journey) *rptest.Page {
	return func(j *journey) *rptest.Page {
		j.enter(email, time.Hour)
		return j.open(client, q(pairs...))
	}
}

// answered signs in to a request and opens it again, as it travelled, later.
func answered(client string, later time.Duration, pairs ...string) func(*journey) *rptest.Page {
	return func(j *journey) *rptest.Page {
		sealed := j.sealed(client, q(pairs...))
		first := j.signIn(j.resume(sealed), ada)
		j.w.Wait(later)
		if later == 0 {
			return first
		}
		j.want(first, "issue")
		return j.resume(sealed)
	}
}

// hinted opens a request with an ID token of one person while another is
// signed in.
func hinted(whose, who string) func(*journey) *rptest.Page {
	return func(j *journey) *rptest.Page {
		j.enter(whose, time.Hour)
		hint := j.b.Tokens("web", nil).Get("id_token")
		j.enter(who, time.Hour)
		return j.open("web", url.Values{"id_token_hint": {hint}})
	}
}

// TestNextOverHTTP is docs/next.md, as browsers meet it.
func TestNextOverHTTP(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(24 * time.Hour)
		for _, row := range nextRows {
			t.Run(row.situation, func(t *testing.T) {
				j := &journey{t, w, w.Browser()}
				j.want(row.run(j), row.want)
			})
		}
	})
}

// TestNextUnderPromptNone: the screen becomes its error, at the client and
// never on a page, and the browser keeps what it had (OIDC Core §3.1.2.6).
func TestNextUnderPromptNone(t *testing.T) {
	t.Parallel()
	rptest.Both(t, oneTenant, func(t *testing.T, w *rptest.World) {
		w.Wait(24 * time.Hour)
		native := []string{"redirect_uri", "com.example.app:/callback"}
		for _, row := range []struct {
			situation, client string
			signedIn          bool
			with              []string
			want              string
		}{
			{"a session", "web", true, nil, "issue"},
			{"no session", "web", false, nil, "login_required"},
			{"max_age exceeded", "web", true, []string{"max_age", "60"}, "login_required"},
			{"max_age=0", "web", true, []string{"max_age", "0"}, "login_required"},
			{"default_max_age exceeded", "aged", true, nil, "login_required"},
			{"a hint that names nobody", "web", true, []string{"id_token_hint", "x"}, "login_required"},
			{"another sub", "web", true, []string{"claims", `{"id_token":{"sub":{"value":"x"}}}`}, "login_required"},
			{"consent", "third", true, nil, "consent_required"},
			{"consent, no session", "third", false, nil, "login_required"},
			{"continue", "native", true, native, "interaction_required"},
			{"an acr out of reach", "web", true, []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"x"}}}`}, "unmet_authentication_requirements"},
		} {
			t.Run(row.situation, func(t *testing.T) {
				j := &journey{t, w, w.Browser()}
				if row.signedIn {
					j.enter("dan@example.com", time.Hour)
				}
				p := j.b.Get(w.Authorize(row.client, q(append(row.with, "prompt", "none")...)))
				j.want(p, row.want)
				if p.Status() != 303 || len(p.Header()["Set-Cookie"]) > 0 || p.Answer().Get("iss") != w.Base || p.Answer().Get("state") != "s-"+row.client {
					t.Errorf("answered %d %v", p.Status(), p.Header())
				}
			})
		}
	})
}
