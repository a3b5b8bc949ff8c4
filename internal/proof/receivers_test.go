package proof

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/rptest"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/storetest"
)

// TestL3_LO8_ReceiversThatMisbehave: redirects are not followed, endless answers
// are cut off, certificates are checked; the operator reads what happened.
func TestL3_LO8_ReceiversThatMisbehave(t *testing.T) {
	t.Parallel()
	var elsewhere, sent atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/found", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
	mux.HandleFunc("/again", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for range 16 << 10 { // a gigabyte, if anybody reads it
			n, err := w.Write(make([]byte, 64<<10))
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/secret", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "MARKER-BODY", http.StatusBadRequest) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	cases := map[string]struct {
		uri, answer string
		delivered   bool
		cite        string
	}{
		"moved":      {srv.URL + "/moved", "HTTP 301", false, "SS2"},
		"found":      {srv.URL + "/found", "HTTP 302", false, "SS2"},
		"again":      {srv.URL + "/again", "HTTP 307", false, "SS2"},
		"endless":    {srv.URL + "/endless", "HTTP 200", true, "SS3"},
		"secret":     {srv.URL + "/secret", "HTTP 400", false, "SS5"},
		"untrusted":  {strings.Replace(srv.URL, "http:", "https:", 1) + "/", "certificate or TLS handshake refused", false, "SS1"},
		"nobody":     {"http://" + storetest.Address(t) + "/", "no connection", false, "spec/logout.md §3"},
		"forbidden":  {"https://169.254.169.254/latest/meta-data/", "address not allowed here (egress.allow_private_networks)", false, "SS1"},
		"forbidden6": {"https://[fd00::1]/", "address not allowed here (egress.allow_private_networks)", false, "SS1"},
	}
	var b strings.Builder
	b.WriteString("tenant: default\nclients:\n")
	for id, c := range cases {
		b.WriteString("  - {client_id: " + id + ", client_secret: " + rptest.Secret + ", redirect_uris: [" + rptest.Callback + "], backchannel_logout_uri: \"" + c.uri + "\"}\n")
	}
	w := rptest.New(t, b.String(), rptest.Options{Flags: map[string]string{"egress-allow-private-networks": "127.0.0.0/8"}})
	for id, c := range cases {
		got, err := w.Server.Deliverer.Test(t.Context(), w.Live("default"), id)
		if err != nil || got.Answer != c.answer || got.Delivered != c.delivered || got.URI != c.uri {
			t.Errorf("%s (%s): %+v, %v, want %q", id, c.cite, got, err, c.answer)
		}
	}
	if elsewhere.Load() != 0 {
		t.Errorf("%d redirects were followed", elsewhere.Load())
	}
	if sent.Load() > 32<<20 {
		t.Errorf("%d bytes were taken of an endless answer", sent.Load())
	}
	records := tables(t, w.Database)["audit"]
	if n := strings.Count(strings.Join(records, "\n"), "logout.test"); n != len(cases) {
		t.Errorf("%d records of tests, want %d", n, len(cases))
	}
	if all := strings.Join(records, "\n") + w.Log.String(); strings.Contains(all, "MARKER-BODY") {
		t.Error("the body of an answer was kept (SS5)")
	}
}

// TestLO7_TheAddressOfTheMoment: where a token goes is what the client says at
// the attempt; nowhere when it says nothing any more, and to where it was only
// when the client itself is gone.
func TestLO7_TheAddressOfTheMoment(t *testing.T) {
	t.Parallel()
	r := newReceivers(t)
	w := rptest.New(t, r.listening(1), rptest.Options{Flags: map[string]string{"egress-allow-private-networks": "127.0.0.0/8"}})
	then, err := w.Server.Clients.Find(t.Context(), "default", "app0")
	if err != nil {
		t.Fatal(err)
	}
	job := logout.Notice("default", &then.Spec, logout.Ended{ID: 1, SID: "sid", Sub: "sub"}, session.ByAdmin)
	w.Wait(time.Second)
	job.CreatedAt, job.Since, job.Attempts = w.Now().UnixMicro(), w.Now().UnixMicro(), 1
	is := func(what string, state outbox.State, app0, app1 int) {
		t.Helper()
		w.Wait(2 * time.Second)
		o := w.Server.Deliverer.Deliver(t.Context(), job)
		if o.State != state || len(r.told("app0")) != app0 || len(r.told("app1")) != app1 {
			t.Errorf("%s: %s %q, %d at its address, %d at another", what, o.State, o.Answer, len(r.told("app0")), len(r.told("app1")))
		}
	}
	change := func(uri string) {
		t.Helper()
		spec := then.Spec
		spec.BackchannelLogoutURI = uri
		if _, err := w.Server.Clients.Update(t.Context(), "default", spec, 0, client.CheckContext{Origin: then.Origin, PlainHTTP: true}); err != nil {
			t.Fatal(err)
		}
	}
	is("as it was", outbox.Delivered, 1, 0)
	change(r.base + "/app1")
	is("moved", outbox.Delivered, 1, 1)
	change("")
	is("withdrawn", outbox.Refused, 1, 1)
	if err := w.Server.Clients.Delete(t.Context(), "default", "app0"); err != nil {
		t.Fatal(err)
	}
	is("of a client that is gone", outbox.Delivered, 2, 1)
	again := then.Spec
	again.BackchannelLogoutURI = r.base + "/app1"
	if _, err := w.Server.Clients.Create(t.Context(), "default", again, client.CheckContext{Origin: then.Origin, PlainHTTP: true}); err != nil {
		t.Fatal(err)
	}
	is("of a client that is gone, and another has its id", outbox.Delivered, 3, 1)
}
