package screens

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/web"
)

// Home is GET /: who is signed in here, and the ways on.
func (s *Screens) Home(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	sess, err := s.Session(r)
	if err != nil {
		return err
	}
	p := HomePage{Common: s.common(w, r, page{path: q.Tenant.BasePath + "/"}), SignInURL: q.Tenant.BasePath + "/login"}
	if sess != nil {
		acc, err := s.People.FindAccount(r.Context(), q.Tenant.ID, sess.Sub)
		if err != nil && !errors.Is(err, account.ErrNotFound) {
			return err
		}
		if err == nil {
			who := person(acc)
			p.Who, p.SignInURL = &who, ""
			p.ProfileURL, p.SignOutURL = q.Tenant.BasePath+profilePath, q.Tenant.BasePath+"/signout"
		}
	}
	return s.write(w, http.StatusOK, p)
}

// Asset is GET /assets/…: static files and the tenant's theme, which a year's
// cache may keep because the name changes with the content.
func (s *Screens) Asset(w http.ResponseWriter, r *http.Request) error {
	l := s.lookOf(web.From(r.Context()).Tenant)
	if IsTheme(r.URL.Path) {
		ServeTheme(w, r, l.theme)
		return nil
	}
	Assets().ServeHTTP(w, r)
	return nil
}

// Fail answers an error that has nowhere to redirect to: a page when Accept
// lists text/html, else the JSON that seed 001 documents (spec/product.md).
func (s *Screens) Fail(w http.ResponseWriter, r *http.Request, err error) {
	q := web.From(r.Context())
	e := web.Refuse(err)
	q.Error, q.Cause = e.Code, e.Err
	h := w.Header()
	h.Del("Content-Length")
	web.NoStore(h)
	h["Vary"] = []string{"Accept"}
	if e.RetryAfter > 0 {
		web.RetryAfter(h, e.RetryAfter)
	}
	if q.Tenant == nil || !web.WantsHTML(r) {
		if werr := web.HTTPException(w, e.Status); werr != nil {
			q.Cause = errors.Join(q.Cause, werr)
		}
		return
	}
	if werr := s.write(w, e.Status, s.failure(w, r, e, err)); werr != nil {
		q.Cause = errors.Join(q.Cause, werr)
	}
}

// failure chooses the page of an error. It never links to an address that the
// request brought.
func (s *Screens) failure(w http.ResponseWriter, r *http.Request, e *web.Refused, err error) Page {
	t := web.From(r.Context()).Tenant
	c := s.common(w, r, page{uiLocales: r.URL.Query().Get("ui_locales")})
	switch {
	case unreadable(err):
		return ExpiredRequestPage{Common: c}
	case e.Status == http.StatusTooManyRequests:
		return RateLimitedPage{Common: c, RetryAfter: e.RetryAfter, RetryURL: retryURL(r)}
	case e.Status == http.StatusServiceUnavailable && e.Code != "prefetched":
		return UnavailablePage{Common: c, RetryURL: retryURL(r)}
	}
	return ErrorPage{Common: c, Status: e.Status, Code: e.Code, Detail: e.Detail, HomeURL: t.BasePath + "/"}
}

// retryURL is the address of a page that could not be shown: its own path and what
// the request brought, so that nobody loses a sign-in to a database that was
// away for a moment. "" for a post, which the browser itself can repeat.
func retryURL(r *http.Request) string {
	q := web.From(r.Context())
	if r.Method != http.MethodGet || q.Route == "" {
		return ""
	}
	u := url.URL{Path: q.Tenant.BasePath + q.Route, RawQuery: r.URL.RawQuery}
	return u.RequestURI()
}
