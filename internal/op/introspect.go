package op

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// Introspect is the introspection endpoint (RFC 7662 §2).
func (p *Provider) Introspect(w http.ResponseWriter, r *http.Request) error {
	return answerOAuth(w, r, p.introspect)
}

func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	f, err := postForm(r)
	if err != nil {
		return err
	}
	caller, err := p.caller(r, f)
	if err != nil {
		return err
	}
	if !f.Has("token") {
		return oidc.Refuse(oidc.InvalidRequest, "RFC 7662 §2.1", "token is missing")
	}
	answer, err := p.Grants.Introspect(r.Context(), q.Tenant, caller, f.Get("token"), q.Now)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}

// caller authenticates who introspects: a resource by its audience and secret,
// or a confidential client. A public client proves nothing (RFC 7662 §4).
func (p *Provider) caller(r *http.Request, f oidc.Form) (grant.Caller, error) {
	q := web.From(r.Context())
	cr, err := credentials(r, f)
	if err != nil {
		return grant.Caller{}, err
	}
	resources, err := p.Resources.Of(r.Context(), q.Tenant.ID, q.Now)
	if err != nil {
		return grant.Caller{}, err
	}
	for i := range resources {
		if res := &resources[i]; res.Audience == cr.ClientID && res.SecretHash != "" {
			err := p.Auth.Admit(r.Context(), viewOf(q, cr), cr, res.Admits, q.Now)
			return grant.Caller{Resource: res}, err
		}
	}
	c, err := p.client(r, cr)
	if err != nil {
		return grant.Caller{}, err
	}
	if c.Method() == client.MethodNone {
		return grant.Caller{}, oidc.Refuse(oidc.InvalidClient, "RFC 7662 §2.1", "introspection needs a confidential client or a resource with an introspection_secret")
	}
	return grant.Caller{Client: c}, nil
}
