package op

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

// answerOAuth runs a handler of an endpoint that programs post to; what went
// wrong is answered as RFC 6749 §5.2 says.
func answerOAuth(w http.ResponseWriter, r *http.Request, h web.Handler) error {
	if err := h(w, r); err != nil {
		return FailOAuth(w, r, err)
	}
	return nil
}

// retryLater is Retry-After where nobody knows better.
const retryLater = time.Second

// FailOAuth answers an error with the JSON of RFC 6749 §5.2 and leaves its
// cause to the log.
func FailOAuth(w http.ResponseWriter, r *http.Request, err error) error {
	q := web.From(r.Context())
	e := refusalOf(err)
	q.Error, q.Cause = e.Code, e.Err
	h := w.Header()
	code, detail := oidc.Code(e.Code), e.Detail
	switch {
	case e.Status == http.StatusUnauthorized && q.Tenant != nil:
		h["Www-Authenticate"] = []string{`Basic realm="` + q.Tenant.Issuer + `", charset="UTF-8"`} // RFC 6749 §5.2
	case e.Status == http.StatusServiceUnavailable, e.Status == http.StatusTooManyRequests:
		web.RetryAfter(h, max(e.RetryAfter, retryLater))
	case e.Status >= 500:
		detail = "something went wrong here, not in the request; ask the operator about request " + q.ID
	case !protocolCode[code]:
		code, detail = oidc.InvalidRequest, http.StatusText(e.Status)
	}
	return web.OAuthError(w, e.Status, code, detail)
}

// protocolCode tells codes of the protocol from web's own.
var protocolCode = map[oidc.Code]bool{
	oidc.InvalidRequest: true, oidc.InvalidClient: true, oidc.InvalidGrant: true, oidc.InvalidScope: true,
	oidc.UnauthorizedClient: true, oidc.UnsupportedGrantType: true, oidc.InvalidTarget: true, oidc.UnsupportedTokenType: true,
	oidc.InvalidToken: true, oidc.InsufficientScope: true,
}

// refusalOf is web.Refuse with the limits that it does not know.
func refusalOf(err error) *web.Refused {
	var limited *throttle.ErrLimited
	if errors.As(err, &limited) {
		return &web.Refused{Status: http.StatusTooManyRequests, Code: string(oidc.TemporarilyUnavailable), RetryAfter: limited.RetryAfter,
			Detail: "too many attempts; try again in " + strconv.Itoa(int(limited.RetryAfter.Seconds())) + " seconds", Err: err}
	}
	return web.Refuse(err)
}

// authenticate returns the client of a request, whatever kind it is.
func (p *Provider) authenticate(r *http.Request, f oidc.Form) (*client.Client, error) {
	cr, err := credentials(r, f)
	if err != nil {
		return nil, err
	}
	return p.client(r, cr)
}

// credentials reads what the request says about its client (RFC 6749 §2.3).
func credentials(r *http.Request, f oidc.Form) (client.Credentials, error) {
	q := web.From(r.Context())
	if len(r.Header["Authorization"]) > 1 {
		return client.Credentials{}, oidc.Refuse(oidc.InvalidRequest, "RFC 6749 §2.3", "the request has more than one Authorization header")
	}
	cr, refusal := client.ParseCredentials(r.Header.Get("Authorization"), f)
	if refusal != nil {
		return client.Credentials{}, refusal
	}
	cr.Network = throttle.Network(q.Addr)
	q.ClientID = cr.ClientID
	return cr, nil
}

func (p *Provider) client(r *http.Request, cr client.Credentials) (*client.Client, error) {
	q := web.From(r.Context())
	return p.Auth.Authenticate(r.Context(), viewOf(q, cr), cr, q.Now)
}

// viewOf is the tenant as authentication needs it; the endpoints' addresses
// matter to assertions alone.
func viewOf(q *web.Request, cr client.Credentials) client.TenantView {
	v := client.TenantView{ID: q.Tenant.ID, Issuer: q.Tenant.Issuer}
	if cr.Method == client.MethodPrivateKeyJWT {
		v.TokenEndpoints = TokenEndpoints(q.Tenant)
	}
	return v
}
