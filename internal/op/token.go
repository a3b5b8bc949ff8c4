package op

import (
	"net/http"

	"github.com/foyer-id/foyer/internal/throttle"
	"github.com/foyer-id/foyer/internal/web"
)

var noCache = []string{"no-cache"}

// Token is the token endpoint (RFC 6749 §3.2, OIDC Core §3.1.3).
func (p *Provider) Token(w http.ResponseWriter, r *http.Request) error {
	p.allowOrigin(w, r)
	return answerOAuth(w, r, p.token)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r.Context())
	w.Header()["Pragma"] = noCache // RFC 6749 §5.1, beside no-store
	f, err := postForm(r)
	if err != nil {
		return err
	}
	c, err := p.authenticate(r, f)
	if err != nil {
		return err
	}
	ctx := web.As(r.Context(), "client:"+c.ClientID)
	answer, err := p.Grants.Exchange(ctx, q.Tenant, c, f, throttle.Network(q.Addr), q.Now)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, answer)
}
