package screens

import (
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
)

// RegisterPage makes an account. It posts email, password, one field per
// Fields, r and action=cancel to {base}/register. What was typed stays, except
// the password.
type RegisterPage struct {
	Common
	App           string
	Email         string
	EmailError    i18n.Key // such as i18n.WrongEmail; "" for none
	PasswordError i18n.Key
	MinPassword   int // characters
	Fields        []Field
	Request       string
	Notice        Notice // throttled or busy
	RetryAfter    time.Duration
	SignInURL     string
	Cancel        bool
}

// Field is one configured field of a form.
type Field struct {
	Name     string // claim name: given_name
	Label    string // only for names that the catalogue does not know
	Value    string
	Required bool
	Error    i18n.Key
}

func (RegisterPage) file() string { return "register.html" }

// HasForm is true.
func (RegisterPage) HasForm() bool { return true }

// NoticeText is the sentence of the notice, "" for none.
func (p RegisterPage) NoticeText() string {
	return noticeText(p.Common, p.Notice, p.RetryAfter, i18n.NoticeMissing)
}

// Problem is one line of the error summary, linked to its field.
type Problem struct{ ID, Label, Text string }

// Problems are the lines of the error summary in the order of the fields.
func (p RegisterPage) Problems() []Problem {
	var all []Problem
	add := func(id, label string, wrong i18n.Key) {
		if wrong != "" {
			all = append(all, Problem{id, label, p.Explain(wrong)})
		}
	}
	for _, f := range p.Fields {
		add(f.ID(), p.LabelOf(f), f.Error)
	}
	add("register-email", p.T(i18n.SignInEmail), p.EmailError)
	add("register-password", p.T(i18n.SignInPassword), p.PasswordError)
	return all
}

// Short says that the error under the password is what the hint would say.
func (p RegisterPage) Short() bool { return p.PasswordError == i18n.WrongPasswordShort }

// Explain is the sentence of an error.
func (p RegisterPage) Explain(wrong i18n.Key) string { return p.T(wrong, "n", p.MinPassword) }

// LabelOf names a field: the catalogue's word, else the operator's, else its name.
func (p RegisterPage) LabelOf(f Field) string {
	if key := i18n.Key("field." + f.Name); i18n.Has(key) {
		return p.T(key)
	}
	if f.Label != "" {
		return f.Label
	}
	return f.Name
}

// ID is the element's id.
func (f Field) ID() string { return "field-" + f.Name }

// fieldKinds are the input types and autocomplete tokens of known claims (HTML §4.10.18.7).
var fieldKinds = map[string]struct{ kind, complete string }{
	"name":           {"text", "name"},
	"given_name":     {"text", "given-name"},
	"family_name":    {"text", "family-name"},
	"middle_name":    {"text", "additional-name"},
	"nickname":       {"text", "nickname"},
	"phone_number":   {"tel", "tel"},
	"birthdate":      {"date", "bday"},
	"gender":         {"text", "sex"},
	"website":        {"url", "url"},
	"street_address": {"text", "street-address"},
	"postal_code":    {"text", "postal-code"},
	"locality":       {"text", "address-level2"},
	"region":         {"text", "address-level1"},
	"country":        {"text", "country-name"},
}

// Type is the input type.
func (f Field) Type() string {
	if k, ok := fieldKinds[f.Name]; ok {
		return k.kind
	}
	return "text"
}

// Autocomplete is the autofill token, "off" when there is none for it.
func (f Field) Autocomplete() string {
	if k, ok := fieldKinds[f.Name]; ok {
		return k.complete
	}
	return "off"
}

// LeftToRight is for fields whose values are written so in every language.
func (f Field) LeftToRight() bool { return f.Type() == "tel" || f.Type() == "url" }
