package rp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/rp"
)

const form = "application/x-www-form-urlencoded"

// post sends a body to a handler.
func post(h http.Handler, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/backchannel-logout?logout_token=never-from-here", strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func tell(h http.Handler, token string) *httptest.ResponseRecorder {
	return post(h, form, url.Values{"logout_token": {token}}.Encode())
}

// counted is a receiver that counts what it ends.
func (p *provider) counted(t *testing.T, change func(*rp.BackchannelOptions)) (http.Handler, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	o := rp.BackchannelOptions{End: func(context.Context, rp.LogoutToken) error { n.Add(1); return nil }}
	if change != nil {
		change(&o)
	}
	return p.client(t).BackchannelLogout(o), &n
}

func TestBackchannel_Requests(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	token := p.logoutToken(t, nil)
	good := url.Values{"logout_token": {token}}.Encode()
	for _, tt := range []struct {
		name, cite, kind, body string
		status                 int
	}{
		{"a form", "§2.5", form, good, 200},
		{"a form with a character set", "§2.5", form + "; charset=UTF-8", good, 200},
		{"with values that nobody knows", "§2.5", form, "x=y&" + good + "&z", 200},
		{"JSON", "§2.5", "application/json", `{"logout_token":"` + token + `"}`, 400},
		{"the token itself", "§2.5", "application/logout+jwt", token, 400},
		{"a form of parts", "§2.5", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"logout_token\"\r\n\r\n" + token + "\r\n--x--\r\n", 400},
		{"no content type", "§2.5", "", good, 400},
		{"nothing but the address", "§2.5", form, "", 400},
		{"an empty token", "§2.5", form, "logout_token=", 400},
		{"two tokens", "§2.5", form, good + "&" + good, 400},
		{"not a form", "§2.5", form, "%zz=" + good, 400},
		{"a refused token", "§2.6", form, "logout_token=a.b.c", 400},
		{"more than a token can be", "KJ3", form, good + "&pad=" + strings.Repeat("x", 20<<10), 400},
	} {
		var failure error
		h, n := p.counted(t, func(o *rp.BackchannelOptions) { o.Failed = func(_ *http.Request, err error) { failure = err } })
		w := post(h, tt.kind, tt.body)
		if w.Code != tt.status || w.Header().Get("Cache-Control") != "no-store" || (n.Load() == 1) != (tt.status == 200) || (failure == nil) != (tt.status == 200) {
			t.Errorf("%s: %s: %d %v, ended %d, %v", tt.cite, tt.name, w.Code, w.Header(), n.Load(), failure)
		}
		if tt.status == 200 {
			continue
		}
		var said struct{ Error, Description string }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Header().Get("Content-Type") != "application/json" || said.Error != "invalid_request" {
			t.Errorf("§2.8: %s: %s", tt.name, w.Body)
		}
		if strings.Contains(w.Body.String(), token) {
			t.Errorf("%s: the answer holds the token", tt.name)
		}
	}
}

func TestBackchannel_OnlyPOST(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h, n := p.counted(t, nil)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/?"+url.Values{"logout_token": {p.logoutToken(t, nil)}}.Encode(), nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" || n.Load() != 0 {
			t.Errorf("§2.5: %s: %d", method, w.Code)
		}
	}
}

// TestLO7_Replay: Back-Channel §2.6 step 8.
func TestLO7_Replay(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h, n := p.counted(t, nil)
	one := p.logoutToken(t, nil)
	if w := tell(h, one); w.Code != 200 {
		t.Fatal(w.Body)
	}
	again := p.logoutToken(t, func(m map[string]any) { m["exp"] = p.now.Add(5 * time.Minute).Unix() }) // another signature, the same jti
	for _, token := range []string{one, again} {
		if w := tell(h, token); w.Code != 400 || n.Load() != 1 {
			t.Errorf("%d, ended %d times", w.Code, n.Load())
		}
	}
	if w := tell(h, p.logoutToken(t, func(m map[string]any) { m["jti"] = "logout-2" })); w.Code != 200 || n.Load() != 2 {
		t.Errorf("another token: %d", w.Code)
	}
	// At the last moment at which it is accepted, it is remembered.
	p.change(func() { p.now = p.now.Add(2*time.Minute + 29*time.Second) })
	if w := tell(h, one); w.Code != 400 || !strings.Contains(w.Body.String(), "used before") {
		t.Errorf("at its end: %d %s", w.Code, w.Body)
	}
}

