package app

import (
	"context"
	"strings"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

// CreateAccount makes an account of a spec whose identifiers are ids, hashing
// its password if it has one. The error is account.ErrTaken or a fault.
func (c *Core) CreateAccount(ctx context.Context, tenantID string, spec *AccountSpec, ids []account.Identifier) (*account.Account, error) {
	a := spec.account(ids, c.Now())
	if spec.Password != "" {
		hash, err := c.Hasher.Hash(ctx, spec.Password)
		if err != nil {
			return nil, err
		}
		a.PasswordHash = hash
	}
	return a, c.Store.CreateAccount(ctx, tenantID, a, ids, audit.Event{Kind: audit.AccountCreated, Sub: a.Sub})
}

// AddAccount is CreateAccount for an operator: the spec is checked, and its
// password obeys the tenant's policy. The error may be an *InvalidAccount.
func (c *Core) AddAccount(ctx context.Context, t *tenant.Tenant, spec *AccountSpec) (*account.Account, error) {
	ids, problems := spec.identifiers(t.Settings.Identifiers)
	if spec.Password != "" {
		if why := spec.weak(t.Settings.Password.MinLength); why != "" {
			problems = append(problems, AccountProblem{"password", why})
		}
	}
	if len(problems) > 0 {
		return nil, &InvalidAccount{problems}
	}
	return c.CreateAccount(ctx, t.ID, spec, ids)
}

// InvalidAccount is a spec that was refused, with every reason.
type InvalidAccount struct{ Problems []AccountProblem }

func (e *InvalidAccount) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		sep := " "
		if strings.HasPrefix(p.Message, "expected ") {
			sep = ": "
		}
		lines[i] = p.Member + sep + p.Message
	}
	return strings.Join(lines, "\n")
}

// SetPassword gives an account a password that obeys the tenant's policy, ends
// its sessions and kills its grants. The error may be an *InvalidAccount.
func (c *Core) SetPassword(ctx context.Context, t *tenant.Tenant, a *account.Account, password string) error {
	check := AccountSpec{Email: a.Email, Password: password}
	check.GivenName, check.FamilyName = a.Profile.Get("given_name"), a.Profile.Get("family_name")
	if why := check.weak(t.Settings.Password.MinLength); why != "" {
		return &InvalidAccount{[]AccountProblem{{"password", why}}}
	}
	hash, err := c.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	return c.Store.SetPassword(ctx, t.ID, a.Sub, hash, 0, c.Now(), audit.Event{Kind: audit.PasswordSet, Sub: a.Sub})
}
