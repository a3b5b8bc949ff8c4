package op

import (
	"errors"
	"net/http"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// UserInfo is the userinfo endpoint (OIDC Core §5.3), GET and POST.
func (p *Provider) UserInfo(w http.ResponseWriter, r *http.Request) error {
	p.allowOrigin(w, r)
	if err := p.userInfo(w, r); err != nil {
		return failBearer(w, r, err)
	}
	return nil
}

var errNoToken = errors.New("no access token")

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	raw, err := bearerToken(r)
	if err != nil {
		return err
	}
	if raw == "" {
		return errNoToken
	}
	claims, err := p.Grants.UserInfo(r.Context(), q.Tenant, raw, q.Now)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, claims)
}

// failBearer answers with the challenge of RFC 6750 §3 and the body that seed
// 001 documents (spec/product.md, Errors).
func failBearer(w http.ResponseWriter, r *http.Request, err error) error {
	q := web.From(r.Context())
	challenge := `Bearer realm="` + q.Tenant.Issuer + `"`
	if errors.Is(err, errNoToken) { // RFC 6750 §3.1: no error code
		q.Error = "no_token"
		w.Header()["Www-Authenticate"] = []string{challenge}
		return web.HTTPException(w, http.StatusUnauthorized)
	}
	e := refusalOf(err)
	q.Error, q.Cause = e.Code, e.Err
	switch {
	case e.Status >= 500 || e.Status == http.StatusTooManyRequests:
		if e.Status != http.StatusInternalServerError {
			web.RetryAfter(w.Header(), max(e.RetryAfter, retryLater))
		}
	case protocolCode[oidc.Code(e.Code)]:
		challenge += `, error="` + e.Code + `", error_description="` + e.Detail + `"`
		if e.Code == string(oidc.InsufficientScope) {
			challenge += `, scope="openid"`
		}
		w.Header()["Www-Authenticate"] = []string{challenge}
	}
	return web.HTTPException(w, e.Status)
}
