package tenant

import (
	"time"

	"github.com/foyer-id/foyer/internal/config"
)

// Dialect chooses which paths discovery advertises and the issuer's form
// (spec/product.md, Endpoints).
type Dialect string

// The dialects. Every path works in every dialect.
const (
	Foyer          Dialect = "foyer"
	Akamai         Dialect = "akamai"
	IdentityServer Dialect = "identityserver"
)

// Settings are a tenant's settings, with the names of spec/operating.md §3.
type Settings struct {
	DefaultLocale          string     `yaml:"default_locale" json:"default_locale"`
	Locales                []string   `yaml:"locales" json:"locales"`
	Identifiers            []string   `yaml:"identifiers" json:"identifiers"`
	SignIn                 []string   `yaml:"sign_in" json:"sign_in"`
	SelfRegistration       bool       `yaml:"self_registration" json:"self_registration"`
	VerifyIdentifiers      string     `yaml:"verify_identifiers" json:"verify_identifiers"`
	RequirePKCE            bool       `yaml:"require_pkce" json:"require_pkce"`
	AcceptLanguage         bool       `yaml:"accept_language" json:"accept_language"`
	SessionManagement      bool       `yaml:"session_management" json:"session_management"`
	ClearSiteData          bool       `yaml:"clear_site_data" json:"clear_site_data"`
	Throttle               Throttle   `yaml:"throttle" json:"throttle"`
	RegistrationFields     []string   `yaml:"registration_fields" json:"registration_fields"`
	MobileQueryDefaultFlag bool       `yaml:"mobile_query_default_flag" json:"mobile_query_default_flag"`
	MobileDefaultCountry   string     `yaml:"mobile_default_country" json:"mobile_default_country"`
	MobileFlagCountries    []string   `yaml:"mobile_flag_countries" json:"mobile_flag_countries"`
	TwoStep                TwoStep    `yaml:"two_step" json:"two_step"`
	Session                Session    `yaml:"session" json:"session"`
	Password               Password   `yaml:"password" json:"password"`
	Tokens                 Tokens     `yaml:"tokens" json:"tokens"`
	Legal                  []Legal    `yaml:"legal" json:"legal"`
	RegistrationEndpoint   OffOrValue `yaml:"registration_endpoint" json:"registration_endpoint"`
	Branding               Branding   `yaml:"branding" json:"branding"`
}

// OffOrValue is a string setting whose value "off" YAML 1.1 tools write bare.
type OffOrValue = string

// Throttle limits guessing; 0 is no limit.
type Throttle struct {
	Account int             `yaml:"account" json:"account"`
	Network int             `yaml:"network" json:"network"`
	Tenant  int             `yaml:"tenant" json:"tenant"`
	Window  config.Duration `yaml:"window" json:"window"`
}

// TwoStep is the policy of the second step.
type TwoStep struct {
	Policy  string   `yaml:"policy" json:"policy"` // disabled | optional | required
	Methods []string `yaml:"methods" json:"methods"`
}

// Session is how long people stay signed in.
type Session struct {
	Lifetime    config.Duration `yaml:"lifetime" json:"lifetime"`
	IdleTimeout config.Duration `yaml:"idle_timeout" json:"idle_timeout"`
	RememberMe  bool            `yaml:"remember_me" json:"remember_me"`
}

// Password is the policy for new passwords, in code points.
type Password struct {
	MinLength            int `yaml:"min_length" json:"min_length"`
	MinLengthWithTwoStep int `yaml:"min_length_with_two_step" json:"min_length_with_two_step"`
}

// Tokens are lifetimes.
type Tokens struct {
	AccessToken     config.Duration `yaml:"access_token" json:"access_token"`
	IDToken         config.Duration `yaml:"id_token" json:"id_token"`
	RefreshIdle     config.Duration `yaml:"refresh_idle" json:"refresh_idle"`
	RefreshAbsolute config.Duration `yaml:"refresh_absolute" json:"refresh_absolute"`
	RefreshGrace    config.Duration `yaml:"refresh_grace" json:"refresh_grace"`
	Code            config.Duration `yaml:"code" json:"code"`
	DefaultAudience string          `yaml:"default_audience" json:"default_audience"`
}

// Legal is a versioned text that people accept.
type Legal struct {
	ID      string            `yaml:"id" json:"id"`
	Version string            `yaml:"version" json:"version"`
	URL     map[string]string `yaml:"url" json:"url"`
}

// Branding is a tenant's look.
type Branding struct {
	LogoURL    string `yaml:"logo_url" json:"logo_url"`
	Accent     string `yaml:"accent" json:"accent"`
	Background string `yaml:"background" json:"background"`
	CSS        string `yaml:"css" json:"css"`
}

// SetDefaults fills in what spec/operating.md §3 shows; a tenant file's members
// are decoded over it.
func (s *Settings) SetDefaults() {
	d := func(v time.Duration) config.Duration { return config.Duration(v) }
	*s = Settings{
		DefaultLocale: "en-US", Identifiers: []string{"email"}, SignIn: []string{"password"},
		VerifyIdentifiers: "auto", AcceptLanguage: true, SessionManagement: true,
		Throttle:             Throttle{Account: 10, Network: 100, Window: d(15 * time.Minute)},
		TwoStep:              TwoStep{Policy: "optional", Methods: []string{"totp", "passkey", "email", "sms"}},
		Session:              Session{Lifetime: d(336 * time.Hour)},
		Password:             Password{MinLength: 15, MinLengthWithTwoStep: 8},
		RegistrationEndpoint: "off",
		Branding:             Branding{Accent: "#2f5bea"},
		Tokens: Tokens{AccessToken: d(time.Hour), IDToken: d(time.Hour), RefreshIdle: d(720 * time.Hour),
			RefreshAbsolute: d(2160 * time.Hour), RefreshGrace: d(30 * time.Second), Code: d(time.Minute)},
	}
}
