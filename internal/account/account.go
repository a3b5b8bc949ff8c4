package account

import (
	"encoding/json"
	"errors"
	"strings"
)

// Errors of the keeper.
var (
	ErrNotFound = errors.New("account not found")
	ErrTaken    = errors.New("identifier belongs to another account")
)

// Account is a person's record. Times are Unix microseconds.
type Account struct {
	Sub               string
	CreatedAt         int64
	UpdatedAt         int64
	DisabledAt        int64 // 0: enabled
	ValidFrom         int64 // grants made before are dead
	PasswordHash      string
	PasswordChangedAt int64
	Email             string // as typed, NFC
	EmailVerified     bool
	Mobile            string // E.164
	MobileVerified    bool
	Profile           Profile
}

// Profile holds the standard claims that are not identifiers (OIDC Core §5.1),
// by claim name. Values are strings; address is an object.
type Profile struct {
	Claims  map[string]string `json:"claims,omitempty" yaml:"claims,omitempty"`
	Address json.RawMessage   `json:"address,omitempty" yaml:"-"`
}

// Get returns a claim of the profile.
func (p Profile) Get(name string) string { return p.Claims[name] }

// Enabled tells whether the account may be used.
func (a *Account) Enabled() bool { return a.DisabledAt == 0 }

// Name is the name to show: name, or given and family name, or the identifier.
func (a *Account) Name() string {
	if n := a.FullName(); n != "" {
		return n
	}
	return a.Identifier()
}

// FullName is the name claim, composed when absent (spec/tokens.md §2); "" when
// nothing is known.
func (a *Account) FullName() string {
	if n := a.Profile.Get("name"); n != "" {
		return n
	}
	return strings.TrimSpace(a.Profile.Get("given_name") + " " + a.Profile.Get("family_name"))
}

// Identifier is what the person signs in with, for showing.
func (a *Account) Identifier() string {
	if a.Email != "" {
		return a.Email
	}
	return a.Mobile
}
