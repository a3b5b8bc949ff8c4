package adminapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/rptest"
)

// TestAD5_ClientsAndAccountsAreShownWithoutSecrets: metadata and people, page by
// page, and nothing that proves anything.
func TestAD5_ClientsAndAccountsAreShownWithoutSecrets(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, w *world) {
		eve := account.New("eve", w.Now().Add(-time.Hour))
		eve.Email, eve.PasswordHash = "eve@people.example.com", "$argon2id$v=19$m=1,t=1,p=1$canary$canary"
		id, err := account.ParseIdentifier(eve.Email, []account.Kind{account.Email})
		must(t, err)
		must(t, w.Server.Store.CreateAccount(t.Context(), "default", eve, []account.Identifier{id}, audit.Event{Kind: audit.AccountCreated, Sub: "eve"}))
		w.Person("default", ada)
		w.Person("default", bob)
		w.Person("acme", ada)
		token := w.bearer("", "ops", "")
		for _, first := range []string{"x", "y", "z"} { // the longest there are, each the last of a page once
			_, err := w.Server.Clients.Create(t.Context(), "default", client.Spec{ClientID: first + strings.Repeat("/", 199), RedirectURIs: []string{rptest.Callback}},
				client.CheckContext{Origin: client.FromOperator})
			must(t, err)
		}

		var ids []string
		all := ""
		for path := "/admin/v1/clients?limit=1"; path != ""; {
			a := w.as(token, "GET", path)
			is(t, path, a, http.StatusOK, "")
			all += a.Raw
			ids = append(ids, items(a, "client_id")...)
			path = ""
			if next := a.Get("next"); next != "" {
				path = "/admin/v1/clients?limit=1&cursor=" + next
				is(t, "a cursor of clients at accounts", w.as(token, "GET", "/admin/v1/accounts?limit=4&cursor="+next), http.StatusBadRequest, "invalid_request")
				is(t, "at sessions", w.as(token, "GET", "/admin/v1/sessions?limit=4&cursor="+next), http.StatusBadRequest, "invalid_request")
			}
		}
		if len(ids) < 12 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Errorf("clients %v", ids)
		}
		one := w.as(token, "GET", "/admin/v1/clients/web")
		if one.Get("client_id") != "web" || one.Get("origin") != "apply" || one.JSON["secrets"] != float64(1) || one.JSON["redirect_uris"] == nil {
			t.Errorf("web: %s", one.Raw)
		}

		people := w.as(token, "GET", "/admin/v1/accounts")
		if got := items(people, "sub"); len(got) != 3 || !slices.IsSorted(got) {
			t.Errorf("accounts: %s", people.Raw)
		}
		if got := items(w.as(token, "GET", "/admin/v1/accounts?query=eve@"), "sub"); !slices.Equal(got, []string{"eve"}) {
			t.Errorf("a query: %v", got)
		}
		for _, wild := range []string{"%25", "_ve", "*"} {
			if got := items(w.as(token, "GET", "/admin/v1/accounts?query="+wild), "sub"); len(got) != 0 {
				t.Errorf("%s: %v", wild, got)
			}
		}
		person := w.as(token, "GET", "/admin/v1/accounts/eve")
		if person.Get("email") != eve.Email || person.JSON["has_password"] != true {
			t.Errorf("eve: %s", person.Raw)
		}
		all += one.Raw + people.Raw + person.Raw
		for _, secret := range []string{rptest.Secret, "hash", "canary", "argon2", "fo_"} {
			if strings.Contains(all, secret) {
				t.Errorf("%q is shown", secret)
			}
		}
		is(t, "a client_id of slashes", w.as(token, "GET", "/admin/v1/clients/x"+strings.Repeat("%2F", 199)), http.StatusOK, "")
		is(t, "no client", w.as(token, "GET", "/admin/v1/clients/nobody"), http.StatusNotFound, "not_found")
		is(t, "no account", w.as(token, "GET", "/admin/v1/accounts/nobody"), http.StatusNotFound, "not_found")
		is(t, "an address is no sub", w.as(token, "GET", "/admin/v1/accounts/"+ada), http.StatusNotFound, "not_found")
	})
}
