package app

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/egress"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/screens"
	"github.com/foyer-id/foyer/internal/tenant"
)

// checker judges documents together, before anything is written.
type checker struct {
	cfg      *config.Server
	tenants  map[string]*tenant.Tenant // as they are after the apply
	findings []config.Finding
	warnings []config.Finding
}

// check returns what is wrong with the documents and what should be known.
func check(cfg *config.Server, docs []*Document, stored []*tenant.Tenant) (findings, warnings []config.Finding) {
	c := &checker{cfg: cfg, tenants: map[string]*tenant.Tenant{}}
	for _, t := range stored {
		c.tenants[t.ID] = t
	}
	first := map[string]*Document{}
	for _, d := range docs {
		switch earlier := first[d.Tenant]; {
		case d.Tenant == "":
			c.wrong(d, "tenant", "is missing; name the tenant that this document is about")
			continue
		case earlier != nil:
			c.wrong(d, "tenant", "%s has a document already, %s:%d; put both into one", d.Tenant, earlier.name, earlier.line)
			continue
		}
		first[d.Tenant] = d
		c.tenants[d.Tenant] = d.tenant(c.tenants[d.Tenant])
	}
	for _, d := range docs {
		if first[d.Tenant] == d {
			c.document(d)
		}
	}
	byPlace := func(a, b config.Finding) int {
		return cmp.Or(cmp.Compare(slices.IndexFunc(docs, func(d *Document) bool { return d.name == a.Source }),
			slices.IndexFunc(docs, func(d *Document) bool { return d.name == b.Source })), cmp.Compare(a.Line, b.Line))
	}
	slices.SortStableFunc(c.findings, byPlace)
	slices.SortStableFunc(c.warnings, byPlace)
	return c.findings, c.warnings
}

func (c *checker) wrong(d *Document, path, format string, args ...any) {
	c.findings = append(c.findings, d.finding(path, format, args...))
}

func (c *checker) warn(d *Document, path, format string, args ...any) {
	c.warnings = append(c.warnings, d.finding(path, format, args...))
}

func (c *checker) document(d *Document) {
	t := c.tenants[d.Tenant]
	for _, f := range tenant.Check(t) {
		c.findings = append(c.findings, d.place(f))
	}
	for _, f := range unmailed(c.cfg, &t.Settings) {
		c.findings = append(c.findings, d.place(f))
	}
	for _, f := range tenant.Unavailable(&t.Settings, d.has) {
		c.warnings = append(c.warnings, d.place(f))
	}
	if d.has("settings.throttle.account") && t.Settings.Throttle.Account == 0 {
		c.warn(d, "settings.throttle.account", "0 lets anyone guess one account's password without end")
	}
	c.hosts(d, t)
	c.brand(d, t)
	c.clients(d, t)
	c.resources(d, t)
	c.accounts(d, t)
	c.providers(d)
}

// hosts belong to one tenant each, and public_url's own host to the tenants
// that have none: a tenant that took it would cover their paths.
func (c *checker) hosts(d *Document, t *tenant.Tenant) {
	public := ""
	if u := c.cfg.PublicURL(); u != nil {
		public = u.Hostname()
	}
	for i, h := range t.Hosts {
		path := fmt.Sprintf("hosts[%d]", i)
		for _, id := range sortedKeys(c.tenants) {
			other := c.tenants[id]
			switch {
			case other.ID == t.ID:
			case slices.Contains(other.Hosts, h):
				c.wrong(d, path, "belongs to tenant %s already", other.ID)
			case h == public && len(other.Hosts) == 0:
				c.wrong(d, path, "is the host of public_url, below which tenant %s is found; give that one a host too, or leave this out", other.ID)
			}
		}
	}
}

func (c *checker) brand(d *Document, t *tenant.Tenant) {
	b := t.Settings.Branding
	for _, text := range screens.ValidateBrand(screens.Brand{LogoURL: b.LogoURL, Accent: b.Accent, Background: b.Background, CSS: b.CSS}) {
		member, message, _ := strings.Cut(text, ": ")
		c.wrong(d, "settings.branding."+member, "%s", message)
	}
}

