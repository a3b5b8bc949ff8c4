package session

import (
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/secret"
)

func TestSessionState(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	s := NewStates(secret.DeriveKey([]byte("test"), "session-state"))
	issued := s.Issue("acme", "web", app, "sid-1")
	hash, salt, ok := strings.Cut(issued, ".")
	if !ok || len(hash) != 43 || len(salt) != 16 || strings.ContainsAny(issued, " =+/") {
		t.Fatalf("session_state %q", issued)
	}
	if strings.Contains(issued, "sid-1") || issued == s.Issue("acme", "web", app, "sid-1") {
		t.Error("it shows the sid, or has no salt of its own")
	}
	other := NewStates(secret.DeriveKey([]byte("other"), "session-state"))
	for name, c := range map[string]struct {
		cite string
		s    *States
		args [4]string
		sent string
		want bool
	}{
		"the same session":                    {"Session Management §3.2", s, [4]string{"acme", "web", app, "sid-1"}, issued, true},
		"another session":                     {"Session Management §3.2", s, [4]string{"acme", "web", app, "sid-2"}, issued, false},
		"no session":                          {"Session Management §3.2", s, [4]string{"acme", "web", app, ""}, issued, false},
		"no session, and a value made for it": {"logout.md §5", s, [4]string{"acme", "web", app, ""}, s.Issue("acme", "web", app, ""), false},
		"another client":                      {"Session Management §3.2", s, [4]string{"acme", "shop", app, "sid-1"}, issued, false},
		"another origin":                      {"Session Management §3.2", s, [4]string{"acme", "web", app + ":8443", "sid-1"}, issued, false},
		"another tenant":                      {"product.md, tenant", s, [4]string{"acm", "web", app, "esid-1"}, issued, false},
		"another key":                         {"logout.md §5", other, [4]string{"acme", "web", app, "sid-1"}, issued, false},
		"another salt":                        {"Session Management §3.2", s, [4]string{"acme", "web", app, "sid-1"}, hash + ".x", false},
		"no salt":                             {"Session Management §3.2", s, [4]string{"acme", "web", app, "sid-1"}, hash, false},
		"nothing":                             {"Session Management §3.2", s, [4]string{"acme", "web", app, "sid-1"}, "", false},
	} {
		if got := c.s.Unchanged(c.args[0], c.args[1], c.args[2], c.args[3], c.sent); got != c.want {
			t.Errorf("%s (%s): unchanged is %v", name, c.cite, got)
		}
	}
}
