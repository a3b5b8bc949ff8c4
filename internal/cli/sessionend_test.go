package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
)

// joined begins a session in which clients took part.
func (w *world) joined(c *app.Core, sub string, clients ...string) *session.Session {
	w.t.Helper()
	s, _, err := c.Sessions.Authenticated(w.t.Context(), "default", session.Proof{Sub: sub, AMR: []string{"pwd"}, Lifetime: time.Hour}, nil, time.Now(), nil)
	w.must(err)
	w.must(c.DB.Write(w.t.Context(), func(tx *sqlstore.Tx) error {
		for _, id := range clients {
			if _, err := tx.Exec(`INSERT INTO participants (tenant, session, client_id, joined_at) VALUES ('default', $1, $2, 1)`, s.ID, id); err != nil {
				return err
			}
		}
		return nil
	}))
	return s
}

func TestSessionsOfAClientAndOfEverybodyEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite", nil)
	c := w.core()
	w.foyer("account add ada@example.com --sub ada --no-password", "")
	w.foyer("client add web redirect_uris=https://app.example.com/ backchannel_logout_uri=https://app.example.com/logout", "")
	w.foyer("client add other redirect_uris=https://app.example.com/", "")
	first := w.joined(c, "ada", "web", "other")
	for range 2*endBatch + 1 {
		w.joined(c, "ada", "other")
	}

	for line, want := range map[string]string{
		"session end": "name one of", "session end --all --client web": "name one of", "session end --everywhere --all": "--everywhere goes with a sid or an account",
		"session end --all": "add --yes", "session end --client web": "add --yes",
	} {
		if _, errs, exit := w.run(append([]string{"foyer"}, words(line)...), nil); exit != Usage || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", line, exit, errs)
		}
	}
	if _, errs, exit := w.run(words("foyer session end --client nobody --yes"), nil); exit != Refused || !strings.Contains(errs, "there is no client nobody") {
		t.Errorf("%d %s", exit, errs)
	}
	if out := w.foyer("session end --client web --yes", ""); out != "1 session has ended.\n" {
		t.Error(out)
	}

	show := w.foyer("session show "+first.SID, "")
	for _, want := range []string{"because of", "cli", "other web", "pending"} {
		if !strings.Contains(show, want) {
			t.Errorf("session show lacks %q:\n%s", want, show)
		}
	}
	var list []adminapi.Delivery
	w.must(json.Unmarshal([]byte(w.foyer("session delivery list --json --state pending --client web --session "+first.SID, "")), &list))
	if len(list) != 1 || list[0].SID != first.SID || list[0].Reason != "cli" {
		t.Fatalf("%+v", list)
	}
	if out := w.foyer("session delivery show "+list[0].ID, ""); !strings.Contains(out, "https://app.example.com/logout") {
		t.Error(out)
	}
	if _, errs, exit := w.run(words("foyer session delivery replay "+list[0].ID), nil); exit != Refused || !strings.Contains(errs, "pending already") {
		t.Errorf("%d %s", exit, errs)
	}
	jobs, err := c.Store.Lease(t.Context(), outbox.LaneOf(logout.Backchannel, "default", "web"), "me", 9, time.Now(), time.Now().Add(time.Minute))
	w.must(err)
	w.must(c.Store.Settle(t.Context(), "me", []outbox.Result{{Job: jobs[0], Outcome: outbox.Outcome{State: outbox.Dead, Answer: "HTTP 500"}}}, time.Now()))
	doctor := w.foyer("doctor", "")
	for _, want := range []string{`logout deliveries to default/web: 1 were given up within a day, the last with "HTTP 500"`, "foyer client test-logout web --tenant default"} {
		if !strings.Contains(doctor, want) {
			t.Errorf("doctor lacks %q:\n%s", want, doctor)
		}
	}
	if out := w.foyer("session delivery list", ""); !strings.Contains(out, "dead") || !strings.Contains(out, "HTTP 500") {
		t.Error(out)
	}
	if out := w.foyer("session delivery replay "+list[0].ID, ""); !strings.Contains(out, "is pending") {
		t.Error(out)
	}
	for _, line := range []string{"session delivery show x", "session delivery replay AAAAAAAAAAE", "session delivery list --session x"} {
		if _, errs, exit := w.run(append([]string{"foyer"}, words(line)...), nil); exit != Refused || !strings.Contains(errs, "there is no") {
			t.Errorf("%s: %d %s", line, exit, errs)
		}
	}

	if out := w.foyer("session end --all --yes", ""); out != "401 sessions have ended.\n" {
		t.Error(out)
	}
	if out := w.foyer("session list", ""); out != "No sessions.\n" {
		t.Error(out)
	}
	out := w.foyer("session list --ended --account ada --client web", "")
	if lines := strings.Split(strings.TrimSpace(out), "\n"); len(lines) != 2 || !strings.HasSuffix(lines[0], "ENDED") || !strings.HasPrefix(lines[1], first.SID) || !strings.HasSuffix(lines[1], "Z cli") {
		t.Error(out)
	}
}

func TestAClientIsAskedWhetherItListens(t *testing.T) {
	t.Parallel()
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" || !strings.HasPrefix(r.FormValue("logout_token"), "ey") {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(app.Close)
	w := newWorld(t, "sqlite", nil)
	w.core()
	const allow = " --egress-allow-private-networks 127.0.0.0/8"
	w.foyer("client add good redirect_uris=https://app.example.com/ backchannel_logout_uri="+app.URL+"/logout"+allow, "")
	w.foyer("client add bad redirect_uris=https://app.example.com/ backchannel_logout_uri="+app.URL+"/broken"+allow, "")
	w.foyer("client add deaf redirect_uris=https://app.example.com/", "")
	if out := w.foyer("client test-logout good"+allow, ""); !strings.Contains(out, "HTTP 200") || !strings.Contains(out, "yes") {
		t.Error(out)
	}
	for line, want := range map[string]string{
		"client test-logout bad" + allow:    "HTTP 500",
		"client test-logout good":           "not allowed", // the guard is that of deliveries
		"client test-logout deaf" + allow:   "has no backchannel_logout_uri",
		"client test-logout nobody" + allow: "there is no client nobody",
	} {
		out, errs, exit := w.run(append([]string{"foyer"}, words(line)...), nil)
		if exit != Refused || !strings.Contains(out+errs, want) {
			t.Errorf("%s: %d %s%s", line, exit, out, errs)
		}
	}
}
