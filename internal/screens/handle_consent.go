package screens

import (
	"errors"
	"net/http"
	"strings"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/web"
)

// ShowChoose is GET /choose.
func (s *Screens) ShowChoose(w http.ResponseWriter, r *http.Request) error {
	_, a, err := s.standing(r)
	if err != nil {
		return err
	}
	if a.outcome == nil || a.outcome.Response != nil || a.outcome.Step != authz.Choose {
		return s.elsewhere(w, r, a)
	}
	p := ChoosePage{Common: s.common(w, r, a.page(a.in.Tenant.BasePath+"/choose")), App: a.app(), Who: person(a.outcome.Account),
		Request: a.sealed, Asked: s.shown(a), Cancel: true}
	return s.write(w, http.StatusOK, p, a.formAction()...)
}

const purposeChoice = "choice"

// shown names the session that a page is about, for its form.
func (s *Screens) shown(a *arrival) string {
	return s.Sealer.SealString(a.in.Tenant.ID, purposeChoice, []byte(a.in.Session.SID))
}

// chose tells whether the person was shown the session that this browser has now.
func (s *Screens) chose(a *arrival, sealed string) bool {
	b, err := s.Sealer.OpenString(a.in.Tenant.ID, purposeChoice, sealed)
	return err == nil && string(b) == a.in.Session.SID
}

// Choose is POST /choose. The choice is about the session that was shown; when
// this browser has another one by now, it is asked about (SC7).
func (s *Screens) Choose(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.standing(r)
	if err != nil {
		return err
	}
	switch {
	case f.Get("action") == "cancel":
		return s.cancel(w, r, a)
	case a.outcome == nil || a.in.Session == nil:
		return s.elsewhere(w, r, a)
	case f.Get("choice") == "other":
		return web.Redirect(w, a.in.Tenant.BasePath+"/login?r="+a.sealed+"&other=1")
	case !s.chose(a, f.Get("asked")):
		return web.Redirect(w, a.in.Tenant.BasePath+"/choose?r="+a.sealed)
	}
	a.in.Browser = s.keepBrowser(w, r)
	if err := s.progress(r, a, authz.Progress{Chosen: a.in.Session.Sub}); err != nil {
		return err
	}
	return s.finish(w, r, a)
}

// asked is what a consent screen showed: an answer counts only for exactly this
// (AZ16).
type asked struct {
	SID      string
	ClientID string
	Scope    []string
}

const purposeConsent = "consent"

func (a asked) seal(s *secret.Sealer, tenant string) string {
	return s.SealString(tenant, purposeConsent, []byte(a.SID+"\n"+a.ClientID+"\n"+strings.Join(a.Scope, " ")))
}

func askedNow(o *authz.Outcome) asked { return asked{o.Session.SID, o.Client.ClientID, o.Scope} }

// matches tells whether a sealed answer is about what would be shown now.
func (a asked) matches(s *secret.Sealer, tenant, sealed string) bool {
	b, err := s.OpenString(tenant, purposeConsent, sealed)
	return err == nil && string(b) == a.SID+"\n"+a.ClientID+"\n"+strings.Join(a.Scope, " ")
}

// ShowConsent is GET /consent: consent to scopes, or "Continue to … as Ada?".
func (s *Screens) ShowConsent(w http.ResponseWriter, r *http.Request) error {
	_, a, err := s.standing(r)
	if err != nil {
		return err
	}
	if !asksConsent(a) {
		return s.elsewhere(w, r, a)
	}
	return s.write(w, http.StatusOK, s.consent(w, r, a), a.formAction()...)
}

func asksConsent(a *arrival) bool {
	return a.outcome != nil && a.outcome.Response == nil && (a.outcome.Step == authz.Consent || a.outcome.Step == authz.Continue)
}

func (s *Screens) consent(w http.ResponseWriter, r *http.Request, a *arrival) Page {
	o, t := a.outcome, a.in.Tenant
	c := s.common(w, r, a.page(t.BasePath+"/consent"))
	answer := askedNow(o).seal(s.Sealer, t.ID)
	if o.Step == authz.Continue {
		return NativeContinuePage{Common: c, App: a.app(), Who: person(o.Account), Request: a.sealed, Asked: answer}
	}
	return ConsentPage{Common: c, App: a.app(), AppURL: o.Client.ClientURI, Who: person(o.Account), Scopes: o.Scope, Request: a.sealed, Asked: answer}
}

// Consent is POST /consent.
func (s *Screens) Consent(w http.ResponseWriter, r *http.Request) error {
	f, a, err := s.standing(r)
	switch {
	case err != nil:
		return err
	case !asksConsent(a):
		return s.elsewhere(w, r, a)
	case f.Get("action") == "deny" || f.Get("action") == "cancel":
		return s.cancel(w, r, a)
	case f.Get("action") != "allow" || !askedNow(a.outcome).matches(s.Sealer, a.in.Tenant.ID, f.Get("asked")):
		return web.Redirect(w, a.in.Tenant.BasePath+"/consent?r="+a.sealed) // ask again
	}
	if a.outcome.Step == authz.Consent {
		if err := s.remember(r, a); err != nil {
			return err
		}
	}
	a.in.Allowed = true
	return s.finish(w, r, a)
}

// remember keeps a consent; "Continue?" is never remembered (RFC 8252 §8.6).
func (s *Screens) remember(r *http.Request, a *arrival) error {
	o, q := a.outcome, web.From(r.Context())
	return s.Grants.GiveConsent(web.As(r.Context(), "account:"+o.Session.Sub), q.Tenant.ID, o.Session.Sub, o.Client.ClientID, o.Scope, q.Now,
		audit.Event{Kind: audit.ConsentGiven, Sub: o.Session.Sub, ClientID: o.Client.ClientID, SID: o.Session.SID,
			Data: map[string]string{"scope": strings.Join(o.Scope, " ")}})
}

// elsewhere leads on when this screen has nothing to ask.
func (s *Screens) elsewhere(w http.ResponseWriter, r *http.Request, a *arrival) error {
	if a.outcome == nil {
		return web.Redirect(w, a.rest())
	}
	return s.onward(w, r, a)
}

// unreadable tells whether an error is a sealed request that cannot be read.
func unreadable(err error) bool {
	var refused *web.Refused
	return errors.Is(err, secret.ErrSealed) || errors.As(err, &refused) && refused.Code == "unreadable_request"
}
