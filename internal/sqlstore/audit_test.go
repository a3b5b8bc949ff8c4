package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/audit"
)

func TestI9_EveryChangeHasOneRecord(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		w.session(acme, "ada")
		w.session(acme, "ada")
		later := noon.Add(time.Second)
		w.ctx = audit.WithActor(w.ctx, audit.Actor{Name: "cli", Address: "192.0.2.7", RequestID: "r1"})
		for range 2 { // the second changes nothing
			w.must(w.SetDisabled(w.ctx, acme, "ada", true, later, audit.Event{Kind: audit.AccountDisabled, Sub: "ada", Data: map[string]string{"why": "left"}}))
		}
		want := map[audit.Kind]int{audit.AccountCreated: 1, audit.SignedIn: 2, audit.AccountDisabled: 1, audit.SessionEnded: 2}
		if diff := cmp.Diff(want, w.records(acme)); diff != "" {
			t.Error(diff)
		}
		list, err := w.ListAudit(w.ctx, acme, 0, 100)
		w.must(err)
		for i, r := range list {
			if i > 0 && r.ID >= list[i-1].ID {
				t.Errorf("record %d is not older than the one before", i)
			}
			switch r.Kind {
			case audit.AccountDisabled:
				if r.Data["why"] != "left" || r.Actor != audit.ActorOf(w.ctx) || r.At != later.UnixMicro() || r.Sub != "ada" {
					t.Errorf("%+v", r)
				}
			case audit.SessionEnded:
				if r.Data["reason"] != "account_disabled" || r.Sub != "ada" || r.SID == "" || r.Actor.Name != "cli" {
					t.Errorf("%+v", r)
				}
			case audit.SignedIn:
				if r.Actor.Name != "system" || len(r.Data) != 0 {
					t.Errorf("%+v", r)
				}
			}
		}
		page, err := w.ListAudit(w.ctx, acme, list[1].ID, 2)
		if diff := cmp.Diff(list[2:4], page); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// Many records of one transition have one time: ids that are taken are drawn
// again.
func TestRecordsOfOneMomentAreAllKept(t *testing.T) {
	t.Parallel()
	stores(t, func(t *testing.T, w *world) {
		w.account(acme, "ada")
		for range 300 {
			w.session(acme, "ada")
		}
		w.must(w.DeleteAccount(w.ctx, acme, "ada", noon, event(audit.AccountDeleted)))
		if n := w.records(acme)[audit.SessionEnded]; n != 300 {
			t.Errorf("%d records of 300 ends", n)
		}
	})
}
