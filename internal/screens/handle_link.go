package screens

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// held is a mailed link as it stands in the address after it was opened: the
// hash of its token, worth something in the browser that opened it only. So the
// token itself is in no history and no Referer (RE7), and opening changes nothing.
type held struct {
	ID      int64  `json:"id"`
	Hash    string `json:"hash"`
	Browser string `json:"browser"`
}

func purposeHeld(what string) string { return "link/" + what }

func (s *Screens) sealHeld(r *http.Request, what string, h held) string {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // a number and strings
	}
	return s.Sealer.SealString(web.From(r.Context()).Tenant.ID, purposeHeld(what), b)
}

// openHeld reads a link that this browser has opened.
func (s *Screens) openHeld(r *http.Request, what, sealed string) (held, bool) {
	var h held
	b, err := s.Sealer.OpenString(web.From(r.Context()).Tenant.ID, purposeHeld(what), sealed)
	if err != nil || json.Unmarshal(b, &h) != nil {
		return h, false
	}
	return h, h.Browser != "" && h.Browser == s.Browser(r)
}

// moved takes the token out of the address of a link that was just opened.
func (s *Screens) moved(w http.ResponseWriter, r *http.Request, path, what string, h held) error {
	h.Browser = s.keepBrowser(w, r)
	w.Header()["Referrer-Policy"] = []string{"same-origin"}
	return web.Redirect(w, web.From(r.Context()).Tenant.BasePath+path+"?h="+s.sealHeld(r, what, h))
}

// link reads a request to where a mailed link leads.
func (s *Screens) link(r *http.Request, p challenge.Purpose) (f oidc.Form, a *arrival, h challenge.Held, c *challenge.Challenge, err error) {
	if f, a, err = s.mailed(r); err != nil {
		return f, a, h, nil, err
	}
	h, c, err = s.linked(r, a, p, f.Get("h"))
	if err == nil {
		a = s.resume(r, a, h, c)
	}
	return f, a, h, c, err
}

// linked finds the challenge of a link that this browser has opened.
func (s *Screens) linked(r *http.Request, a *arrival, p challenge.Purpose, sealed string) (challenge.Held, *challenge.Challenge, error) {
	x, ok := s.openHeld(r, string(p), sealed)
	h := challenge.Held{ID: x.ID, Purpose: p, Browser: x.Browser, Link: x.Hash}
	if !ok {
		return h, nil, challenge.ErrGone
	}
	c, err := s.Proofs.Find(r.Context(), a.in.Tenant.ID, h, a.in.Now)
	return h, c, err
}

// resume goes back to the request that the person came with. One that is good
// for nothing by now does not stand in the way of the proof. In another browser
// than theirs it is not gone on with: that one has none of the application's
// cookies, and an answer that it did not ask for is an error page there.
func (s *Screens) resume(r *http.Request, a *arrival, h challenge.Held, c *challenge.Challenge) *arrival {
	if c.Request == "" {
		return a
	}
	b, err := s.arrive(r, oidc.FormOf(map[string]string{"r": c.Request}), false)
	if err != nil {
		return a
	}
	if c.Browser != h.Browser {
		b.visitor, b.outcome, b.sealed, b.back, b.elsewhere = b.client(), nil, "", "", true
	}
	return b
}

// OpenLink is GET of a mailed link, and of the page that it leads to.
func (s *Screens) OpenLink(p challenge.Purpose) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if token := r.URL.Query().Get("t"); token != "" && s.Proofs != nil {
			h, ok := challenge.Link(p, token, "")
			if !ok {
				return s.dead(w, r, s.nothing(r))
			}
			return s.moved(w, r, challenge.Paths[p], string(p), held{ID: h.ID, Hash: h.Link})
		}
		f, a, h, c, err := s.link(r, p)
		if errors.Is(err, challenge.ErrGone) {
			return s.dead(w, r, a)
		}
		if err != nil {
			return err
		}
		if p == challenge.Reset {
			page := s.newPassword(w, r, a, c)
			page.Held = f.Get("h")
			return s.write(w, http.StatusOK, page, a.formAction()...)
		}
		return s.write(w, http.StatusOK, s.linkPage(w, r, a, h, c, f.Get("h")), a.formAction()...)
	}
}

// nothing is an arrival without anything, for pages that need one.
func (s *Screens) nothing(r *http.Request) *arrival {
	a := &arrival{}
	q := web.From(r.Context())
	a.in.Tenant, a.in.Now = q.Tenant, q.Now
	return a
}

