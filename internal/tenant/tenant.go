package tenant

import (
	"encoding/json"
	"net/url"
	"strings"
)

// Tenant is one issuer with its own clients, accounts, keys, sessions, look
// and settings.
type Tenant struct {
	ID          string
	DisplayName string
	Hosts       []string // hosts whose root is this tenant
	IssuerExact string   // configured override, "" by dialect
	Dialect     Dialect
	Settings    Settings
	Version     int64
	CreatedAt   int64 // Unix µs
	DisabledAt  int64 // Unix µs, 0: enabled
}

// Spec is the stored JSON of a tenant.
type Spec struct {
	DisplayName string   `json:"display_name"`
	Hosts       []string `json:"hosts"`
	Issuer      string   `json:"issuer"`
	Dialect     Dialect  `json:"dialect"`
	Settings    Settings `json:"settings"`
}

// MarshalSpec returns what is stored of t.
func (t *Tenant) MarshalSpec() (string, error) {
	b, err := json.Marshal(Spec{t.DisplayName, t.Hosts, t.IssuerExact, t.Dialect, t.Settings})
	return string(b), err
}

// UnmarshalSpec reads what MarshalSpec wrote; settings that an older version
// did not know get their defaults.
func (t *Tenant) UnmarshalSpec(s string) error {
	var p Spec
	p.Settings.SetDefaults()
	if err := json.Unmarshal([]byte(s), &p); err != nil {
		return err
	}
	t.DisplayName, t.Hosts, t.IssuerExact, t.Dialect, t.Settings = p.DisplayName, p.Hosts, p.Issuer, p.Dialect, p.Settings
	return nil
}

// New returns a tenant with default settings.
func New(id string) *Tenant {
	t := &Tenant{ID: id, Dialect: Foyer}
	t.Settings.SetDefaults()
	return t
}

// Base is the tenant's base URL without a trailing slash: its first host with
// publicURL's scheme and port, publicURL itself for the tenant "default", else
// publicURL/{tenant} (spec/product.md, Endpoints).
func (t *Tenant) Base(publicURL *url.URL) string {
	switch {
	case len(t.Hosts) > 0:
		host := t.Hosts[0]
		if p := publicURL.Port(); p != "" {
			host += ":" + p
		}
		return publicURL.Scheme + "://" + host
	case t.ID == "default":
		return strings.TrimSuffix(publicURL.String(), "/")
	}
	return strings.TrimSuffix(publicURL.String(), "/") + "/" + t.ID
}

// Issuer is the exact issuer identifier: configured, or the base, or base +
// /login in dialect akamai. It is never derived from a request.
func (t *Tenant) Issuer(publicURL *url.URL) string {
	switch {
	case t.IssuerExact != "":
		return t.IssuerExact
	case t.Dialect == Akamai:
		return t.Base(publicURL) + "/login"
	}
	return t.Base(publicURL)
}

// Name is the name to show people; the tenant of a first start has none of its
// own yet and is called after the product.
func (t *Tenant) Name() string {
	switch {
	case t.DisplayName != "":
		return t.DisplayName
	case t.ID == "default":
		return "Foyer"
	}
	return t.ID
}
