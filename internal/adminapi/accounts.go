package adminapi

import (
	"encoding/json"
	"errors"

	"github.com/foyer-id/foyer/internal/account"
)

// Account is what is stored of a person. Of the password there is only whether
// there is one.
type Account struct {
	Sub               string            `json:"sub"`
	Email             string            `json:"email,omitempty"`
	EmailVerified     bool              `json:"email_verified"`
	Mobile            string            `json:"mobile,omitempty"`
	MobileVerified    bool              `json:"mobile_verified"`
	Claims            map[string]string `json:"claims,omitempty" doc:"Claims of OpenID Connect by their names."`
	Address           json.RawMessage   `json:"address,omitempty"`
	HasPassword       bool              `json:"has_password"`
	CreatedAt         string            `json:"created_at" format:"date-time"`
	UpdatedAt         string            `json:"updated_at" format:"date-time"`
	PasswordChangedAt string            `json:"password_changed_at,omitempty" format:"date-time"`
	DisabledAt        string            `json:"disabled_at,omitempty" format:"date-time"`
}

// AccountOf shows an account.
func AccountOf(a *account.Account) Account {
	return Account{a.Sub, a.Email, a.EmailVerified, a.Mobile, a.MobileVerified, a.Profile.Claims, a.Profile.Address,
		a.PasswordHash != "", when(a.CreatedAt), when(a.UpdatedAt), when(a.PasswordChangedAt), when(a.DisabledAt)}
}

func (a *API) listAccounts(c *call) (any, error) {
	after, err := a.after(c)
	if err != nil {
		return nil, err
	}
	found, err := a.Accounts.Store.ListAccounts(c.Context(), c.t.ID, c.query["query"], after, c.query.limit()+1)
	if err != nil {
		return nil, err
	}
	return pageOf(a, c, found, AccountOf, func(x *account.Account) string { return x.Sub }), nil
}

func (a *API) getAccount(c *call) (any, error) {
	sub := c.PathValue("sub")
	if !legible(sub) || len(sub) > maxText {
		return nil, notFound("account")
	}
	found, err := a.Accounts.Store.FindAccount(c.Context(), c.t.ID, sub)
	if errors.Is(err, account.ErrNotFound) {
		err = notFound("account")
	}
	if err != nil {
		return nil, err
	}
	return AccountOf(found), nil
}