func (s *Screens) linkPage(w http.ResponseWriter, r *http.Request, a *arrival, h challenge.Held, c *challenge.Challenge, sealed string) LinkPage {
	about := a.page("")
	about.sealed = ""
	return LinkPage{
		Common: s.common(w, r, about), Purpose: string(c.Purpose), Address: s.Proofs.Whose(a.in.Tenant.ID, c),
		Action: a.in.Tenant.BasePath + challenge.Paths[c.Purpose], Held: sealed,
		Request: a.sealed, AsksPassword: c.Browser != h.Browser,
	}
}

// PressLink is POST of the page that a mailed link leads to.
func (s *Screens) PressLink(p challenge.Purpose) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, a, h, c, err := s.link(r, p)
		if errors.Is(err, challenge.ErrGone) {
			return s.gone(w, r, a)
		}
		if err != nil {
			return err
		}
		if c.Browser != h.Browser && f.Get("password") == "" {
			return s.notLinked(w, r, a, h, c, f.Get("h"), errNoPassword)
		}
		if p == challenge.Verify {
			err = s.pressVerify(w, r, a, h, c, f.Get("password"))
		} else {
			err = s.pressRegister(w, r, a, h, f.Get("password"))
		}
		if err != nil {
			return s.notLinked(w, r, a, h, c, f.Get("h"), err)
		}
		return s.goOn(w, r, a)
	}
}

func (s *Screens) pressRegister(w http.ResponseWriter, r *http.Request, a *arrival, h challenge.Held, password string) error {
	acc, _, err := s.Proofs.Create(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), h, password, a.in.Now)
	if err != nil {
		return err
	}
	return s.signIn(w, r, a, nil, s.newcomer(a, acc), true)
}

// pressVerify signs in only who has given the password: in the browser that
// asked, its session is there or it has ended.
func (s *Screens) pressVerify(w http.ResponseWriter, r *http.Request, a *arrival, h challenge.Held, c *challenge.Challenge, password string) error {
	acc, err := s.People.FindAccount(r.Context(), a.in.Tenant.ID, c.Sub) // before its password is looked at
	if errors.Is(err, account.ErrNotFound) {
		return challenge.ErrGone
	}
	if err != nil {
		return err
	}
	_, _, err = s.Proofs.Confirm(r.Context(), a.in.Tenant.ID, s.asker(w, r, a), h, password, a.in.Now)
	if err != nil || c.Browser == h.Browser {
		return err
	}
	acc.EmailVerified = true
	proof := s.newcomer(a, acc)
	proof.Alert = s.alert(w, r, a, acc)
	return s.signIn(w, r, a, acc, proof, false)
}

var errNoPassword = errors.New("no password was typed")

func (s *Screens) notLinked(w http.ResponseWriter, r *http.Request, a *arrival, h challenge.Held, c *challenge.Challenge, sealed string, cause error) error {
	page, status := s.linkPage(w, r, a, h, c, sealed), http.StatusUnprocessableEntity
	var limited *throttle.ErrLimited
	var busy *account.ErrBusy
	switch {
	case errors.Is(cause, challenge.ErrGone), errors.Is(cause, account.ErrTaken), errors.Is(cause, session.ErrNotFound):
		return s.gone(w, r, a)
	case errors.Is(cause, errNoPassword):
		page.Notice = NoticeMissing
	case errors.Is(cause, account.ErrWrong):
		page.Notice, status = NoticeWrongPair, http.StatusUnauthorized
	case errors.As(cause, &limited):
		page.Notice, page.RetryAfter, status = NoticeThrottled, limited.RetryAfter, http.StatusTooManyRequests
	case errors.As(cause, &busy):
		page.Notice, page.RetryAfter, status = NoticeBusy, busy.RetryAfter, http.StatusServiceUnavailable
	default:
		return cause
	}
	if page.RetryAfter > 0 {
		web.RetryAfter(w.Header(), page.RetryAfter)
	}
	return s.write(w, status, page, a.formAction()...)
}

// goOn continues after a link: in the browser that began, back to its
// application. Another one begins anew at the application's own start, if that
// is known, and else stays here.
func (s *Screens) goOn(w http.ResponseWriter, r *http.Request, a *arrival) error {
	switch {
	case !a.elsewhere:
		return s.finish(w, r, a)
	case a.start() != "":
		return web.Redirect(w, oidc.AppendQuery(a.start(), []oidc.Param{{Name: "iss", Value: a.in.Tenant.Issuer}}))
	}
	return web.Redirect(w, a.in.Tenant.BasePath+"/")
}

// start is where the application begins anew in this browser, "" when it is not
// known or need not.
func (a *arrival) start() string {
	if !a.elsewhere || a.visitor == nil {
		return ""
	}
	return a.visitor.InitiateLoginURI
}
