package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
)

// Every id of one tenant means nothing in another, and nothing that is tried
// there changes it.
func TestMT1_IdsOfAnotherTenantFindNothing(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		s, f := w.fill("victim")
		code := w.code("victim", "ada", s.Session.ID, true)
		before := w.records("victim")
		id := s.Session.ID
		for name, c := range map[string]struct{ got, want error }{
			"FindAccount":      {errOf(w.FindAccount(w.ctx, acme, "ada")), account.ErrNotFound},
			"FindByIdentifier": {errOf(w.FindByIdentifier(w.ctx, acme, email("ada"))), account.ErrNotFound},
			"UpdateProfile":    {w.UpdateProfile(w.ctx, acme, account.New("ada", noon), event(audit.AccountUpdated)), account.ErrNotFound},
			"SetPassword":      {w.SetPassword(w.ctx, acme, "ada", "x", 0, noon, event(audit.PasswordSet)), account.ErrNotFound},
			"SetDisabled":      {w.SetDisabled(w.ctx, acme, "ada", true, noon, event(audit.AccountDisabled)), account.ErrNotFound},
			"DeleteAccount":    {w.DeleteAccount(w.ctx, acme, "ada", noon, event(audit.AccountDeleted)), account.ErrNotFound},
			"Rehash":           {w.Rehash(w.ctx, acme, "ada", "old", "x"), nil},
			"FindSession":      {errOf(w.FindSession(w.ctx, acme, id, s.Hash, noon)), session.ErrNotFound},
			"FindBySID":        {errOf(w.FindBySID(w.ctx, acme, s.Session.SID, noon)), session.ErrNotFound},
			"FindRecord":       {errOf(w.FindRecord(w.ctx, acme, s.Session.SID)), session.ErrNotFound},
			"BeginSession":     {w.BeginSession(w.ctx, acme, s, noon), session.ErrNotFound},
			"RenewSession":     {w.BeginSession(w.ctx, acme, session.Begin{Session: s.Session, Renews: true}, noon), session.ErrNotFound},
			"IssueCode":        {w.IssueCode(w.ctx, acme, w.newCode("ada", id, true), noon), grant.ErrSessionEnded},
			"FindGrant":        {errOf(w.FindGrant(w.ctx, acme, f.Grant.ID, noon)), grant.ErrNotFound},
			"RedeemCode":       {w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: code.Grant.ID, Hash: code.CodeHash}, noon), grant.ErrDead},
			"FindRefresh":      {errOf2(w.FindRefresh(w.ctx, acme, f.r.ID, noon)), grant.ErrNotFound},
			"Rotate":           {w.Rotate(w.ctx, acme, w.rotation(f.r, noon), noon), grant.ErrDead},
			"Reissue":          {w.Reissue(w.ctx, acme, f.r.ID, 1, nil, noon), nil},
			"FindAccess":       {errOf2(w.FindAccess(w.ctx, acme, f.a.ID, noon)), grant.ErrNotFound},
			"RevokeAccess":     {w.RevokeAccess(w.ctx, acme, f.a.ID, noon, event(audit.TokenRevoked)), nil},
			"FindClient":       {errOf(w.FindClient(w.ctx, acme, "shop")), client.ErrNotFound},
			"UpdateClient":     {w.UpdateClient(w.ctx, acme, shop(), event(audit.ClientUpdated)), client.ErrVersion},
			"DeleteClient":     {w.DeleteClient(w.ctx, acme, "shop", noon, event(audit.ClientDeleted)), client.ErrNotFound},
			"MarkSeen":         {w.MarkSeen(w.ctx, acme, "jti", "x", noon, noon), nil},
		} {
			if c.want == nil {
				w.must(c.got)
			} else if !cmp.Equal(c.got.Error(), c.want.Error()) {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
			}
		}
		if list := w.end(acme, noon, id); len(list) != 0 {
			t.Errorf("ended %v", list)
		}
		if killed, err := w.RevokeGrant(w.ctx, acme, f.Grant.ID, noon, event(audit.GrantRevoked)); killed || err != nil {
			t.Errorf("killed %v, %v", killed, err)
		}
		empty := func(name string, n int, err error) {
			t.Helper()
			if n != 0 || err != nil {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
		accounts, err := w.ListAccounts(w.ctx, acme, "", "", 9)
		empty("ListAccounts", len(accounts), err)
		list, err := w.ListSessions(w.ctx, acme, "", "shop", 0, 9, noon)
		empty("ListSessions", len(list), err)
		for _, sub := range []string{"", "ada"} {
			list, err = w.ListRecords(w.ctx, acme, sub, "", 0, 9)
			empty("ListRecords", len(list), err)
		}
		n, err := w.CountSessions(w.ctx, acme, "ada", noon)
		empty("CountSessions", n, err)
		p, err := w.Participants(w.ctx, acme, id)
		empty("Participants", len(p), err)
		clients, err := w.ListClients(w.ctx, acme, "", 9)
		empty("ListClients", len(clients), err)
		consent, err := w.FindConsent(w.ctx, acme, "ada", "shop")
		empty("FindConsent", len(consent), err)
		objects, err := w.Objects(w.ctx, acme, "resource")
		empty("Objects", len(objects), err)
		applied, err := w.Applied(w.ctx, acme)
		empty("Applied", len(applied), err)
		progress, err := w.FindProgress(w.ctx, acme, "browser", "i", noon)
		empty("FindProgress", len(progress.Chosen), err)
		if revoked, err := w.JTIRevoked(w.ctx, acme, "j"); revoked || err != nil {
			t.Errorf("JTIRevoked %v, %v", revoked, err)
		}
		if known, err := w.KnownDevice(w.ctx, acme, "ada", "browser"); known || err != nil {
			t.Errorf("KnownDevice %v, %v", known, err)
		}
		if len(w.records(acme)) != 0 {
			t.Errorf("records %v", w.records(acme))
		}
		if diff := cmp.Diff(before, w.records("victim")); diff != "" {
			t.Error(diff)
		}
		w.must(w.Rotate(w.ctx, "victim", w.rotation(f.r, noon), noon))
		w.must(w.RedeemCode(w.ctx, "victim", grant.Redemption{GrantID: code.Grant.ID, Hash: code.CodeHash}, noon))
	})
}

