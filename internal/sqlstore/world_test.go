package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/storetest"
)

// noon is the time at which the tests begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const acme = "acme"

// world is a fresh database with short ways to fill it.
type world struct {
	*sqlstore.Store
	db  *sqlstore.DB
	ctx context.Context
	testing.TB
	serial *atomic.Int64
}

// stores runs fn on both databases.
func stores(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) { fn(t, newWorld(t, open(t))) })
}

func newWorld(tb testing.TB, db *sqlstore.DB) *world {
	return &world{sqlstore.NewStore(db), db, context.Background(), tb, new(atomic.Int64)}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) is(err, want error) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Fatalf("err = %v, want %v", err, want)
	}
}

// next is a positive id that no other call returns.
func (w *world) next() int64 { return 1000 + w.serial.Add(1) }

func event(k audit.Kind) audit.Event { return audit.Event{Kind: k} }

// account makes an enabled account that is valid from an hour before noon.
func (w *world) account(tenant, sub string) {
	w.Helper()
	from := noon.Add(-time.Hour).UnixMicro()
	a := &account.Account{Sub: sub, CreatedAt: from, UpdatedAt: from, ValidFrom: from, PasswordHash: "old",
		Email: sub + "@example.com", Profile: account.Profile{Claims: map[string]string{"given_name": "Ada"}}}
	w.must(w.CreateAccount(w.ctx, tenant, a, []account.Identifier{email(sub)}, event(audit.AccountCreated)))
}

func email(sub string) account.Identifier {
	return account.Identifier{Kind: account.Email, Value: sub + "@example.com", Key: sub + "@example.com"}
}

// newSession is a session of sub for a day, with its secret's hash.
func (w *world) newSession(sub string) session.Begin {
	id, t := w.next(), noon.UnixMicro()
	return session.Begin{Hash: fmt.Sprintf("hash-%d", id), Session: &session.Session{
		ID: id, SID: fmt.Sprintf("sid-%d", id), Sub: sub, Browser: "browser", CreatedAt: t, AuthTime: t, Level: 2,
		AMR: []string{"pwd", "otp"}, LastSeen: t, ExpiresAt: noon.Add(24 * time.Hour).UnixMicro(),
		UserAgent: "agent", Address: "192.0.2.1",
	}}
}

func (w *world) session(tenant, sub string) session.Begin {
	w.Helper()
	b := w.newSession(sub)
	w.must(w.BeginSession(w.ctx, tenant, b, noon))
	return b
}

// newCode is a grant for an hour and its code for a minute.
func (w *world) newCode(sub string, ses int64, bound bool) grant.CodeIssue {
	id := w.next()
	return grant.CodeIssue{CodeHash: fmt.Sprintf("code-%d", id), CodeExpiresAt: noon.Add(time.Minute).UnixMicro(),
		Grant: grant.Grant{ID: id, ClientID: "shop", Sub: sub, Session: ses, Bound: bound,
			CreatedAt: noon.UnixMicro(), ExpiresAt: noon.Add(time.Hour).UnixMicro(),
			Spec: grant.Spec{SID: "sid", RedirectURI: "https://shop.example/cb", Scope: []string{"openid"}, Nonce: "n"}}}
}

func (w *world) code(tenant, sub string, ses int64, bound bool) grant.CodeIssue {
	w.Helper()
	c := w.newCode(sub, ses, bound)
	w.must(w.IssueCode(w.ctx, tenant, c, noon))
	return c
}

func (w *world) newRefresh(grantID int64) *grant.Refresh {
	id := w.next()
	return &grant.Refresh{ID: id, GrantID: grantID, Hash: fmt.Sprintf("refresh-%d", id),
		CreatedAt: noon.UnixMicro(), ExpiresAt: noon.Add(30 * time.Minute).UnixMicro()}
}

func (w *world) newAccess(grantID int64) *grant.Access {
	id := w.next()
	return &grant.Access{ID: id, GrantID: grantID, Hash: fmt.Sprintf("access-%d", id), ClientID: "shop", Scope: []string{"openid", "email"},
		Audience: []string{"https://api.example"}, CreatedAt: noon.UnixMicro(), ExpiresAt: noon.Add(20 * time.Minute).UnixMicro()}
}

// family is what a redeemed code gave.
type family struct {
	grant.CodeIssue
	r *grant.Refresh
	a *grant.Access
}

func (w *world) family(tenant, sub string, ses int64, bound bool) family {
	w.Helper()
	c := w.code(tenant, sub, ses, bound)
	f := family{c, w.newRefresh(c.Grant.ID), w.newAccess(c.Grant.ID)}
	w.must(w.RedeemCode(w.ctx, tenant, grant.Redemption{GrantID: c.Grant.ID, Hash: c.CodeHash, Refresh: f.r, Access: f.a}, noon))
	return f
}

// rotation replaces r by a new token with a window of 30 seconds.
func (w *world) rotation(r *grant.Refresh, now time.Time) grant.Rotation {
	return grant.Rotation{Old: r.ID, Hash: r.Hash, New: w.newRefresh(r.GrantID), Sealed: "sealed",
		GraceUntil: now.Add(30 * time.Second).UnixMicro()}
}

func (w *world) end(tenant string, now time.Time, ids ...int64) []logout.Ended {
	w.Helper()
	list, err := w.EndSessions(w.ctx, tenant, logout.Ending{Sessions: ids, Reason: session.ByRequest}, now, audit.Event{})
	w.must(err)
	return list
}

// exec changes rows behind the store's back.
func (w *world) exec(query string, args ...any) {
	w.Helper()
	_, err := w.db.WriteOne(w.ctx, query, args...)
	w.must(err)
}

// rows counts a table.
func (w *world) rows(table string) (n int) {
	w.Helper()
	w.must(w.db.QueryRow(w.ctx, `SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// records returns the kinds of the tenant's audit records, oldest first.
func (w *world) records(tenant string) map[audit.Kind]int {
	w.Helper()
	list, err := w.ListAudit(w.ctx, tenant, 0, 1000)
	w.must(err)
	kinds := make(map[audit.Kind]int)
	for _, r := range list {
		kinds[r.Kind]++
	}
	return kinds
}

// compete runs op on n goroutines that begin together.
func compete(n int, op func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = op(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// oneWinner fails unless exactly one error is nil and all others are lost.
func (w *world) oneWinner(errs []error, lost error) (winner int) {
	w.Helper()
	winner = -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			w.Fatalf("%d and %d both succeeded", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, lost):
			w.Fatalf("loser %d: %v, want %v", i, err, lost)
		}
	}
	if winner < 0 {
		w.Fatalf("nobody succeeded: %v", errs[0])
	}
	return winner
}
