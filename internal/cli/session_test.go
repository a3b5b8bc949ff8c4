package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/session"
)

// core opens what the world's commands open.
func (w *world) core() *app.Core {
	w.t.Helper()
	r := &run{ctx: w.t.Context(), env: w.env, now: time.Now, io: Stdio{Err: w.t.Output()}}
	cfg, err := r.load()
	w.must(err)
	c, err := app.Open(w.t.Context(), cfg, app.Env{Create: true})
	w.must(err)
	w.t.Cleanup(func() { w.must(c.Close()) })
	w.must(c.EnsureTenant(w.t.Context()))
	return c
}

func (w *world) foyer(line string, stdin string) string {
	w.t.Helper()
	out, errs, exit := w.run(append([]string{"foyer"}, words(line)...), []byte(stdin))
	if exit != Done {
		w.t.Fatalf("foyer %s: exit code %d\n%s%s", line, exit, out, errs)
	}
	return out
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite", nil)
	c := w.core()
	w.foyer("account add ada@example.com --sub ada --no-password", "")
	begin := func() *session.Session {
		s, _, err := c.Sessions.Authenticated(t.Context(), "default", session.Proof{Sub: "ada", AMR: []string{"pwd"}, Lifetime: time.Hour,
			Address: "192.0.2.1", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0\x1b[2J"}, nil, time.Now(), nil)
		w.must(err)
		return s
	}
	first, second, third := begin(), begin(), begin()

	out := w.foyer("session list --account ada@example.com", "")
	for _, s := range []*session.Session{first, second, third} {
		if !strings.Contains(out, s.SID) {
			t.Errorf("session %s is not in\n%s", s.SID, out)
		}
	}
	if strings.Count(out, "ada  Firefox on Linux  192.0.2.1  20") != 3 || !strings.HasPrefix(out, "SID") {
		t.Errorf("the list does not say what people sign in with:\n%s", out)
	}
	show := w.foyer("session show "+first.SID, "")
	if strings.Contains(show, "\x1b") || !strings.Contains(show, "192.0.2.1") || !strings.Contains(show, "Firefox on Linux") || !strings.Contains(show, "rv:143.0") {
		t.Errorf("session show prints %q", show)
	}
	if out := w.foyer("session end "+first.SID, ""); out != "1 session has ended.\n" {
		t.Error(out)
	}
	if out := w.foyer("session end --everywhere "+second.SID, ""); out != "2 sessions have ended.\n" {
		t.Error(out)
	}
	if out := w.foyer("session list", ""); out != "No sessions.\n" {
		t.Error(out)
	}
	records, err := c.Store.ListAudit(t.Context(), "default", 0, 10)
	w.must(err)
	if r := records[0]; r.Kind != audit.SessionEnded || r.Actor.Name != "cli" || r.Data["reason"] != string(session.ByCommand) {
		t.Errorf("audit has %+v", r)
	}
}

// TestLG1_CommandsPrintNoStoredSecrets sends a canary through every place where
// a secret goes in, and looks for it in all that commands print.
func TestLG1_CommandsPrintNoStoredSecrets(t *testing.T) {
	t.Parallel()
	const canary = "canary-of-a-secret-0123456789"
	w := newWorld(t, "sqlite", map[string]string{"tenant.yaml": `
tenant: default
clients: [{client_id: web, client_secret: ` + canary + `, redirect_uris: [https://app.example.com/]}]
resources: [{audience: https://api.example.com, introspection_secret: ` + canary + `}]
accounts: [{email: ada@example.com, password: ` + canary + `}]
`})
	file := w.dir + "/tenant.yaml"
	for _, line := range []string{
		"apply --dry-run -f " + file, "apply -f " + file, "apply --json -f " + file, "export", "doctor", "doctor --json",
		"client list --json", "client show web", "client show web --json", "account list --json", "account show ada@example.com",
		"account show --json ada@example.com", "tenant show --json", "keys list --json", "session list --json",
	} {
		out, errs, exit := w.run(append([]string{"foyer"}, words(line)...), nil)
		if exit != Done {
			t.Errorf("foyer %s: exit code %d\n%s", line, exit, errs)
		}
		for _, secret := range []string{canary, "$argon2", "PRIVATE KEY", `"d":`} {
			if strings.Contains(out+errs, secret) {
				t.Errorf("foyer %s prints %s", line, secret)
			}
		}
	}
}
