package op

import (
	"errors"
	"net/http"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// Revoke is the revocation endpoint (RFC 7009 §2).
func (p *Provider) Revoke(w http.ResponseWriter, r *http.Request) error {
	p.allowOrigin(w, r)
	return answerOAuth(w, r, p.revoke)
}

func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	f, err := postForm(r)
	if err != nil {
		return err
	}
	c, err := p.authenticate(r, f)
	if err != nil {
		return err
	}
	if !f.Has("token") {
		return oidc.Refuse(oidc.InvalidRequest, "RFC 7009 §2.1", "token is missing")
	}
	ctx := web.As(r.Context(), "client:"+c.ClientID)
	if err := p.Grants.Revoke(ctx, q.Tenant, c, f.Get("token"), q.Now); err != nil {
		return notDone(err)
	}
	web.NoStore(w.Header())
	w.WriteHeader(http.StatusOK)
	return nil
}

// notDone makes every fault a 503: the token may still be good, and the client
// must try again (RFC 7009 §2.2.1).
func notDone(err error) error {
	var refusal *oidc.Error
	if e := refusalOf(err); e.Status < 500 || e.RetryAfter > 0 || errors.As(err, &refusal) {
		return err
	}
	return &web.Refused{Status: http.StatusServiceUnavailable, Code: string(oidc.TemporarilyUnavailable),
		Detail: "the token is not known to be revoked; try again", Err: err}
}
