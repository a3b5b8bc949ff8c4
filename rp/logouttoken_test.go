package rp_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/rp"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutClaims are those of a good logout token for the session of makeClaims.
func (p *provider) logoutClaims() map[string]any {
	now := p.clock()
	return map[string]any{
		"iss": p.URL, "sub": "ada", "aud": "app", "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": "logout-1", "sid": "browser-1",
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
}

func (p *provider) logoutToken(t testing.TB, change func(map[string]any)) string {
	t.Helper()
	c := p.logoutClaims()
	if change != nil {
		change(c)
	}
	return p.signing.sign(t, c, "logout+jwt")
}

// TestLO7_LogoutTokenClaims goes through Back-Channel §2.6 and what it takes
// from OIDC Core §3.1.3.7.
func TestLO7_LogoutTokenClaims(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	set := func(name string, v any) func(map[string]any) { return func(m map[string]any) { m[name] = v } }
	without := func(names ...string) func(map[string]any) {
		return func(m map[string]any) {
			for _, n := range names {
				delete(m, n)
			}
		}
	}
	moved := func(iat, exp time.Duration) func(map[string]any) {
		return func(m map[string]any) { m["iat"], m["exp"] = p.now.Add(iat).Unix(), p.now.Add(exp).Unix() }
	}
	for _, tt := range []struct {
		name, cite string
		change     func(map[string]any)
		because    string // "": accepted
	}{
		{"as it should be", "§2.4", nil, ""},
		{"another issuer", "§2.6 step 4", set("iss", "https://evil.example"), "iss"},
		{"no issuer", "§2.6 step 4", without("iss"), "iss"},
		{"for another client", "§2.6 step 4", set("aud", "other"), "aud"},
		{"for us and somebody else", "§2.6 step 4", set("aud", []string{"app", "other"}), "aud"},
		{"for us in a list", "§2.6 step 4", set("aud", []string{"app"}), ""},
		{"for nobody", "§2.6 step 4", without("aud"), "aud"},
		{"made at no time", "§2.6 step 4", without("iat"), "iat"},
		{"made in 30 s", "§2.6 step 4", moved(30*time.Second, 2*time.Minute), ""},
		{"made in 31 s", "§2.6 step 4", moved(31*time.Second, 2*time.Minute), "iat"},
		{"made 10 minutes and 29 s ago", "OIDC Core §3.1.3.7 item 10", moved(-629*time.Second, time.Hour), ""},
		{"made 10 minutes and 30 s ago", "OIDC Core §3.1.3.7 item 10", moved(-630*time.Second, time.Hour), "longer ago"},
		{"without end", "§2.6 step 4", without("exp"), "exp"},
		{"an end that is a text", "§2.6 step 4", set("exp", "tomorrow"), "claims"},
		{"expired 29 s ago", "§2.6 step 4", moved(-2*time.Minute, -29*time.Second), ""},
		{"expired 30 s ago", "§2.6 step 4", moved(-2*time.Minute, -30*time.Second), "expired"},
		{"only the person", "§2.6 step 5", without("sid"), ""},
		{"only the session", "§2.6 step 5", without("sub"), ""},
		{"neither person nor session", "§2.6 step 5", without("sub", "sid"), "neither"},
		{"an empty session beside the person", "§2.6 step 5", set("sid", ""), "sid"},
		{"an empty person beside the session", "§2.6 step 5", set("sub", ""), "sub"},
		{"a session that is null", "§2.6 step 5", set("sid", nil), "sid"},
		{"a session that is a number", "§2.6 step 5", set("sid", 7), "claims"},
		{"a person of 256", "OIDC Core §2", set("sub", strings.Repeat("x", 256)), "sub"},
		{"no events", "§2.6 step 6", without("events"), "events"},
		{"events that are null", "§2.6 step 6", set("events", nil), "events"},
		{"events in a list, as early drafts had it", "§2.6 step 6", set("events", []string{logoutEvent}), "events"},
		{"another event", "§2.6 step 6", set("events", map[string]any{"http://schemas.openid.net/event/other": map[string]any{}}), "events"},
		{"the event in another case", "§2.6 step 6", set("events", map[string]any{strings.ToUpper(logoutEvent): map[string]any{}}), "events"},
		{"an event that is true", "§2.4", set("events", map[string]any{logoutEvent: true}), "events"},
		{"an event that is null", "§2.4", set("events", map[string]any{logoutEvent: nil}), "events"},
		{"an event with members", "§2.4", set("events", map[string]any{logoutEvent: map[string]any{"reason": "x"}}), ""},
		{"a nonce", "§2.6 step 7", set("nonce", "n"), "nonce"},
		{"an empty nonce", "§2.6 step 7", set("nonce", ""), "nonce"},
		{"a nonce that is null", "§2.6 step 7", set("nonce", nil), "nonce"},
		{"no id", "§2.4", without("jti"), "jti"},
		{"an id that is a number", "§2.4", set("jti", 1), "jti"},
		{"claims that nobody knows", "§2.4", set("x", map[string]any{"y": 1}), ""},
	} {
		_, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, tt.change))
		switch {
		case tt.because == "" && err != nil:
			t.Errorf("%s: %s: %v", tt.cite, tt.name, err)
		case tt.because != "" && (!errors.Is(err, rp.ErrToken) || !strings.Contains(err.Error(), tt.because)):
			t.Errorf("%s: %s: got %v, want a refusal with %q", tt.cite, tt.name, err, tt.because)
		}
	}
}

