package client_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/client"
)

func TestDirectoryFollowsTheConfiguration(t *testing.T) {
	t.Parallel()
	w := setup(t)
	find := func(id string) (*client.Client, error) { return w.directory.Find(t.Context(), tenantID, id) }
	if _, err := find("web"); !errors.Is(err, client.ErrNotFound) {
		t.Fatalf("before: %v", err)
	}
	made := w.create(t, web("web")).Client
	for range 10 {
		c, err := find("web")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(made, c); diff != "" {
			t.Errorf("(-made +found):\n%s", diff)
		}
	}
	if n := w.store.finds.Load(); n != 2 {
		t.Errorf("%d reads, want 2: one that found nothing and one", n)
	}
	spec := web("web")
	spec.ClientName = "New name"
	if _, err := w.service.Update(t.Context(), tenantID, spec, 1, client.CheckContext{}); err != nil {
		t.Fatal(err)
	}
	if c, err := find("web"); err != nil || c.ClientName != "New name" || c.Version != 2 {
		t.Errorf("after an update: %+v, %v", c, err)
	}
	if _, err := w.directory.Find(t.Context(), "other", "web"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("in another tenant: %v", err)
	}
	if err := w.service.Delete(t.Context(), tenantID, "web"); err != nil {
		t.Fatal(err)
	}
	if _, err := find("web"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("after it was deleted: %v", err)
	}
}

