package rp_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/foyer-id/foyer/rp"
)

func TestDiscover_WhatIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, member string
		value        any
	}{
		{"another issuer", "issuer", "https://evil.example"},
		{"no issuer", "issuer", ""},
		{"an authorization endpoint in the clear", "authorization_endpoint", "http://id.example.com/authorize"},
		{"no token endpoint", "token_endpoint", ""},
		{"keys by another scheme", "jwks_uri", "file:///etc/passwd"},
		{"userinfo in the clear", "userinfo_endpoint", "http://id.example.com/userinfo"},
		{"an end-session endpoint that is a script", "end_session_endpoint", "javascript:alert(1)"},
		{"PKCE by plain only", "code_challenge_methods_supported", []string{"plain"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newProvider(t)
			p.metadata[tt.member] = tt.value
			if _, err := rp.Discover(t.Context(), p.URL, rp.Options{}); !errors.Is(err, rp.ErrIssuer) {
				t.Errorf("OIDC Discovery §4.3: %v", err)
			}
		})
	}
	p := newProvider(t)
	for _, issuer := range []string{"", "id.example.com", "http://id.example.com", "https://id.example.com?x=y", "https://id.example.com/#x", "https://user@id.example.com", p.URL + "/"} {
		if _, err := rp.Discover(t.Context(), issuer, rp.Options{}); err == nil {
			t.Errorf("issuer %q was accepted", issuer)
		}
	}
}

func TestDiscover_RedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.Config.Handler = http.RedirectHandler("/elsewhere", http.StatusFound)
	if _, err := rp.Discover(t.Context(), p.URL, rp.Options{HTTPClient: &http.Client{}}); err == nil {
		t.Error("a redirect was followed")
	}
}

// TestMetadata_IsReadAgain: after an hour, and kept while that fails.
func TestMetadata_IsReadAgain(t *testing.T) {
	t.Parallel()
	const path = "/.well-known/openid-configuration"
	p := newProvider(t)
	c := p.client(t)
	ask := func() {
		t.Helper()
		if err := c.Revoke(t.Context(), "t", ""); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if n := p.count(path); n != 1 {
		t.Errorf("read %d times within the hour", n)
	}
	p.change(func() { p.now = p.now.Add(61 * time.Minute); p.metadata["issuer"] = "https://evil.example" })
	ask()
	ask()
	if n := p.count(path); n != 2 {
		t.Errorf("read %d times while it cannot be used", n)
	}
	if got := c.Provider().Metadata().Issuer; got != p.URL {
		t.Errorf("issuer became %q", got)
	}
	p.change(func() {
		p.now = p.now.Add(2 * time.Minute)
		p.metadata["issuer"], p.metadata["revocation_endpoint"] = p.URL, ""
	})
	if err := c.Revoke(t.Context(), "t", ""); !errors.Is(err, rp.ErrUnsupported) {
		t.Errorf("the new metadata is not used: %v", err)
	}
}

// TestKJ9_KeysAreReadAgain: on an unknown kid, at most every 30 seconds, and
// old keys stay while the provider does not answer.
func TestKJ9_KeysAreReadAgain(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	try := func(want bool) {
		t.Helper()
		if _, err := signIn(t, c, rp.NewAuthRequest()); (err == nil) != want {
			t.Errorf("at %s: %v", p.clock().Format(time.TimeOnly), err)
		}
	}
	reads := func(want int) {
		t.Helper()
		if n := p.count("/jwks"); n != want {
			t.Errorf("read %d times, want %d", n, want)
		}
	}
	try(true)
	try(true)
	reads(1)

	next := newKey(t, "two", jose.ES256)
	p.change(func() { p.signing = next; p.keys = append(p.keys, next.public()) })
	try(false) // 30 s have not passed
	reads(1)
	p.change(func() { p.now = p.now.Add(31 * time.Second) })
	try(true)
	reads(2)

	var g sync.WaitGroup // a flood of invented ids is not passed on
	p.change(func() { p.now = p.now.Add(31 * time.Second) })
	for i := range 20 {
		g.Go(func() {
			k := next
			k.kid = fmt.Sprint("invented", i)
			a := rp.NewAuthRequest()
			answer := sendAuthorize(t, c.AuthorizeURL(a))
			p.change(func() { p.idToken = k.sign(t, p.makeClaims(), "JWT") })
			if _, err := c.Exchange(t.Context(), answer, a); err == nil {
				t.Error("an unknown key was accepted")
			}
		})
	}
	g.Wait()
	reads(3)

	p.change(func() { p.idToken, p.keys, p.now = "", nil, p.now.Add(2*time.Hour) })
	try(true) // the provider's keys cannot be read
	reads(4)
	p.change(func() { p.now = p.now.Add(31 * time.Second); p.keys = []any{newKey(t, "three", jose.ES256).public()} })
	try(false) // "two" was withdrawn
	reads(5)
}

// TestKeysWithoutID: a provider that names no keys and makes new ones.
func TestKeysWithoutID(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.signing.kid = ""
	p.keys = []any{newKey(t, "", jose.ES256).public(), p.signing.public()}
	c := p.client(t)
	if _, err := signIn(t, c, rp.NewAuthRequest()); err != nil {
		t.Error(err)
	}
	next := newKey(t, "", jose.ES256)
	p.change(func() { p.now, p.signing, p.keys = p.now.Add(time.Minute), next, []any{next.public()} })
	if _, err := signIn(t, c, rp.NewAuthRequest()); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
}

func TestKeysThatAreNotTaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(k *jose.JSONWebKey, own key){
		"for encryption": func(k *jose.JSONWebKey, _ key) { k.Use = "enc" },
		"private":        func(k *jose.JSONWebKey, own key) { k.Key = own.private },
		"symmetric":      func(k *jose.JSONWebKey, _ key) { k.Key = []byte("secret") },
	} {
		p := newProvider(t)
		k := p.signing.public()
		change(&k, p.signing)
		p.keys = []any{k}
		_, err := signIn(t, p.client(t), rp.NewAuthRequest())
		if !errors.Is(err, rp.ErrToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMetadata_OneAsks: while one request reads old metadata again from a slow
// provider, the others go on with what is known.
func TestMetadata_OneAsks(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	c := p.client(t)
	held := make(chan struct{})
	p.change(func() { p.now, p.heldMetadata = p.now.Add(61*time.Minute), held })
	done := make(chan error)
	go func() { done <- c.Revoke(t.Context(), "t", "") }()
	<-held
	if err := c.Revoke(t.Context(), "t", ""); err != nil {
		t.Error(err)
	}
	held <- struct{}{}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