// TestLO7_LogoutTokenForm: the kind of token, its signature and its form.
func TestLO7_LogoutTokenForm(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	claims := p.logoutClaims()
	good := p.signing.sign(t, claims, "logout+jwt")
	parts := strings.Split(good, ".")
	text, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	idToken := p.makeClaims
	p.asked = map[string][]string{"nonce": {"n"}}
	stranger := newKey(t, "one", p.signing.alg)
	for _, tt := range []struct{ name, cite, raw, because string }{
		{"logout+jwt", "§2.4", good, ""},
		{"with application/ before it", "RFC 7515 §4.1.9", p.signing.sign(t, claims, "application/logout+jwt"), ""},
		{"in another case", "RFC 7515 §4.1.9", p.signing.sign(t, claims, "Logout+JWT"), ""},
		{"without typ", "§2.4: recommended", p.signing.sign(t, claims, ""), ""},
		{"JWT", "RFC 8725 §3.11", p.signing.sign(t, claims, "JWT"), "typ"},
		{"an access token's typ", "RFC 8725 §3.11", p.signing.sign(t, claims, "at+jwt"), "typ"},
		{"another security event", "RFC 8417 §2.3", p.signing.sign(t, claims, "secevent+jwt"), "typ"},
		{"an ID token without typ", "§4.1", p.signing.sign(t, idToken(), ""), "events"},
		{"signed by a stranger", "§2.6 step 2", stranger.sign(t, claims, "logout+jwt"), "no key"},
		{"alg none", "§2.6 step 3", part(map[string]string{"alg": "none", "typ": "logout+jwt"}) + "." + parts[1] + ".", "base64url"},
		{"alg none with a signature", "§2.6 step 3", part(map[string]string{"alg": "none", "typ": "logout+jwt"}) + "." + parts[1] + "." + parts[2], "alg"},
		{"alg HS256", "§2.6 step 3", part(map[string]string{"alg": "HS256", "typ": "logout+jwt", "kid": "one"}) + "." + parts[1] + "." + parts[2], "alg"},
		{"encrypted", "§2.6 step 1", good + ".a.b", "compact"},
		{"another payload", "§2.6 step 2", parts[0] + "." + part(p.makeClaims()) + "." + parts[2], "no key"},
		{"critical headers", "RFC 7515 §4.1.11", part(map[string]any{"alg": "ES256", "typ": "logout+jwt", "crit": []string{"x"}}) + "." + parts[1] + "." + parts[2], "crit"},
		{"a repeated sid", "RFC 7519 §4", p.signing.signBytes(t, []byte(`{"sid":"x",`+string(text[1:])), "logout+jwt"), "claims"},
		{"more than 16 KiB", "KJ3", good + strings.Repeat("A", 16<<10), "longer"},
		{"nothing", "§2.5", "", "compact"},
	} {
		_, err := c.VerifyLogoutToken(t.Context(), tt.raw)
		switch {
		case tt.because == "" && err != nil:
			t.Errorf("%s: %s: %v", tt.cite, tt.name, err)
		case tt.because != "" && (!errors.Is(err, rp.ErrToken) || !strings.Contains(err.Error(), tt.because)):
			t.Errorf("%s: %s: got %v, want a refusal with %q", tt.cite, tt.name, err, tt.because)
		}
	}
}

