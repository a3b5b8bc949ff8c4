package screens

import (
	"bytes"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// Begin makes an interaction of a request's parameters; op.Interactive is one.
type Begin interface {
	BeginRequest(r *http.Request) (authz.Interaction, error)
}

// Screens are the hosted pages' handlers.
type Screens struct {
	Renderer *Renderer
	Flow     *authz.Flow
	Accounts *account.Service
	People   account.Store
	Sessions *session.Service
	Counts   session.Store
	Devices  Devices
	Grants   Consents
	Logout   *logout.Engine
	Limiter  *throttle.Limiter
	Sealer   *secret.Sealer
	// Proofs asks for codes by mail; nil where mail is not configured. Alerts
	// tells people of sign-ins, and of nothing without mail.
	Proofs *challenge.Service
	Alerts *alert.Service
	Begin  Begin

	looks sync.Map // tenant id → *look
}

// look is what every page of a tenant has, worked out once for each version.
type look struct {
	live    *tenant.Live
	brand   Brand
	theme   []byte
	path    string
	offered []*i18n.Locale
}

func (s *Screens) lookOf(t *tenant.Live) *look {
	if v, ok := s.looks.Load(t.ID); ok && v.(*look).live == t {
		return v.(*look)
	}
	b := t.Settings.Branding
	l := &look{live: t, brand: Brand{Name: t.Name(), LogoURL: b.LogoURL, Accent: b.Accent, Background: b.Background, CSS: b.CSS},
		offered: i18n.Offered(t.Settings.Locales)}
	l.theme = ThemeCSS(l.brand)
	l.path = ThemePath(l.theme)
	s.looks.Store(t.ID, l)
	return l
}

// page is what a handler knows when it makes a Common.
type page struct {
	uiLocales string         // of the application's request
	client    *client.Client // for its default_locale and links; may be nil
	sealed    string         // of ?r=, kept by the language menu
	path      string         // of this screen, for the language menu; "" no menu
	keep      string         // further parameters that the language menu keeps, "&c=…"
}

// common negotiates the language, remembers a choice, and fills in the look.
func (s *Screens) common(w http.ResponseWriter, r *http.Request, p page) Common {
	q := web.From(r.Context())
	l := s.lookOf(q.Tenant)
	n := i18n.Negotiation{
		UILocales: p.uiLocales, Cookie: web.Cookie(r, q.Tenant, web.LanguageCookie),
		TenantDefault: q.Tenant.Settings.DefaultLocale, Offered: l.offered,
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		n.Menu = r.URL.Query().Get("lang")
	}
	if n.Cookie != "" && heard(r) {
		n.UILocales = ""
	}
	if q.Tenant.Settings.AcceptLanguage {
		n.AcceptLanguage = r.Header.Get("Accept-Language")
	}
	if p.client != nil {
		n.ClientDefault = p.client.DefaultLocale
	}
	locale, remember := i18n.Negotiate(n)
	if remember && locale.Tag() != n.Cookie {
		web.SetCookie(w, q.Tenant, web.LanguageCookie, locale.Tag(), year)
	}
	c := Common{Base: q.Tenant.BasePath, Brand: l.brand, ThemePath: l.path, Locale: locale, RequestID: q.ID, Nonce: secret.Random(nonceBytes)}
	if p.client != nil {
		c.PrivacyURL, c.TermsURL = p.client.PolicyURI, p.client.TOSURI
	}
	if p.path != "" {
		c.Locales = menu(l.offered, p.path, p.sealed, p.keep)
	}
	return c
}

// nonceBytes of a CSP nonce (HD3).
const nonceBytes = 16

// heard tells whether ui_locales had its say at an earlier page of the same
// request: then the cookie speaks, which knows what the person chose since.
func heard(r *http.Request) bool {
	if r.Method == http.MethodPost {
		route := web.From(r.Context()).Route
		return route != "/authorize" && route != "/endsession"
	}
	v := r.URL.Query()
	return v.Has("r") && !v.Has("ui_locales")
}

const year = 365 * 24 * time.Hour

func menu(offered []*i18n.Locale, path, sealed, keep string) []LocaleChoice {
	list := make([]LocaleChoice, len(offered))
	for i, l := range offered {
		href := path + "?lang=" + url.QueryEscape(l.Tag())
		if sealed != "" {
			href += "&r=" + sealed
		}
		href += keep
		list[i] = LocaleChoice{Tag: l.Tag(), Name: l.Name(), Href: href}
	}
	return list
}

// write sends a page with the headers that belong to it (HD2-HD4).
func (s *Screens) write(w http.ResponseWriter, status int, p Page, formAction ...string) error {
	var b bytes.Buffer
	if err := s.Renderer.Render(&b, p); err != nil {
		return err
	}
	if formAction == nil {
		formAction = []string{"'self'"}
	}
	h := w.Header()
	SecurityHeaders(h)
	web.NoStore(h)
	h["Content-Security-Policy"] = []string{CSP(p, p.common().Nonce, formAction)}
	h["Referrer-Policy"] = []string{ReferrerPolicy(p)}
	h["Vary"] = []string{"Accept, Accept-Language, Cookie"}
	return web.Body(w, status, htmlType, b.Bytes())
}

var htmlType = []string{"text/html; charset=utf-8"}

// SecurityHeaders sets what every page has (HD4). HSTS is added by the server
// on https.
func SecurityHeaders(h http.Header) {
	h["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
	h["Cross-Origin-Resource-Policy"] = []string{"same-origin"}
	h["Permissions-Policy"] = []string{"camera=(), microphone=(), geolocation=(), interest-cohort=()"}
	h["X-Frame-Options"] = []string{"DENY"}
}

// formAction is where a form that can end at an application may lead: Chromium
// applies it to every hop after the POST, also to redirects that the
// application makes after its callback (docs/decisions/0004-form-action.md).
func formAction(redirectURI string) []string {
	out := []string{"'self'", "https:"}
	u, err := url.Parse(redirectURI)
	switch {
	case err != nil || u.Scheme == "https" || u.Scheme == "":
	case u.Scheme == "http":
		out = append(out, "http:")
	default:
		out = append(out, u.Scheme+":")
	}
	return out
}

// Session implements op.Browsing: the live session of the request's cookie, nil
// when there is none.
func (s *Screens) Session(r *http.Request) (*session.Session, error) {
	q := web.From(r.Context())
	cookie := web.Cookie(r, q.Tenant, web.SessionCookie)
	if cookie == "" {
		return nil, nil
	}
	return s.Sessions.Find(r.Context(), q.Tenant.ID, cookie, q.Now)
}

// Browser implements op.Browsing: the hash of the request's browser cookie, ""
// when there is none.
func (s *Screens) Browser(r *http.Request) string {
	o, ok := secret.Parse(secret.Browser, web.Cookie(r, web.From(r.Context()).Tenant, web.BrowserCookie))
	if !ok {
		return ""
	}
	return o.Hash()
}

// keepBrowser returns the hash of the browser cookie and sets one when there is
// none. Called only where a person did something, so looking costs no cookie.
func (s *Screens) keepBrowser(w http.ResponseWriter, r *http.Request) string {
	if h := s.Browser(r); h != "" {
		return h
	}
	q := web.From(r.Context())
	o := secret.New(secret.Browser, q.Now)
	web.SetCookie(w, q.Tenant, web.BrowserCookie, o.Reveal(), year)
	return o.Hash()
}

func network(a netip.Addr) string { return throttle.Network(a) }

func person(a *account.Account) Person { return Person{Name: a.FullName(), Identifier: a.Identifier()} }
