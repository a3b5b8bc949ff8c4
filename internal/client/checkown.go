package client

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/foyer-id/foyer/internal/config"
)

// logoutReasons are the reasons why sessions end, as package session writes
// them (spec/logout.md §2).
var logoutReasons = []string{
	"end_session", "profile", "replaced", "not_me", "admin", "cli", "password_changed", "factor_removed",
	"identifier_changed", "account_disabled", "account_deleted", "client_deleted", "expired",
}

// menuItems are the items of the profile page (spec/sign-in.md §3).
var menuItems = []string{
	"personal_details", "change_email", "change_mobile", "change_password", "two_step", "passkeys",
	"security_question", "communication_preferences", "connected_applications", "devices",
	"download_data", "delete_account", "sign_out", "sign_out_everywhere",
}

var tokenRules = []rule{
	{"id_token_signed_response_alg", "OIDC Registration §2", oneOf(func(in checked) string { return in.IDTokenSignedResponseAlg }, signingAlgs...)},
	{"request_object_signing_alg", "OIDC Registration §2", oneOf(func(in checked) string { return in.RequestObjectSigningAlg }, signingAlgs...)},
	{"access_token_format", "Foyer tokens §2", oneOf(func(in checked) string { return in.AccessTokenFormat }, "jwt", "opaque")},
	{"id_token_claims", "OIDC Core §5.1", func(in checked, r *report) {
		for i, c := range in.IDTokenClaims {
			if c == "" || len(c) > 100 || !visible(c) {
				r.say(i, "is not a claim name")
			}
		}
	}},
	{"tokens/access_token", "Foyer tokens §2", life(func(t Tokens) config.Duration { return t.AccessToken }, time.Minute, 24*time.Hour)},
	{"tokens/id_token", "Foyer tokens §2", life(func(t Tokens) config.Duration { return t.IDToken }, time.Minute, 14*24*time.Hour)},
	{"tokens/code", "RFC 6749 §4.1.2", life(func(t Tokens) config.Duration { return t.Code }, time.Second, time.Minute)},
	{"tokens/refresh_grace", "Foyer tokens §3", life(func(t Tokens) config.Duration { return t.RefreshGrace }, time.Second, 5*time.Minute)},
	{"tokens/refresh_idle", "Foyer tokens §3", life(func(t Tokens) config.Duration { return t.RefreshIdle }, time.Minute, 10*365*24*time.Hour)},
	{"tokens/refresh_absolute", "Foyer tokens §3", life(func(t Tokens) config.Duration { return t.RefreshAbsolute }, time.Minute, 10*365*24*time.Hour)},
	{"tokens/refresh_idle", "Foyer tokens §3", func(in checked, r *report) {
		if t := in.Tokens; t.RefreshIdle > 0 && t.RefreshAbsolute > 0 && t.RefreshIdle > t.RefreshAbsolute {
			r.say(-1, "is longer than refresh_absolute")
		}
	}},
}

var ownRules = []rule{
	{"logout_confirmation", "Foyer logout §1.5", oneOf(func(in checked) string { return in.LogoutConfirmation }, "auto", "hint", "always")},
	{"logout_result_param", "Foyer logout §1.6", func(in checked, r *report) {
		if p := in.LogoutResultParam; p != nil && (!visible(*p) || len(*p) > 40 || strings.ContainsAny(*p, "&=#%+?") || slices.Contains([]string{"state", "code", "iss", "error"}, *p)) {
			r.say(-1, "is the name of a query parameter that the protocol does not use, or empty for none")
		}
	}},
	{"first_party", "RFC 7591 §5", func(in checked, r *report) {
		if in.CheckContext.Origin == FromSelf && in.FirstParty != nil && *in.FirstParty {
			r.say(-1, "a client that registers itself is never first-party")
		}
	}},
	{"backchannel_logout_on", "Foyer logout §2", each(func(s *Spec) []string { return s.BackchannelLogoutOn }, logoutReasons)},
	{"profile_menu", "Foyer operating §3", each(func(s *Spec) []string { return s.ProfileMenu }, menuItems)},
	{"default_locale", "BCP 47", func(in checked, r *report) {
		if in.DefaultLocale == "" {
			return
		}
		if _, err := language.Parse(in.DefaultLocale); err != nil || len(in.DefaultLocale) > 35 {
			r.say(-1, "is not a language tag such as en-US")
		}
	}},
}

func each(values func(*Spec) []string, allowed []string) func(checked, *report) {
	return func(in checked, r *report) {
		for i, v := range values(&in.Spec) {
			if !slices.Contains(allowed, v) {
				r.say(i, "must be %s", list(allowed))
			}
		}
	}
}

// life bounds a lifetime; zero is the tenant's.
func life(value func(Tokens) config.Duration, least, most time.Duration) func(checked, *report) {
	return func(in checked, r *report) {
		if d := value(in.Tokens).D(); d != 0 && (d < least || d > most) {
			r.say(-1, "must be from %v to %v", config.Duration(least), config.Duration(most))
		}
	}
}