func TestLogoutToken_WhatItSays(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	got, err := p.client(t).VerifyLogoutToken(t.Context(), p.logoutToken(t, func(m map[string]any) { m["exp"] = p.now.Add(time.Hour).Unix() }))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Claims) == 0 {
		t.Error("no claims")
	}
	got.Claims = nil
	want := &rp.LogoutToken{
		Issuer: p.URL, Subject: "ada", SessionID: "browser-1", ClientID: "app", ID: "logout-1", IssuedAt: p.now, Expires: p.now.Add(10 * time.Minute),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestLogoutToken_KeysThatCannotBeRead: what cannot be told is no refusal, so
// that the provider tries again.
func TestLogoutToken_KeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	if _, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, nil)); err != nil {
		t.Fatal(err)
	}
	// A new key, a moment after the keys were read.
	next := newKey(t, "two", p.signing.alg)
	p.change(func() { p.signing, p.keys = next, []any{next.public()} })
	if _, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, nil)); !errors.Is(err, rp.ErrKeys) {
		t.Errorf("unknown key: %v", err)
	}
	p.change(func() { p.now, p.keys = p.now.Add(time.Minute), nil })
	if _, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, nil)); err == nil || errors.Is(err, rp.ErrToken) {
		t.Errorf("the keys cannot be read: %v", err)
	}
	p.change(func() { p.now, p.keys = p.now.Add(time.Minute), []any{next.public()} })
	if _, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, nil)); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	k := newKey(t, "two", next.alg)
	if _, err := c.VerifyLogoutToken(t.Context(), k.sign(t, p.logoutClaims(), "logout+jwt")); !errors.Is(err, rp.ErrToken) || errors.Is(err, rp.ErrKeys) {
		t.Errorf("a known key that did not sign it: %v", err)
	}
}

// TestKJ9_StrangersDoNotMakeOthersWait: while a token with an invented key id
// waits for a slow provider, those with a known one are verified.
func TestKJ9_StrangersDoNotMakeOthersWait(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	if _, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, nil)); err != nil {
		t.Fatal(err)
	}
	held := make(chan struct{})
	p.change(func() { p.now, p.held = p.now.Add(time.Minute), held })
	invented := newKey(t, "invented", p.signing.alg).sign(t, p.logoutClaims(), "logout+jwt")
	done := make(chan error)
	go func() {
		_, err := c.VerifyLogoutToken(t.Context(), invented)
		done <- err
	}()
	<-held
	if _, err := c.VerifyLogoutToken(t.Context(), p.logoutToken(t, nil)); err != nil {
		t.Error(err)
	}
	held <- struct{}{}
	if err := <-done; !errors.Is(err, rp.ErrToken) {
		t.Error(err)
	}
}

// FuzzLogoutToken: any claims under a good signature, and any text, are either
// what §2.6 asks for or ErrToken.
func FuzzLogoutToken(f *testing.F) {
	p := newProvider(f)
	c := p.client(f)
	text, err := json.Marshal(p.logoutClaims())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(text), "logout+jwt", "")
	f.Add(`{"events":{"`+logoutEvent+`":{}},"nonce":null}`, "", "a.b.c")
	f.Add(`{"iss":1,"aud":[[]],"exp":1e999,"sub":{}}`, "JWT", p.signing.sign(f, p.logoutClaims(), "logout+jwt"))
	f.Fuzz(func(t *testing.T, payload, typ, raw string) {
		check := func(raw string) {
			got, err := c.VerifyLogoutToken(t.Context(), raw)
			if err != nil {
				if !errors.Is(err, rp.ErrToken) {
					t.Fatalf("%q: %v", raw, err)
				}
				return
			}
			var m map[string]any
			if json.Unmarshal(got.Claims, &m) != nil || got.Issuer != p.URL || got.ClientID != "app" || got.ID == "" || got.Subject == "" && got.SessionID == "" ||
				m["nonce"] != nil || m["events"].(map[string]any)[logoutEvent] == nil || got.Expires.Sub(got.IssuedAt) > 10*time.Minute {
				t.Fatalf("accepted: %s", got.Claims)
			}
		}
		check(raw)
		if len(payload) < 4096 {
			check(p.signing.signBytes(t, []byte(payload), strings.ToValidUTF8(typ, "")))
		}
	})
}
