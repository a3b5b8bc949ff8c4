package screens

import (
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
)

// ErrorPage is an error with nowhere to redirect to. It never links to the
// rejected address (spec: product, "Errors").
type ErrorPage struct {
	Common
	Status  int
	Code    string // the wire code: unknown_client, invalid_request
	Detail  string // what to change, in English, for developers; safe to show
	HomeURL string // "" for no link
}

func (ErrorPage) file() string { return "error.html" }

// Title and Lead are chosen by Code, then by Status.
func (p ErrorPage) Title() string { return p.T("error." + p.kind() + ".title") }

// Lead is the sentence under the title.
func (p ErrorPage) Lead() string { return p.T("error." + p.kind() + ".lead") }

func (p ErrorPage) kind() i18n.Key {
	if i18n.Has(i18n.Key("error." + p.Code + ".title")) {
		return i18n.Key(p.Code)
	}
	switch {
	case p.Status == 404 || p.Status == 405:
		return "not_found"
	case p.Status == 401 || p.Status == 403:
		return "forbidden"
	case p.Status >= 500:
		return "server_error"
	}
	return "request"
}

// ExpiredRequestPage says that the sealed request cannot be read (spec:
// sign-in §2) and offers the tenant's home.
type ExpiredRequestPage struct{ Common }

func (ExpiredRequestPage) file() string { return "expired.html" }

// Code is the wire code.
func (ExpiredRequestPage) Code() string { return "unreadable_request" }

// RateLimitedPage is a 429.
type RateLimitedPage struct {
	Common
	RetryAfter time.Duration
	RetryURL   string // "" for no link
}

func (RateLimitedPage) file() string { return "rate_limited.html" }

// Code is the wire code.
func (RateLimitedPage) Code() string { return "too_many_requests" }

// Lead says how long to wait: seconds up to a minute and a half, then minutes.
func (p RateLimitedPage) Lead() string {
	if p.RetryAfter <= 90*time.Second {
		return p.T(i18n.RateLimitedLeadSeconds, "n", seconds(p.RetryAfter))
	}
	return p.T(i18n.RateLimitedLeadMinutes, "n", minutes(p.RetryAfter))
}

// UnavailablePage is a 503.
type UnavailablePage struct {
	Common
	RetryURL string // "" for no link
}

func (UnavailablePage) file() string { return "unavailable.html" }

// Code is the wire code.
func (UnavailablePage) Code() string { return "temporarily_unavailable" }

// HomePage is the tenant's own page.
type HomePage struct {
	Common
	Who        *Person // nil: not signed in
	SignInURL  string  // each link only when it is not empty
	ProfileURL string
	SignOutURL string
}

func (HomePage) file() string { return "home.html" }

// FormPostPage posts itself: the form_post response mode and the bounce. With
// script it goes on at once, without one by its button.
type FormPostPage struct {
	Common
	App    string // where to, in words; may be empty
	Method string // "post" (default) or "get"
	Action string // http, https or a path
	Fields []Param
}

func (FormPostPage) file() string { return "form_post.html" }

// HasForm is true.
func (FormPostPage) HasForm() bool { return true }

// Verb is the form's method.
func (p FormPostPage) Verb() string {
	if p.Method == "get" {
		return "get"
	}
	return "post"
}
