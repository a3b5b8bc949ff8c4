package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/adminapi"
	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/tenant"
)

type accountCmd struct {
	List        accountList     `cmd:"" help:"Accounts."`
	Show        accountShow     `cmd:"" help:"One account."`
	Add         accountAdd      `cmd:"" help:"Make an account; the password is read from a prompt or standard input."`
	SetPassword accountPassword `cmd:"" help:"Set a password and end every session of the account."`
	Disable     accountDisable  `cmd:"" help:"Refuse sign-in and end every session and grant."`
	Enable      accountEnable   `cmd:"" help:"Undo disable."`
	Delete      accountDelete   `cmd:"" help:"Remove an account."`
}

// adminapi.Account is an account for people and programs, without its password.
type accountList struct {
	inTenant
	Query string `arg:"" optional:"" help:"Beginning of an e-mail address, a number or a sub."`
	Limit int    `help:"At most so many." default:"100"`
}

func (c *accountList) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if c.Limit < 1 {
			return errUsage("--limit must be at least 1")
		}
		views := []adminapi.Account{}
		var rows [][]string
		for cursor := ""; len(views) < c.Limit; {
			n := min(500, c.Limit-len(views))
			list, err := core.Store.ListAccounts(r.ctx, t.ID, c.Query, cursor, n)
			if err != nil {
				return err
			}
			for _, a := range list {
				views = append(views, adminapi.AccountOf(a))
				rows = append(rows, []string{a.Sub, a.Email, a.Mobile, a.FullName(), when(a.CreatedAt), yesNo(a.Enabled())})
				cursor = a.Sub
			}
			if len(list) < n {
				break
			}
		}
		return r.print(views, func(w io.Writer) {
			table(w, "No accounts.", []string{"SUB", "EMAIL", "MOBILE", "NAME", "CREATED", "ENABLED"}, rows)
		})
	})
}

// oneAccount is the argument of commands about one account.
type oneAccount struct {
	inTenant
	Account string `arg:"" help:"sub, e-mail address or mobile number."`
}

func (c oneAccount) with(r *run, do func(*app.Core, *tenant.Tenant, *account.Account) error) error {
	return c.inTenant.with(r, func(core *app.Core, t *tenant.Tenant) error {
		a, err := findAccount(r, core, t, c.Account)
		if err != nil {
			return err
		}
		return do(core, t, a)
	})
}

// findAccount takes a sub or an identifier.
func findAccount(r *run, core *app.Core, t *tenant.Tenant, name string) (*account.Account, error) {
	a, err := core.Accounts.Lookup(r.ctx, t.ID, name)
	return a, notFound(err, "account", clean(name), t.ID)
}

type accountShow struct{ oneAccount }

func (c *accountShow) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, a *account.Account) error {
		n, err := core.Store.CountSessions(r.ctx, t.ID, a.Sub, r.now())
		if err != nil {
			return err
		}
		view := struct {
			adminapi.Account
			Sessions int `json:"sessions"`
		}{adminapi.AccountOf(a), n}
		return r.print(view, func(w io.Writer) {
			pairs := []string{"sub", a.Sub, "email", verified(a.Email, a.EmailVerified), "mobile", verified(a.Mobile, a.MobileVerified)}
			for _, name := range app.ClaimNames() {
				pairs = append(pairs, name, a.Profile.Get(name))
			}
			fields(w, append(pairs, "address", string(a.Profile.Address), "password", yesNo(view.HasPassword), "sessions", fmt.Sprint(n),
				"created", view.CreatedAt, "updated", view.UpdatedAt, "password changed", view.PasswordChangedAt, "disabled", view.DisabledAt)...)
		})
	})
}

func verified(s string, ok bool) string {
	switch {
	case s == "":
		return ""
	case ok:
		return s + " (verified)"
	}
	return s + " (not verified)"
}

type accountAdd struct {
	inTenant
	Identifier string   `arg:"" help:"E-mail address or mobile number."`
	Claim      []string `arg:"" optional:"" name:"claim=value" help:"given_name=Ada, family_name=Lovelace and other standard claims; mobile=… or email=… for a second identifier."`
	Verified   bool     `help:"The identifiers are known to be the person's."`
	NoPassword bool     `help:"Make an account that cannot sign in yet."`
	Sub        string   `help:"Stable id; one is made when left out."`
}

func (c *accountAdd) Run(r *run) error {
	spec := app.AccountSpec{Sub: c.Sub}
	switch {
	case strings.Contains(c.Identifier, "@"):
		spec.Email = c.Identifier
	case strings.ContainsAny(c.Identifier, "0123456789"):
		spec.Mobile = c.Identifier
	default:
		return errUsage(fmt.Sprintf("%q is neither an e-mail address nor a mobile number such as +33612345678", clean(c.Identifier)))
	}
	for _, pair := range c.Claim {
		name, value, ok := strings.Cut(pair, "=")
		if name == "password" {
			return errUsage("a password on the command line can be seen by others; it is read from a prompt or standard input")
		}
		if !ok || !spec.Set(name, value) {
			return errUsage(fmt.Sprintf("%q is not claim=value; known: email, mobile, %s", clean(name), strings.Join(app.ClaimNames(), ", ")))
		}
	}
	spec.EmailVerified, spec.MobileVerified = c.Verified && spec.Email != "", c.Verified && spec.Mobile != ""
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if !c.NoPassword {
			var err error
			if spec.Password, err = r.secret("password"); err != nil {
				return err
			}
		}
		a, err := core.AddAccount(r.ctx, t, &spec)
		if err != nil {
			return err
		}
		return r.print(adminapi.AccountOf(a), func(w io.Writer) { fmt.Fprintf(w, "Account %s is made for %s.\n", a.Sub, a.Identifier()) })
	})
}

type accountPassword struct{ oneAccount }

func (c *accountPassword) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, a *account.Account) error {
		password, err := r.secret("password")
		if err != nil {
			return err
		}
		if err := core.SetPassword(r.ctx, t, a, password); err != nil {
			return err
		}
		return r.done(a, "has a new password; its sessions have ended")
	})
}

func (r *run) done(a *account.Account, what string) error {
	return r.print(map[string]string{"sub": a.Sub}, func(w io.Writer) { fmt.Fprintf(w, "Account %s %s.\n", a.Sub, what) })
}

type accountDisable struct{ oneAccount }

func (c *accountDisable) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, a *account.Account) error {
		e := audit.Event{Kind: audit.AccountDisabled, Sub: a.Sub}
		if err := core.Store.SetDisabled(r.ctx, t.ID, a.Sub, true, r.now(), e); err != nil {
			return err
		}
		return r.done(a, "is disabled; its sessions and grants have ended")
	})
}

type accountEnable struct{ oneAccount }

func (c *accountEnable) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, a *account.Account) error {
		e := audit.Event{Kind: audit.AccountEnabled, Sub: a.Sub}
		if err := core.Store.SetDisabled(r.ctx, t.ID, a.Sub, false, r.now(), e); err != nil {
			return err
		}
		return r.done(a, "may sign in again")
	})
}

type accountDelete struct {
	oneAccount
	Yes bool `help:"Do not ask."`
}

func (c *accountDelete) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, a *account.Account) error {
		if err := r.confirm(c.Yes, fmt.Sprintf("Delete account %s (%s)?", a.Sub, clean(a.Name()))); err != nil {
			return err
		}
		if err := core.Store.DeleteAccount(r.ctx, t.ID, a.Sub, r.now(), audit.Event{Kind: audit.AccountDeleted, Sub: a.Sub}); err != nil {
			return err
		}
		return r.done(a, "is deleted")
	})
}
