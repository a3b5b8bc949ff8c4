package adminapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/outbox"
)

// TestIsThisPersonSignedOutEverywhere: what an administrator sees before and
// after a sign-out.
func TestIsThisPersonSignedOutEverywhere(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		b, first := w.signedIn(ada, "listening")
		w.Wait(time.Second)
		_, second := w.signedIn(ada, "web")
		_, others := w.signedIn(bob, "web")
		token := w.bearer("", "ops", "")
		sub := w.Person("default", ada).Sub

		list := w.as(token, "GET", "/admin/v1/sessions?account=Ada%40People.example.com")
		if diff := cmp.Diff([]string{second, first}, items(list, "sid")); diff != "" {
			t.Error(diff)
		}
		for _, path := range []string{"/admin/v1/sessions?account=" + sub, "/admin/v1/accounts/" + sub + "/sessions", "/admin/v1/sessions?include=ended&account=" + sub} {
			if got := w.as(token, "GET", path).Raw; got != list.Raw {
				t.Errorf("%s: %s", path, got)
			}
		}
		if got := items(w.as(token, "GET", "/admin/v1/sessions?client=listening"), "sid"); !slices.Equal(got, []string{first}) {
			t.Errorf("of a client: %v", got)
		}
		one := w.as(token, "GET", "/admin/v1/sessions/"+first)
		is(t, "one", one, http.StatusOK, "")
		if one.JSON["alive"] != true || one.Get("browser") != "Firefox on Linux" || one.Get("acr") == "" || one.Get("ended_at") != "" ||
			!strings.Contains(one.Raw, `"participants":[{"client_id":"listening","joined_at":"2026-`) || !strings.Contains(one.Raw, `"deliveries":[]`) {
			t.Errorf("one: %s", one.Raw)
		}

		is(t, "end", w.as(token, "DELETE", "/admin/v1/sessions/"+first), http.StatusNoContent, "")
		if b.Alive() {
			t.Error("the browser is still signed in")
		}
		is(t, "end again", w.as(token, "DELETE", "/admin/v1/sessions/"+first), http.StatusNoContent, "")
		if got := items(w.as(token, "GET", "/admin/v1/sessions?account="+sub), "sid"); !slices.Equal(got, []string{second}) {
			t.Errorf("alive: %v", got)
		}
		one = w.as(token, "GET", "/admin/v1/sessions/"+first)
		if one.JSON["alive"] != false || one.Get("end_reason") != "admin" || one.Get("ended_at") == "" || !strings.Contains(one.Raw, `"state":"pending"`) {
			t.Errorf("after its end: %s", one.Raw)
		}
		w.settle(outbox.Delivered, "HTTP 200")
		if one = w.as(token, "GET", "/admin/v1/sessions/"+first); !strings.Contains(one.Raw, `"state":"delivered"`) || !strings.Contains(one.Raw, `"answer":"HTTP 200"`) {
			t.Errorf("after its delivery: %s", one.Raw)
		}
		is(t, "everywhere", w.as(token, "DELETE", "/admin/v1/accounts/"+sub+"/sessions"), http.StatusNoContent, "")
		ended := w.as(token, "GET", "/admin/v1/sessions?include=ended&account="+sub)
		if got := items(ended, "end_reason"); !slices.Equal(got, []string{"admin", "admin"}) {
			t.Errorf("ended: %s", ended.Raw)
		}
		if got := items(w.as(token, "GET", "/admin/v1/sessions"), "sid"); !slices.Equal(got, []string{others}) {
			t.Errorf("everybody's: %v", got)
		}
		for _, path := range []string{"/admin/v1/sessions?account=nobody", "/admin/v1/accounts/nobody/sessions", "/admin/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA"} {
			is(t, path, w.as(token, "GET", path), http.StatusNotFound, "not_found")
		}
		must(t, w.Server.Store.DeleteAccount(t.Context(), "default", sub, w.Now(), audit.Event{Kind: audit.AccountDeleted, Sub: sub}))
		if got := items(w.as(token, "GET", "/admin/v1/sessions?include=ended&account="+sub), "sid"); !slices.Equal(got, []string{second, first}) {
			t.Errorf("of an account that is gone: %v", got)
		}
	})
}

