package op_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/rptest"
)

// wayToEnd is a cause of an end: prepare returns what brings it about at a node,
// which says what is wrong with the answer.
type wayToEnd struct {
	name    string
	prepare func(t *testing.T, w *rptest.World, b *rptest.Browser, email string) (end func() string)
}

const administrator = `
  - client_id: ops
    client_secret: ` + rptest.Secret + `
    grant_types: [client_credentials]
    scope: admin.sessions:write
`

var waysToEnd = []wayToEnd{
	{"the logout of an application", func(_ *testing.T, w *rptest.World, b *rptest.Browser, _ string) func() string {
		return func() string {
			return unless(http.StatusSeeOther, b.At(w).Get("/endsession?"+q("client_id", "web", "post_logout_redirect_uri", rptest.Bye).Encode()).Status())
		}
	}},
	{"the list of devices, this one", func(_ *testing.T, w *rptest.World, b *rptest.Browser, _ string) func() string {
		return submits(b.At(w), http.StatusOK, b.Get("/personal-details"), q("action", "sign_out"))
	}},
	{"the list of devices, everywhere", func(_ *testing.T, w *rptest.World, b *rptest.Browser, _ string) func() string {
		return submits(b.At(w), http.StatusOK, b.Get(devicesPage), q("scope", "everywhere"))
	}},
	{"the list of devices, another one", func(_ *testing.T, w *rptest.World, b *rptest.Browser, email string) func() string {
		phone := w.Browser()
		phone.Enter("default", email, time.Minute)
		list := phone.Get(devicesPage)
		return submits(phone, http.StatusSeeOther, list, q("sid", devices(list)[0]))
	}},
	{"the list of devices, all others", func(_ *testing.T, w *rptest.World, b *rptest.Browser, email string) func() string {
		phone := w.Browser()
		phone.Enter("default", email, time.Minute)
		return submits(phone, http.StatusSeeOther, phone.Get(devicesPage), q("scope", "others"))
	}},
	{"an administrator, the session", func(t *testing.T, w *rptest.World, b *rptest.Browser, _ string) func() string {
		sid, _ := w.Claims(b.Tokens("web", nil).Get("id_token"))["sid"].(string)
		return administers(t, w, "/sessions/"+sid)
	}},
	{"an administrator, the account", func(t *testing.T, w *rptest.World, _ *rptest.Browser, email string) func() string {
		return administers(t, w, "/accounts/"+w.Person("default", email).Sub+"/sessions")
	}},
	{"a new password", func(t *testing.T, w *rptest.World, _ *rptest.Browser, email string) func() string {
		account, tenant := w.Person("default", email), w.Live("default").Tenant
		return func() string {
			if err := w.Server.SetPassword(t.Context(), tenant, account, "another fine passphrase zq"); err != nil {
				return err.Error()
			}
			return ""
		}
	}},
	{"an account that is disabled", func(t *testing.T, w *rptest.World, _ *rptest.Browser, email string) func() string {
		sub := w.Person("default", email).Sub
		return func() string {
			if err := w.Server.Store.SetDisabled(t.Context(), "default", sub, true, w.Now(), audit.Event{Kind: audit.AccountDisabled, Sub: sub}); err != nil {
				return err.Error()
			}
			return ""
		}
	}},
}

func unless(want, got int) string {
	if want == got {
		return ""
	}
	return fmt.Sprint(got)
}

func submits(b *rptest.Browser, want int, p *rptest.Page, with url.Values) func() string {
	return func() string { return unless(want, b.Submit(p, with).Status()) }
}

// administers deletes something with a token that a program got.
func administers(t *testing.T, w *rptest.World, path string) func() string {
	t.Helper()
	a := w.Call("/token", rptest.Basic("ops"), q("grant_type", "client_credentials"))
	if a.Status != http.StatusOK {
		t.Fatalf("token answered %d %s", a.Status, a.Raw)
	}
	return func() string {
		r := httptest.NewRequest(http.MethodDelete, w.Base+"/admin/v1"+path, nil)
		r.Header.Set("Authorization", "Bearer "+a.Get("access_token"))
		return unless(http.StatusNoContent, w.Do(r).Code)
	}
}
