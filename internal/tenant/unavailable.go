package tenant

import (
	"fmt"
	"slices"

	"github.com/foyer-id/foyer/internal/config"
)

// Unavailable lists settings that are accepted and do nothing in this release.
// asked tells whether the operator chose the value at a path: a default that
// waits for its feature is nothing to warn about.
func Unavailable(s *Settings, asked func(path string) bool) []config.Finding {
	var out []config.Finding
	say := func(path, message string) {
		if asked(path) {
			out = append(out, config.Finding{Path: path, Message: message})
		}
	}
	for i, m := range s.SignIn {
		if m != "password" {
			say(fmt.Sprintf("settings.sign_in[%d]", i), m+" is not available yet; people sign in with their password")
		}
	}
	if i := slices.Index(s.Identifiers, "mobile"); i >= 0 {
		say(fmt.Sprintf("settings.identifiers[%d]", i), "text messages are not available yet; numbers sign in with their password and stay unverified")
	}
	if len(s.TwoStep.Methods) > 0 && s.TwoStep.Policy != "disabled" {
		say("settings.two_step.methods", "second steps are not available yet; nobody is offered one")
	}
	if s.RegistrationEndpoint != "off" {
		say("settings.registration_endpoint", "dynamic registration is not available yet; the endpoint stays off")
	}
	for _, flag := range []struct {
		path string
		set  bool
	}{
		{"mobile_query_default_flag", s.MobileQueryDefaultFlag}, {"mobile_default_country", s.MobileDefaultCountry != ""},
		{"mobile_flag_countries", len(s.MobileFlagCountries) > 0},
	} {
		if flag.set {
			say("settings."+flag.path, "country flags are not available yet")
		}
	}
	return out
}

// Changed tells whether a setting that Unavailable names differs from its
// default; it is the asked of settings whose file is not at hand.
func (s *Settings) Changed(path string) bool {
	var d Settings
	d.SetDefaults()
	if path == "settings.two_step.methods" {
		return !slices.Equal(s.TwoStep.Methods, d.TwoStep.Methods)
	}
	return true // the others speak up only when they are not the default
}