func (c *checker) clients(d *Document, t *tenant.Tenant) {
	seen := map[string]int{}
	for i, s := range each(d.Clients) {
		if first, again := seen[s.ClientID]; again && s.ClientID != "" {
			c.wrong(d, clientPath(i, "/client_id"), "%q is listed twice, first as clients[%d]", s.ClientID, first)
		} else {
			seen[s.ClientID] = i
		}
		findings, warnings := CheckClient(c.cfg, t, &s, client.FromFile)
		for _, f := range findings {
			c.wrong(d, clientPath(i, f.Pointer), "%s", withCite(f))
		}
		for _, f := range warnings {
			c.warn(d, clientPath(i, f.Pointer), "%s", withCite(f))
		}
	}
}

func withCite(f client.Finding) string {
	if f.Cite == "" || strings.HasPrefix(f.Cite, "Foyer") {
		return f.Message
	}
	return f.Message + " (" + f.Cite + ")"
}

// CheckClient is client.Check in this server and tenant, with what this release
// does not do yet among the warnings.
func CheckClient(cfg *config.Server, t *tenant.Tenant, s *client.Spec, origin client.Origin) (findings, warnings []client.Finding) {
	findings, warnings = client.Check(s, client.CheckContext{
		Origin: origin, Dialect: string(t.Dialect), PlainHTTP: len(cfg.Egress.Networks) > 0,
	})
	if strings.Contains(strings.ToLower(s.ClientSecret), "change-me") && !local(cfg) { // SU5
		findings = append(findings, client.Finding{Pointer: "/client_secret",
			Message: "is the example from the documentation; leave it out and one will be made", Cite: "RFC 6749 §10.10"})
	}
	if f := unreachable(cfg, s.BackchannelLogoutURI); f != "" {
		warnings = append(warnings, client.Finding{Pointer: "/backchannel_logout_uri", Message: f})
	}
	warnings = append(warnings, adminAdvice(s)...)
	for i, item := range s.ProfileMenu {
		if !slices.Contains(screens.ProfileMenu(), item) {
			warnings = append(warnings, client.Finding{Pointer: fmt.Sprintf("/profile_menu/%d", i), Message: "this page is not available yet and is left out"})
		}
	}
	return findings, warnings
}

// unreachable says why the address guard will not let a call through, as far as
// the address tells by itself: other names are looked up when they are called.
func unreachable(cfg *config.Server, uri string) string {
	u, err := url.Parse(uri)
	if err != nil || uri == "" {
		return ""
	}
	want := []string{"127.0.0.0/8", "::1/128"} // what localhost may mean
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		want = []string{netip.PrefixFrom(a, a.BitLen()).String()}
		if u.Scheme == "https" && !egress.Special(a) {
			return ""
		}
	} else if !client.Loopback(u.Hostname()) {
		return ""
	}
	want = slices.DeleteFunc(want, func(w string) bool {
		p := netip.MustParsePrefix(w)
		return slices.ContainsFunc(cfg.EgressNetworks(), func(n netip.Prefix) bool {
			return n.Bits() <= p.Bits() && n.Contains(p.Addr())
		})
	})
	if len(want) == 0 {
		return ""
	}
	return "will not be called: add " + strings.Join(want, " and ") + " to egress.allow_private_networks in foyer.yaml"
}

// adminAdvice says which scopes of the administrative API a client will not get,
// and which of them are misspelt.
func adminAdvice(s *client.Spec) []client.Finding {
	var list []client.Finding
	c := client.Client{Spec: *s}
	for _, scope := range oidc.Fields(s.Scope) {
		message := ""
		switch {
		case strings.HasPrefix(scope, "admin.") && !grant.IsAdminScope(scope):
			message = "is no scope of the administrative API, which has " + strings.Join(grant.AdminScopes, ", ")
		case grant.IsAdminScope(scope) && (c.Public() || !c.AllowsGrant("client_credentials")):
			message = "is for clients with a secret and grant_types [client_credentials]; this one will not get it"
		default:
			continue
		}
		list = append(list, client.Finding{Pointer: "/scope", Message: scope + " " + message})
	}
	return list
}

