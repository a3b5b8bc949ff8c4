package screens

import "github.com/foyer-id/foyer/internal/i18n"

// ConsentPage asks whether an application of somebody else may see what it
// asks for (OIDC Core §3.1.2.4). It posts action=allow or action=deny, r and
// asked to {base}/consent.
type ConsentPage struct {
	Common
	App     string
	AppURL  string // the application's own page, may be empty
	Who     Person
	Scopes  []string
	Request string
	Asked   string // what is asked, sealed
}

func (ConsentPage) file() string { return "consent.html" }

// HasForm is true.
func (ConsentPage) HasForm() bool { return true }

// Asks says in words what each scope means.
func (p ConsentPage) Asks() []string {
	var out []string
	for _, s := range p.Scopes {
		if key := i18n.Key("scope." + s); s != "other" && i18n.Has(key) {
			out = append(out, p.T(key))
		} else {
			out = append(out, p.T(i18n.ScopeOther, "scope", s))
		}
	}
	return out
}