func TestLO7_ReplayAtOnce(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h, n := p.counted(t, nil)
	token := p.logoutToken(t, nil)
	var g sync.WaitGroup
	var ok atomic.Int64
	for range 32 {
		g.Go(func() {
			if tell(h, token).Code == 200 {
				ok.Add(1)
			}
		})
	}
	g.Wait()
	if ok.Load() != 1 || n.Load() != 1 {
		t.Errorf("accepted %d times, ended %d times", ok.Load(), n.Load())
	}
}

// TestBackchannel_FailureMayComeAgain: the same token is accepted after its
// logout failed, and a provider that left does not stop the end.
func TestBackchannel_FailureMayComeAgain(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	fails := true
	h, _ := p.counted(t, func(o *rp.BackchannelOptions) {
		o.End = func(ctx context.Context, _ rp.LogoutToken) error {
			if fails {
				return errors.New("the database is down: secret details")
			}
			return ctx.Err()
		}
	})
	token := p.logoutToken(t, nil)
	w := tell(h, token)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "30" || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	fails = false
	left, leave := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(left, http.MethodPost, "/", strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	r.Header.Set("Content-Type", form)
	leave()
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Errorf("again: %d %s", w.Code, w.Body)
	}
}

func TestBackchannel_PanicMayComeAgain(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	first := true
	h, _ := p.counted(t, func(o *rp.BackchannelOptions) {
		o.End = func(context.Context, rp.LogoutToken) error {
			if first {
				first = false
				panic("a mistake")
			}
			return nil
		}
	})
	token := p.logoutToken(t, nil)
	func() {
		defer func() { _ = recover() }()
		tell(h, token)
	}()
	if w := tell(h, token); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestBackchannel_FullMemory: what cannot be remembered is not accepted, and
// nothing that is remembered makes room.
func TestBackchannel_FullMemory(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h, n := p.counted(t, func(o *rp.BackchannelOptions) { o.Replays = rp.NewReplays(2, p.clock) })
	named := func(jti string) string { return p.logoutToken(t, func(m map[string]any) { m["jti"] = jti }) }
	tell(h, named("1"))
	tell(h, named("2"))
	if w := tell(h, named("3")); w.Code != http.StatusServiceUnavailable || n.Load() != 2 {
		t.Errorf("the third: %d", w.Code)
	}
	if w := tell(h, named("1")); w.Code != 400 || n.Load() != 2 {
		t.Errorf("the first again: %d", w.Code)
	}
	p.change(func() { p.now = p.now.Add(2*time.Minute + 30*time.Second) })
	if w := tell(h, named("3")); w.Code != 200 || n.Load() != 3 {
		t.Errorf("after the others' end: %d %s", w.Code, w.Body)
	}
}

func TestBackchannel_KeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	h, n := p.counted(t, nil)
	p.change(func() { p.keys = nil })
	if w := tell(h, p.logoutToken(t, nil)); w.Code != http.StatusServiceUnavailable || n.Load() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestReplays_Bounds: room is made by what is over, never by what may come again.
func TestReplays_Bounds(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	m := rp.NewReplays(1000, func() time.Time { return now })
	for i := range 20_000 { // 600 at a time
		if err := m.Use(t.Context(), strconv.Itoa(i), now.Add(time.Minute)); err != nil {
			t.Fatal(i, err)
		}
		now = now.Add(100 * time.Millisecond)
	}
	m, full, n := rp.NewReplays(0, nil), error(nil), 0
	for ; full == nil && n < 1<<17; n++ {
		full = m.Use(t.Context(), strconv.Itoa(n), time.Now().Add(time.Hour))
	}
	if !errors.Is(full, rp.ErrFull) || n != 1<<16+1 {
		t.Errorf("%d: %v", n, full)
	}
}