// local tells whether only this machine can reach the server.
func local(cfg *config.Server) bool {
	u := cfg.PublicURL()
	return u == nil || client.Loopback(u.Hostname())
}

func (c *checker) resources(d *Document, t *tenant.Tenant) {
	seen := map[string]bool{}
	for i, r := range each(d.Resources) {
		at := func(member string) string { return fmt.Sprintf("resources[%d].%s", i, member) }
		u, err := url.Parse(r.Audience)
		switch {
		case err != nil || !u.IsAbs() || strings.Contains(r.Audience, "#"):
			c.wrong(d, at("audience"), "expected an absolute address without fragment, such as https://api.example.com (RFC 8707 §2)")
		case seen[r.Audience]:
			c.wrong(d, at("audience"), "is listed twice")
		case c.cfg.PublicURL() != nil && r.Audience == grant.AdminAudience(tenant.Resolve(t, c.cfg.PublicURL())):
			c.wrong(d, at("audience"), "is the administrative API, which is built in; give clients its scopes")
		}
		seen[r.Audience] = true
		for j, s := range r.Scopes {
			switch {
			case len(oidc.Fields(s)) != 1 || strings.ContainsAny(s, " \"\\") || slices.Contains(grant.IdentityScopes, s):
				c.wrong(d, fmt.Sprintf("%s[%d]", at("scopes"), j), "expected one scope name that OpenID Connect does not use (RFC 6749 §3.3)")
			case grant.IsAdminScope(s):
				c.wrong(d, fmt.Sprintf("%s[%d]", at("scopes"), j), "is a scope of the administrative API")
			case slices.Index(r.Scopes, s) < j:
				c.wrong(d, fmt.Sprintf("%s[%d]", at("scopes"), j), "is listed twice")
			}
		}
		if !slices.Contains([]string{"", "jwt", "opaque"}, r.AccessTokenFormat) {
			c.wrong(d, at("access_token_format"), "expected one of jwt, opaque")
		}
		if s := r.IntrospectionSecret; s != "" && len(s) < 20 {
			c.warn(d, at("introspection_secret"), "can be guessed; use at least 20 random characters")
		}
	}
}

func (c *checker) accounts(d *Document, t *tenant.Tenant) {
	taken := map[string]int{}
	for i := range d.Accounts {
		s := &d.Accounts[i]
		at := func(member string) string { return fmt.Sprintf("accounts[%d].%s", i, member) }
		ids, problems := s.identifiers(t.Settings.Identifiers)
		for _, p := range problems {
			c.wrong(d, at(p.Member), "%s", p.Message)
		}
		names := map[string]string{}
		for _, id := range ids {
			names[string(id.Kind)+" "+id.Key] = string(id.Kind)
		}
		if s.Sub != "" {
			names["sub "+s.Sub] = "sub"
		}
		for _, name := range sortedKeys(names) {
			if first, again := taken[name]; again {
				c.wrong(d, at(names[name]), "is that of accounts[%d] too", first)
				continue
			}
			taken[name] = i
		}
		if s.Password != "" {
			if why := s.weak(t.Settings.Password.MinLength); why != "" {
				c.warn(d, at("password"), "%s; people could not choose it", why)
			}
		}
	}
}

var providerID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

func (c *checker) providers(d *Document) {
	seen := map[string]bool{}
	for i, p := range each(d.IdentityProviders) {
		at := func(member string) string { return fmt.Sprintf("identity_providers[%d].%s", i, member) }
		switch {
		case !providerID.MatchString(p.ID):
			c.wrong(d, at("id"), "expected small letters, digits, hyphens and underscores, at most 63")
		case seen[p.ID]:
			c.wrong(d, at("id"), "is listed twice")
		}
		seen[p.ID] = true
		u, err := url.Parse(p.Issuer)
		if err != nil || u.Hostname() == "" || u.Scheme != "https" && !(u.Scheme == "http" && client.Loopback(u.Hostname())) {
			c.wrong(d, at("issuer"), "expected an https address (OIDC Discovery §3)")
		}
		c.warn(d, fmt.Sprintf("identity_providers[%d]", i), providerLater)
	}
}

const providerLater = "signing in through another provider is not available yet; it is stored and not offered"
