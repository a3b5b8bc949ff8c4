package tenant

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/foyer-id/foyer/internal/config"
)

// Check lists everything that is wrong with a tenant, by its path in a tenant
// file (spec/operating.md §3), what this release cannot do and must not ignore
// among it. It is pure: other tenants are not looked at.
func Check(t *Tenant) []config.Finding {
	c := &checker{}
	c.identity(t)
	c.settings(&t.Settings)
	c.lifetimes(&t.Settings)
	c.refused(&t.Settings)
	return c.findings
}

type checker struct{ findings []config.Finding }

func (c *checker) say(path, format string, args ...any) {
	c.findings = append(c.findings, config.Finding{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) identity(t *Tenant) {
	if !ValidID(t.ID) {
		c.say("tenant", "must be small letters, digits and hyphens, at most 63, and not the name of an endpoint")
	}
	if len(t.DisplayName) > 200 {
		c.say("display_name", "is longer than 200 bytes")
	}
	for i, h := range t.Hosts {
		path := fmt.Sprintf("hosts[%d]", i)
		switch {
		case !validHost(h):
			c.say(path, "expected a host name in small letters, without port, such as login.example.com")
		case slices.Index(t.Hosts, h) < i:
			c.say(path, "is listed twice")
		}
	}
	if t.IssuerExact != "" {
		c.issuer(t.IssuerExact)
	}
	c.oneOf("dialect", string(t.Dialect), "foyer", "akamai", "identityserver")
}

// issuer: an https URL without query or fragment (OIDC Discovery §3); http on
// the loopback interface for development.
func (c *checker) issuer(s string) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		c.say("issuer", "expected an address such as https://id.example.com")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || strings.Contains(s, "#"):
		c.say("issuer", "may have no user name, query or fragment (OIDC Discovery §3)")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		c.say("issuer", "plain http is for loopback names only; write https://")
	}
}

var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func validHost(h string) bool {
	if a, err := netip.ParseAddr(h); err == nil {
		return a.Is4()
	}
	return len(h) <= 253 && hostForm.MatchString(h)
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && a.IsLoopback()
}

// claims that a registration form can ask for (OIDC Core §5.1).
var registrationClaims = []string{"name", "given_name", "family_name", "middle_name", "nickname",
	"preferred_username", "profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale"}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

func (c *checker) settings(s *Settings) {
	c.locale("settings.default_locale", s.DefaultLocale)
	for i, l := range s.Locales {
		c.locale(fmt.Sprintf("settings.locales[%d]", i), l)
	}
	c.some("settings.identifiers", s.Identifiers, "email", "mobile")
	c.some("settings.sign_in", s.SignIn, "password", "code", "passkey")
	c.oneOf("settings.verify_identifiers", s.VerifyIdentifiers, "auto", "always", "never")
	for _, n := range []struct {
		path  string
		value int
	}{{"account", s.Throttle.Account}, {"network", s.Throttle.Network}, {"tenant", s.Throttle.Tenant}} {
		if n.value < 0 {
			c.say("settings.throttle."+n.path, "is a number of attempts; 0 is no limit")
		}
	}
	c.between("settings.throttle.window", s.Throttle.Window, time.Second, 24*time.Hour)
	if a := s.Tokens.DefaultAudience; len(a) > 512 || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.say("settings.tokens.default_audience", "expected a name or an address without spaces, such as https://api.example.com (RFC 7519 §4.1.3)")
	}
	c.each("settings.registration_fields", s.RegistrationFields, registrationClaims...)
	if s.MobileDefaultCountry != "" && !country.MatchString(s.MobileDefaultCountry) {
		c.say("settings.mobile_default_country", "expected two capitals of ISO 3166, such as FR")
	}
	for i, m := range s.MobileFlagCountries {
		if !country.MatchString(m) {
			c.say(fmt.Sprintf("settings.mobile_flag_countries[%d]", i), "expected two capitals of ISO 3166, such as FR")
		}
	}
	c.oneOf("settings.two_step.policy", s.TwoStep.Policy, "disabled", "optional", "required")
	c.each("settings.two_step.methods", s.TwoStep.Methods, "totp", "passkey", "email", "sms")
	c.oneOf("settings.registration_endpoint", s.RegistrationEndpoint, "off", "token", "open")
	c.length("settings.password.min_length", s.Password.MinLength)
	c.length("settings.password.min_length_with_two_step", s.Password.MinLengthWithTwoStep)
}

func (c *checker) length(path string, n int) {
	if n < 8 || n > 256 {
		c.say(path, "must be from 8 to 256 (NIST SP 800-63B-4 §3.1.1.2)")
	}
}

func (c *checker) lifetimes(s *Settings) {
	const year = 365 * 24 * time.Hour
	c.between("settings.session.lifetime", s.Session.Lifetime, time.Minute, 10*year)
	if s.Session.IdleTimeout != 0 {
		c.between("settings.session.idle_timeout", s.Session.IdleTimeout, time.Minute, 10*year)
	}
	t := s.Tokens
	c.between("settings.tokens.access_token", t.AccessToken, time.Minute, 24*time.Hour) // spec/tokens.md §2
	c.between("settings.tokens.id_token", t.IDToken, time.Minute, 14*24*time.Hour)
	c.between("settings.tokens.code", t.Code, time.Second, time.Minute)
	c.between("settings.tokens.refresh_idle", t.RefreshIdle, time.Minute, 10*year)
	c.between("settings.tokens.refresh_absolute", t.RefreshAbsolute, time.Minute, 10*year)
	c.between("settings.tokens.refresh_grace", t.RefreshGrace, 0, 5*time.Minute)
	if t.RefreshIdle > t.RefreshAbsolute {
		c.say("settings.tokens.refresh_idle", "is longer than refresh_absolute")
	}
}

// refused is what this release cannot do and whose neglect would leave people
// less safe than the operator believes.
func (c *checker) refused(s *Settings) {
	if s.TwoStep.Policy == "required" {
		c.say("settings.two_step.policy", "required is not available yet: nobody would be asked for a second step; write optional")
	}
	if len(s.Legal) > 0 {
		c.say("settings.legal", "is not available yet: nobody would be asked to accept; leave it empty")
	}
	if len(s.SignIn) > 0 && !slices.Contains(s.SignIn, "password") {
		c.say("settings.sign_in", "code and passkey are not available yet: nobody could sign in; add password")
	}
}

func (c *checker) locale(path, tag string) {
	if _, err := language.Parse(tag); err != nil || len(tag) > 35 {
		c.say(path, "expected a language tag such as en-US (BCP 47)")
	}
}

func (c *checker) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.say(path, "expected one of %s", strings.Join(allowed, ", "))
	}
}

// some is each for a list that may not be empty.
func (c *checker) some(path string, values []string, allowed ...string) {
	if len(values) == 0 {
		c.say(path, "is empty; list at least one of %s", strings.Join(allowed, ", "))
	}
	c.each(path, values, allowed...)
}

func (c *checker) each(path string, values []string, allowed ...string) {
	for i, v := range values {
		switch at := fmt.Sprintf("%s[%d]", path, i); {
		case !slices.Contains(allowed, v):
			c.say(at, "expected one of %s", strings.Join(allowed, ", "))
		case slices.Index(values, v) < i:
			c.say(at, "is listed twice")
		}
	}
}

func (c *checker) between(path string, d config.Duration, least, most time.Duration) {
	if d.D() < least || d.D() > most {
		c.say(path, "must be from %v to %v", config.Duration(least), config.Duration(most))
	}
}