// TestAD6_EveryChangeHasOneRecordOfTheClient: what was done, by whom; reading
// and asking in vain leave none.
func TestAD6_EveryChangeHasOneRecordOfTheClient(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		_, sid := w.signedIn(ada, "listening")
		w.signedIn(ada, "listening")
		token := w.bearer("", "ops", "")
		before, err := w.Server.Store.ListAudit(t.Context(), "default", 0, 500)
		must(t, err)
		w.as(token, "GET", "/admin/v1/sessions")
		w.as(token, "DELETE", "/admin/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA")
		after, err := w.Server.Store.ListAudit(t.Context(), "default", 0, 500)
		must(t, err)
		if len(after) != len(before) {
			t.Errorf("%d records of nothing", len(after)-len(before))
		}
		w.as(token, "DELETE", "/admin/v1/sessions/"+sid)
		w.as(token, "DELETE", "/admin/v1/sessions/"+sid)
		w.as(token, "DELETE", "/admin/v1/accounts/"+w.Person("default", ada).Sub+"/sessions")
		w.settle(outbox.Dead, "no answer in time")
		for _, id := range items(w.as(token, "GET", "/admin/v1/logout-deliveries"), "id") {
			w.as(token, "POST", "/admin/v1/logout-deliveries/"+id+"/replay")
		}
		w.as(token, "POST", "/admin/v1/clients/listening/test-backchannel-logout")
		for kind, want := range map[audit.Kind]int{audit.SessionEnded: 2, audit.LogoutReplayed: 2, audit.LogoutTested: 1} {
			list := w.records(kind)
			if len(list) != want {
				t.Errorf("%s: %d records, want %d", kind, len(list), want)
			}
			for _, r := range list {
				if r.Actor.Name != "client:ops" || r.Actor.RequestID == "" {
					t.Errorf("%s: actor %+v", kind, r.Actor)
				}
			}
		}
	})
}

// TestE17_AD4_CursorsAreNobodysToMake: pages follow each other without a gap,
// and a cursor is good for its own list alone.
func TestE17_AD4_CursorsAreNobodysToMake(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		var want []string
		for range 7 {
			w.Wait(time.Millisecond)
			want = append(want, w.Browser().Enter("default", ada, time.Minute).SID)
		}
		slices.Reverse(want)
		token := w.bearer("", "ops", "")
		var got []string
		cursors := []string{}
		for path := "/admin/v1/sessions?limit=3"; ; {
			a := w.as(token, "GET", path)
			is(t, path, a, http.StatusOK, "")
			got = append(got, items(a, "sid")...)
			next := a.Get("next")
			if next == "" {
				break
			}
			cursors = append(cursors, next)
			path = "/admin/v1/sessions?limit=3&cursor=" + next
		}
		if diff := cmp.Diff(want, got); diff != "" || len(cursors) != 2 {
			t.Errorf("%d cursors\n%s", len(cursors), diff)
		}
		cursor := cursors[0]
		is(t, "another limit", w.as(token, "GET", "/admin/v1/sessions?limit=5&cursor="+cursor), http.StatusOK, "")
		flipped := []byte(cursor)
		flipped[40] ^= 1
		for what, path := range map[string]string{
			"another question": "/admin/v1/sessions?include=ended&cursor=" + cursor,
			"another list":     "/admin/v1/logout-deliveries?cursor=" + cursor,
			"a flipped bit":    "/admin/v1/sessions?cursor=" + string(flipped),
			"cut short":        "/admin/v1/sessions?cursor=" + cursor[:30],
			"a plain id":       "/admin/v1/sessions?cursor=AAAAAAAAAAE",
		} {
			is(t, what, w.as(token, "GET", path), http.StatusBadRequest, "invalid_request")
		}
		is(t, "another tenant", w.as(w.bearer("/acme", "ops", ""), "GET", "/acme/admin/v1/sessions?cursor="+cursor), http.StatusBadRequest, "invalid_request")
	})
}

// TestMT1_MT2_AnotherTenantsIdsAreNobodys: the whole API with one tenant's ids
// under another's token.
func TestMT1_MT2_AnotherTenantsIdsAreNobodys(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		b, sid := w.signedIn(ada, "listening")
		_, gone := w.signedIn(ada, "listening")
		token := w.bearer("", "ops", "")
		w.as(token, "DELETE", "/admin/v1/sessions/"+gone)
		w.settle(outbox.Dead, "x")
		delivery := items(w.as(token, "GET", "/admin/v1/logout-deliveries"), "id")[0]
		sub := w.Person("default", ada).Sub
		theirs := w.bearer("/acme", "ops", everyScope+" *:**")
		for _, op := range []string{
			"GET /sessions/" + sid, "DELETE /sessions/" + sid, "GET /accounts/" + sub + "/sessions", "DELETE /accounts/" + sub + "/sessions",
			"GET /sessions?account=" + sub, "GET /logout-deliveries/" + delivery, "POST /logout-deliveries/" + delivery + "/replay",
			"GET /logout-deliveries?session=" + gone, "GET /clients/listening", "GET /accounts/" + sub, "POST /clients/listening/test-backchannel-logout",
		} {
			method, path, _ := strings.Cut(op, " ")
			is(t, op, w.as(theirs, method, "/acme/admin/v1"+path), http.StatusNotFound, "not_found")
			is(t, op+" at home", w.as(theirs, method, "/admin/v1"+path), http.StatusUnauthorized, "invalid_token")
		}
		for _, path := range []string{"/sessions?client=listening", "/logout-deliveries?client=listening"} {
			if a := w.as(theirs, "GET", "/acme/admin/v1"+path); len(items(a, "id")) != 0 {
				t.Errorf("%s: %s", path, a.Raw)
			}
		}
		if !b.Alive() {
			t.Error("the session has ended")
		}
	})
}