func errOf[T any](_ T, err error) error          { return err }
func errOf2[T, U any](_ T, _ U, err error) error { return err }

func progressOf(sub string) authz.Progress { return authz.Progress{Chosen: sub, Registered: true} }

func TestAZ17_ProgressIsTheBrowsersOwnAndCapped(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		name := func(i int) string { return string(rune('A' + i)) }
		put := func(browser string, i int) error {
			at := noon.Add(time.Duration(i) * time.Second)
			return w.PutProgress(w.ctx, acme, browser, name(i), progressOf("ada"), at, at.Add(15*time.Minute))
		}
		for i := range 70 {
			w.must(put("b1", i))
		}
		w.must(put("b2", 0))
		later := noon.Add(70 * time.Second)
		for i := range 70 {
			want := authz.Progress{}
			if i >= 70-authz.ProgressCap {
				want = progressOf("ada")
			}
			if got, err := w.FindProgress(w.ctx, acme, "b1", name(i), later); got != want || err != nil {
				t.Errorf("%d: %v, %v", i, got, err)
			}
		}
		// The oldest by its end, put again, stays: it is what was just done.
		w.must(put("b1", 0))
		if got, err := w.FindProgress(w.ctx, acme, "b1", name(0), later); got != progressOf("ada") || err != nil {
			t.Errorf("just put: %v, %v", got, err)
		}
		if got, err := w.FindProgress(w.ctx, acme, "b2", name(1), later); got != (authz.Progress{}) || err != nil {
			t.Errorf("another browser's: %v, %v", got, err)
		}
		if got, err := w.FindProgress(w.ctx, acme, "b2", name(0), noon.Add(15*time.Minute)); got != (authz.Progress{}) || err != nil {
			t.Errorf("expired: %v, %v", got, err)
		}
		if n := w.rows("progress"); n != authz.ProgressCap+1 {
			t.Errorf("%d rows", n)
		}
	})
}
