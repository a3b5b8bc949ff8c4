package proof

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/foyer-id/foyer/internal/rptest"
)

// history is what virtual people did and were told. Only what was
// acknowledged is in it.
type history struct {
	mu       sync.Mutex
	live     map[string]bool // cookie → signed in
	ended    map[string]bool // cookies signed out
	used     map[string]bool // codes redeemed
	fresh    map[string]bool // codes issued and not used
	refresh  map[string]bool // refresh tokens that hold
	finished map[string]bool // refresh tokens revoked, or of ended sessions
	acks     int
}

func newHistory() *history {
	h := &history{}
	for _, m := range []*map[string]bool{&h.live, &h.ended, &h.used, &h.fresh, &h.refresh, &h.finished} {
		*m = map[string]bool{}
	}
	return h
}

// note records an acknowledgement and how many there are.
func (h *history) note(fn func()) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
	h.acks++
	return h.acks
}

// drop forgets what an unknown outcome makes doubtful.
func (h *history) drop(m map[string]bool, key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(m, key)
}

// customer signs in, gets codes and tokens, revokes and signs out, until the
// server is gone.
func customer(w *rptest.World, h *history, acked func(n int)) {
	for {
		b := w.Browser()
		p := b.PostWith("/login", url.Values{"identifier": {ada}, "password": {rptest.Password}}, http.Header{})
		if p.Status() == http.StatusServiceUnavailable {
			continue
		}
		cookie := b.Cookie("foyer-default")
		if p.Status() != http.StatusSeeOther || cookie == "" {
			return
		}
		acked(h.note(func() { h.live[cookie] = true }))
		v := &visit{w: w, h: h, b: b, acked: acked, cookie: cookie}
		if !v.shop(0) || !v.shop(1) || !v.shop(2) || !v.leave() {
			return
		}
	}
}

// visit is one session of a customer.
type visit struct {
	w             *rptest.World
	h             *history
	b             *rptest.Browser
	acked         func(int)
	cookie        string
	codes, tokens []string // what rests on the session
}

// shop gets a code, redeems it and refreshes; the second time it keeps the
// code, the third time it revokes.
func (v *visit) shop(turn int) bool {
	w, h := v.w, v.h
	code := v.b.Get(w.Authorize("web", nil)).Answer().Get("code")
	if code == "" {
		return false
	}
	v.codes = append(v.codes, code)
	v.acked(h.note(func() { h.fresh[code] = true }))
	if turn == 1 {
		return true
	}
	h.drop(h.fresh, code)
	a := w.Redeem("web", code)
	refresh := a.Get("refresh_token")
	if a.Status != http.StatusOK || refresh == "" {
		return false
	}
	v.tokens = append(v.tokens, refresh)
	v.acked(h.note(func() { h.used[code], h.refresh[refresh] = true, true }))
	if r := w.Refresh("web", refresh); r.Status != http.StatusOK {
		return false
	}
	if turn == 2 {
		h.drop(h.refresh, refresh)
		if w.Call("/revoke", rptest.Basic("web"), url.Values{"token": {refresh}}).Status != http.StatusOK {
			return false
		}
		v.acked(h.note(func() { h.finished[refresh] = true }))
	}
	return true
}

// leave signs out; what rested on the session is finished with it, and from
// the request to its answer it is doubtful.
func (v *visit) leave() bool {
	w, h := v.w, v.h
	a := w.Redeem("web", v.b.Get(w.Authorize("web", nil)).Answer().Get("code"))
	if a.Status != http.StatusOK {
		return false
	}
	v.tokens = append(v.tokens, a.Get("refresh_token"))
	h.drop(h.live, v.cookie)
	for _, code := range v.codes {
		h.drop(h.fresh, code)
	}
	for _, token := range v.tokens {
		h.drop(h.refresh, token)
	}
	out := v.b.Get("/endsession?" + url.Values{"id_token_hint": {a.Get("id_token")}, "post_logout_redirect_uri": {rptest.Bye}}.Encode())
	if out.Status() != http.StatusSeeOther || !strings.Contains(out.Location(), "logout=success") {
		return false
	}
	v.acked(h.note(func() {
		h.ended[v.cookie] = true
		for _, token := range v.tokens {
			h.finished[token] = true
		}
	}))
	return true
}

// check asks the restarted server about everything that was acknowledged.
func (h *history) check(t testing.TB, w *rptest.World) {
	t.Helper()
	for cookie := range h.live {
		b := w.Browser()
		b.SetCookie("foyer-default", cookie)
		if !isSignedIn(w, b, "web") {
			t.Error("a session that was begun is gone")
		}
	}
	for token := range h.refresh {
		if a := w.Refresh("web", token); a.Status != http.StatusOK {
			t.Errorf("a refresh token that was issued is gone: %d %s", a.Status, a.Raw)
		}
	}
	for code := range h.fresh {
		if a := w.Redeem("web", code); a.Status != http.StatusOK {
			t.Errorf("a code that was issued is gone: %d %s", a.Status, a.Raw)
		}
	}
	for cookie := range h.ended {
		b := w.Browser()
		b.SetCookie("foyer-default", cookie)
		if isSignedIn(w, b, "web") {
			t.Error("a session that was signed out is back")
		}
	}
	for token := range h.finished {
		if a := w.Refresh("web", token); a.Status == http.StatusOK {
			t.Error("a revoked refresh token works again")
		}
	}
	for code := range h.used {
		if a := w.Redeem("web", code); a.Status == http.StatusOK {
			t.Error("a code was redeemed twice")
		}
	}
}
