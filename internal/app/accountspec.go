package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/secret"
)

// AccountSpec is an account of a tenant file: its identifiers, a password and
// the standard claims (OIDC Core §5.1).
type AccountSpec struct {
	Sub            string `yaml:"sub"` // "": one is made
	Email          string `yaml:"email"`
	EmailVerified  bool   `yaml:"email_verified"`
	Mobile         string `yaml:"mobile"` // E.164
	MobileVerified bool   `yaml:"mobile_verified"`
	Password       string `yaml:"password"`

	AccountClaims `yaml:",inline"`
	Address       *AddressSpec `yaml:"address"`
}

// AccountClaims are the claims of an account that are texts, under their names.
type AccountClaims struct {
	Name              string `yaml:"name"`
	GivenName         string `yaml:"given_name"`
	FamilyName        string `yaml:"family_name"`
	MiddleName        string `yaml:"middle_name"`
	Nickname          string `yaml:"nickname"`
	PreferredUsername string `yaml:"preferred_username"`
	Profile           string `yaml:"profile"`
	Picture           string `yaml:"picture"`
	Website           string `yaml:"website"`
	Gender            string `yaml:"gender"`
	Birthdate         string `yaml:"birthdate"`
	Zoneinfo          string `yaml:"zoneinfo"`
	Locale            string `yaml:"locale"`
}

// AddressSpec is the address claim (OIDC Core §5.1.1).
type AddressSpec struct {
	Formatted     string `yaml:"formatted" json:"formatted,omitempty"`
	StreetAddress string `yaml:"street_address" json:"street_address,omitempty"`
	Locality      string `yaml:"locality" json:"locality,omitempty"`
	Region        string `yaml:"region" json:"region,omitempty"`
	PostalCode    string `yaml:"postal_code" json:"postal_code,omitempty"`
	Country       string `yaml:"country" json:"country,omitempty"`
}

// Map returns the claims that have a value, by name.
func (c AccountClaims) Map() map[string]string {
	claims := map[string]string{}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if text := v.Field(i).String(); text != "" {
			claims[v.Type().Field(i).Tag.Get("yaml")] = text
		}
	}
	return claims
}

// ClaimNames are the names of AccountClaims.
func ClaimNames() []string {
	t := reflect.TypeFor[AccountClaims]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}

// AccountProblem is one thing that keeps a spec from being an account.
type AccountProblem struct{ Member, Message string }

// identifiers are those of the spec, canonical; kinds are what the tenant lets
// people sign in with.
func (s *AccountSpec) identifiers(kinds []string) (ids []account.Identifier, problems []AccountProblem) {
	for _, in := range []struct {
		kind account.Kind
		text string
	}{{account.Email, s.Email}, {account.Mobile, s.Mobile}} {
		if in.text == "" {
			continue
		}
		id, err := account.ParseIdentifier(in.text, []account.Kind{in.kind})
		if errors.Is(err, account.ErrIdentifier) {
			want := map[account.Kind]string{account.Email: "an e-mail address", account.Mobile: "a number such as +33612345678"}
			problems = append(problems, AccountProblem{string(in.kind), "expected " + want[in.kind]})
			continue
		}
		ids = append(ids, id)
	}
	if s.Email == "" && s.Mobile == "" {
		problems = append(problems, AccountProblem{"email", "is missing, and so is mobile; an account needs one of them (settings.identifiers: " + strings.Join(kinds, ", ") + ")"})
	}
	if len(s.Sub) > 255 || strings.ContainsFunc(s.Sub, func(r rune) bool { return r < '!' || r > '~' }) {
		problems = append(problems, AccountProblem{"sub", "must be at most 255 printable ASCII characters without spaces (OIDC Core §2)"})
	}
	if len(s.Password) > account.MaxPassword {
		problems = append(problems, AccountProblem{"password", fmt.Sprintf("is longer than %d bytes", account.MaxPassword)})
	}
	return ids, problems
}

// account makes the record, without a password's hash.
func (s *AccountSpec) account(ids []account.Identifier, now time.Time) *account.Account {
	sub := s.Sub
	if sub == "" {
		sub = secret.UUID()
	}
	a := account.New(sub, now)
	for _, id := range ids {
		switch id.Kind {
		case account.Email:
			a.Email, a.EmailVerified = id.Value, s.EmailVerified
		case account.Mobile:
			a.Mobile, a.MobileVerified = id.Key, s.MobileVerified
		}
	}
	a.Profile.Claims = s.AccountClaims.Map()
	if s.Address != nil {
		a.Profile.Address, _ = json.Marshal(s.Address) // texts cannot fail
	}
	return a
}

// weak says what a policy of today has against the password, "" nothing.
func (s *AccountSpec) weak(minLength int) string {
	var words []string
	for _, p := range account.CheckNew(s.Password, account.Policy{MinLength: minLength}, s.Email, s.GivenName, s.FamilyName) {
		words = append(words, PasswordProblem(p, minLength))
	}
	return strings.Join(words, "; ")
}

// PasswordProblem is what is wrong with a new password, in English.
func PasswordProblem(p account.Problem, minLength int) string {
	switch p {
	case account.TooShort:
		return fmt.Sprintf("is shorter than %d characters", minLength)
	case account.TooLong:
		return fmt.Sprintf("is longer than %d bytes", account.MaxPassword)
	case account.NotText:
		return "is not UTF-8"
	case account.CommonWord:
		return "is a common password"
	case account.ContextWord:
		return "is little more than the person's own name or address"
	}
	return string(p)
}

// Set gives an identifier or a claim that is a text its value; false when there
// is none of that name.
func (s *AccountSpec) Set(name, value string) bool {
	switch name {
	case "email":
		s.Email = value
		return true
	case "mobile":
		s.Mobile = value
		return true
	}
	v := reflect.ValueOf(&s.AccountClaims).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == name {
			v.Field(i).SetString(value)
			return true
		}
	}
	return false
}
