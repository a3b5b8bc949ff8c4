package sqlstore_test

import (
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/session"
)

// A session that begins with its code: both are there afterwards, or neither.
func TestSessionBeginsWithItsCode(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.account(acme, "off")
		first := w.session(acme, "ada")
		taken := w.code(acme, "ada", first.Session.ID, true)
		w.must(w.SetDisabled(w.ctx, acme, "off", true, noon, event(audit.AccountDisabled)))
		ended := w.session(acme, "ada")
		w.end(acme, noon, ended.Session.ID)

		enter := func(b session.Begin) grant.CodeIssue {
			c := w.newCode(b.Session.Sub, b.Session.ID, true)
			c.Begin = &b
			return c
		}
		good := w.newSession("ada")
		good.Previous = first.Session.ID
		c := enter(good)
		w.must(w.IssueCode(w.ctx, acme, c, noon))
		if _, err := w.FindSession(w.ctx, acme, good.Session.ID, good.Hash, noon); err != nil {
			t.Errorf("the session: %v", err)
		}
		_, err := w.FindSession(w.ctx, acme, first.Session.ID, first.Hash, noon)
		w.is(err, session.ErrNotFound) // replaced
		if p, err := w.Participants(w.ctx, acme, good.Session.ID); err != nil || len(p) != 1 || p[0].ClientID != "shop" {
			t.Errorf("participants %v, %v", p, err)
		}
		w.must(w.RedeemCode(w.ctx, acme, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash}, noon))

		renewed := *good.Session
		renewed.AuthTime = noon.Add(time.Minute).UnixMicro()
		w.must(w.IssueCode(w.ctx, acme, enter(session.Begin{Session: &renewed, Hash: "new", Renews: true}), noon.Add(time.Minute)))
		if x, err := w.FindSession(w.ctx, acme, good.Session.ID, "new", noon.Add(time.Minute)); err != nil || x.AuthTime != renewed.AuthTime {
			t.Errorf("renewed: %+v, %v", x, err)
		}

		sessions, grants, records := w.rows("sessions"), w.rows("grants"), w.rows("audit")
		sameSession := enter(w.newSession("ada"))
		sameSession.Begin.Session.ID = good.Session.ID
		sameCode := enter(w.newSession("ada"))
		sameCode.Grant.ID = taken.Grant.ID
		other := renewed
		other.Sub = "off"
		for name, try := range map[string]struct {
			c    grant.CodeIssue
			want error
		}{
			"the session's id exists":          {sameSession, session.ErrCollision},
			"the code's id exists":             {sameCode, grant.ErrCollision},
			"the account is disabled":          {enter(w.newSession("off")), session.ErrNotFound},
			"the account is gone":              {enter(w.newSession("nobody")), session.ErrNotFound},
			"what is renewed has ended":        {enter(session.Begin{Session: ended.Session, Hash: "x", Renews: true}), session.ErrNotFound},
			"what is renewed is somebody else": {enter(session.Begin{Session: &other, Hash: "x", Renews: true}), session.ErrNotFound},
		} {
			t.Log(name)
			w.is(w.IssueCode(w.ctx, acme, try.c, noon), try.want)
		}
		if s, g, r := w.rows("sessions"), w.rows("grants"), w.rows("audit"); s != sessions || g != grants || r != records {
			t.Errorf("%d sessions, %d grants, %d records were left behind", s-sessions, g-grants, r-records)
		}
	})
}
