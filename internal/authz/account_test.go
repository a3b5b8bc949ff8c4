package authz

import (
	"context"
	"errors"
	"testing"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

// asked is a store of nobody that says when it was looked at.
type asked struct{}

var errAsked = errors.New("asked")

func (asked) FindAccount(context.Context, string, string) (*account.Account, error) {
	return nil, errAsked
}

func TestTheAccountIsThatOfTheSession(t *testing.T) {
	t.Parallel()
	f := &Flow{Accounts: asked{}}
	ada := &account.Account{Sub: "ada"}
	for name, c := range map[string]struct {
		read *account.Account
		want error
	}{
		"one that was read while the session began is not read again": {ada, nil},
		"without one it is read":       {nil, errAsked},
		"one of somebody else is read": {&account.Account{Sub: "bob"}, errAsked},
	} {
		got, err := f.account(t.Context(), Input{Session: &session.Session{Sub: "ada"}, Account: c.read, Tenant: &tenant.Live{Tenant: tenant.New("acme")}})
		if !errors.Is(err, c.want) || err == nil && got != ada {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