func TestDirectoryAsksOnceForMany(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.create(t, web("web"))
	before := w.store.finds.Load()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if _, err := w.directory.Find(t.Context(), tenantID, "web"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	first := w.store.finds.Load() - before
	for range 100 {
		if _, err := w.directory.Find(t.Context(), tenantID, "web"); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.store.finds.Load() - before; first > 3 || n != first {
		t.Errorf("%d reads for 32 at once, then %d", first, n-first)
	}
	for range 5 {
		if _, err := w.directory.Find(t.Context(), tenantID, "unknown"); !errors.Is(err, client.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if n := w.store.finds.Load() - before; n != first+1 {
		t.Errorf("%d reads for an unknown id, want 1", n-first)
	}
	if _, err := w.directory.Find(t.Context(), tenantID, strings.Repeat("a", 201)); !errors.Is(err, client.ErrNotFound) || w.store.finds.Load()-before != first+1 {
		t.Errorf("an id that cannot be: %v", err)
	}
}

func TestHD6_OriginsOfTheTenantsClients(t *testing.T) {
	t.Parallel()
	w := setup(t)
	app := web("app")
	app.RedirectURIs = []string{"https://App.example.com/cb", "https://app.example.com:8443/cb", "https://second.example.com:443/", "http://localhost:3000/cb"}
	app.CORSOrigins = []string{"https://spa.example.net"}
	w.create(t, app)
	native := web("native")
	native.ApplicationType, native.RedirectURIs = "native", []string{"com.example.app:/cb", "http://127.0.0.1/cb"}
	w.create(t, native)
	off := web("off")
	off.Enabled = new(bool)
	w.create(t, off)
	cases := map[string]bool{
		"https://app.example.com":                true,
		"https://app.example.com:8443":           true,
		"https://second.example.com":             true,
		"http://localhost:3000":                  true,
		"https://spa.example.net":                true,
		"http://127.0.0.1":                       true,
		"":                                       false,
		"null":                                   false,
		"*":                                      false,
		"https://App.example.com":                false,
		"https://app.example.com/":               false,
		"https://app.example.com/cb":             false,
		"https://app.example.com:443":            false,
		"https://app.example.com:8444":           false,
		"http://app.example.com":                 false,
		"https://app.example.com.evil.example":   false,
		"https://evilapp.example.com":            false,
		"https://app.example.com.":               false,
		"https://evil.example/app.example.com":   false,
		"https://app.example.com@evil.example":   false,
		"https://app.example.com\x00":            false,
		"https://app.example.com, https://x":     false,
		"https://second.example.com:443":         false,
		"https://example.com":                    false,
		"http://localhost":                       false,
		"http://localhost:3001":                  false,
		"http://127.0.0.1:9999":                  false,
		"com.example.app://":                     false,
		"com.example.app:":                       false,
		"https://off.example":                    false,
		"https://" + strings.Repeat("a", 10_000): false,
	}
	for origin, want := range cases {
		if got, err := w.directory.OriginAllowed(t.Context(), tenantID, origin); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", origin, got, err, want)
		}
	}
	if got, err := w.directory.OriginAllowed(t.Context(), "other", "https://app.example.com"); err != nil || got {
		t.Errorf("in another tenant: %v, %v", got, err)
	}
	if n := w.store.lists.Load(); n != 2 {
		t.Errorf("%d reads, want one for each tenant", n)
	}
	off.Enabled = nil
	if _, err := w.service.Update(t.Context(), tenantID, off, 0, client.CheckContext{}); err != nil {
		t.Fatal(err)
	}
	if got, err := w.directory.OriginAllowed(t.Context(), tenantID, "https://off.example"); err != nil || !got {
		t.Errorf("once it is enabled: %v, %v", got, err)
	}
}

func TestServiceRefusesWithEveryFinding(t *testing.T) {
	t.Parallel()
	w := setup(t)
	bad := client.Spec{ClientID: "a b", Scope: `"`, RedirectURIs: []string{"javascript:x"}}
	_, err := w.service.Create(t.Context(), tenantID, bad, client.CheckContext{Origin: client.FromFile})
	if got := client.Findings(err); len(got) != 3 {
		t.Errorf("%v", got)
	}
	if _, err := w.service.Create(t.Context(), tenantID, client.Spec{}, client.CheckContext{Origin: client.FromFile}); len(client.Findings(err)) != 2 {
		t.Errorf("a file must name its clients: %v", err)
	}
	anonymous := web("")
	anonymous.RedirectURIs = []string{"https://a.example/"}
	if r := w.create(t, anonymous); len(r.Client.ClientID) < 16 || r.Secret == "" {
		t.Errorf("%+v: want an id and a secret", r)
	}
}

func TestServiceSecrets(t *testing.T) {
	t.Parallel()
	w := setup(t)
	spec := web("web")
	spec.ClientSecret = "change-me"
	r := w.create(t, spec)
	if r.Secret != "" || len(r.Warnings) != 1 || len(r.Client.Secrets) != 1 || r.Client.ClientSecret != "" {
		t.Errorf("a given secret: %+v", r)
	}
	works := func(secret string) bool {
		_, err := w.authenticate(t, client.Credentials{Method: client.MethodBasic, ClientID: "web", Secret: secret})
		return err == nil
	}
	update := func(edit func(*client.Spec)) client.Result {
		t.Helper()
		s := web("web")
		edit(&s)
		w.now = w.now.Add(time.Minute)
		r, err := w.service.Update(t.Context(), tenantID, s, 0, client.CheckContext{Origin: client.FromSelf})
		if err != nil {
			t.Fatal(err)
		}
		if stored, err := w.service.Find(t.Context(), tenantID, "web"); err != nil || cmp.Diff(r.Client, stored) != "" {
			t.Errorf("stored %+v, %v; said %+v", stored, err, r.Client)
		}
		return r
	}
	if !works("change-me") {
		t.Error("the given secret does not work")
	}
	if r := update(func(*client.Spec) {}); r.Secret != "" || !works("change-me") || r.Client.Origin != client.FromOperator {
		t.Errorf("an update without a secret changed it: %+v", r)
	}
	if update(func(s *client.Spec) { s.ClientSecret = "another given secret" }); works("change-me") || !works("another given secret") {
		t.Error("a given secret replaces the one before")
	}
	if r := update(func(s *client.Spec) { s.TokenEndpointAuthMethod = client.MethodNone }); len(r.Client.Secrets) != 0 {
		t.Errorf("a public client keeps a secret: %+v", r)
	}
	if r := update(func(*client.Spec) {}); r.Secret == "" || !works(r.Secret) {
		t.Errorf("a confidential client got none: %+v", r)
	}
}

func TestServiceVersions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.create(t, web("b"))
	w.create(t, web("a"))
	if _, err := w.service.Create(t.Context(), tenantID, web("a"), client.CheckContext{}); !errors.Is(err, client.ErrVersion) {
		t.Errorf("an id that is taken: %v", err)
	}
	if _, err := w.service.Update(t.Context(), tenantID, web("a"), 7, client.CheckContext{}); !errors.Is(err, client.ErrVersion) {
		t.Errorf("another version: %v", err)
	}
	if _, err := w.service.Update(t.Context(), tenantID, web("c"), 0, client.CheckContext{}); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("no client: %v", err)
	}
	if err := w.service.Delete(t.Context(), tenantID, "c"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("no client to delete: %v", err)
	}
	public := web("p")
	public.TokenEndpointAuthMethod = client.MethodNone
	w.create(t, public)
	if _, err := w.service.RotateSecret(t.Context(), tenantID, "p", 0); len(client.Findings(err)) != 1 {
		t.Errorf("rotating a public client's secret: %v", err)
	}
	list, err := w.service.List(t.Context(), tenantID, "a", 1)
	if err != nil || len(list) != 1 || list[0].ClientID != "b" {
		t.Errorf("%+v, %v", list, err)
	}
}
