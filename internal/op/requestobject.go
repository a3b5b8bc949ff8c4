package op

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/web"
)

// Expand implements RequestObjects: a request object is verified once, when it
// arrives, and its parameters take the place of those outside (OIDC Core §6.1;
// RFC 9101 §6.3). What was not expanded is returned as it came. A bad object
// is found by Validate through the error that is put in its place.
func (p *Provider) Expand(ctx context.Context, q *web.Request, f oidc.Form) (oidc.Form, error) {
	raw := f.Get("request")
	if raw == "" || f.Repeated() != nil {
		return f, nil
	}
	c, err := p.Clients.Find(ctx, q.Tenant.ID, f.Get("client_id"))
	if errors.Is(err, client.ErrNotFound) || err == nil && !c.IsEnabled() {
		return f, nil // Identify says so
	}
	if err != nil {
		return f, err
	}
	claims, err := p.Auth.VerifyRequestObject(ctx, view(q), c, raw, q.Now)
	if err != nil {
		q.Cause = err
		return f.With("request", oidc.BadRequestObject), nil
	}
	values := map[string]string{}
	for k, v := range claims {
		if s, ok := parameter(k, v); ok {
			values[k] = s
		}
	}
	values["request"], values["client_id"] = "", f.Get("client_id")
	return f.Over(values), nil
}

func view(q *web.Request) client.TenantView {
	return client.TenantView{ID: q.Tenant.ID, Issuer: q.Tenant.Issuer, TokenEndpoints: TokenEndpoints(q.Tenant)}
}

// parameter turns a claim of a request object into the parameter it stands for;
// the JWT's own claims are not parameters (RFC 9101 §4).
func parameter(name string, raw json.RawMessage) (string, bool) {
	switch name {
	case "iss", "aud", "exp", "iat", "nbf", "jti", "sub", "request", "request_uri":
		return "", false
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatInt(int64(v), 10), true
	case []any:
		var words []string
		for _, w := range v {
			if s, ok := w.(string); ok {
				words = append(words, s)
			}
		}
		return strings.Join(words, " "), true
	case map[string]any:
		return string(raw), true // claims
	}
	return "", false
}
