package op

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
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
	over := url.Values{}
	for name := range f.Names {
		over[name] = f.All(name)
	}
	for name, v := range claims {
		if list := parameter(name, v); list != nil {
			over[name] = list
		}
	}
	over.Set("client_id", f.Get("client_id"))
	over.Del("request")
	expanded, refusal := oidc.ParseForm(over.Encode()) // the limits hold inside too
	if refusal != nil {
		q.Cause = refusal
		return f.With("request", oidc.BadRequestObject), nil
	}
	return expanded, nil
}

func view(q *web.Request) client.TenantView {
	return client.TenantView{ID: q.Tenant.ID, Issuer: q.Tenant.Issuer, TokenEndpoints: TokenEndpoints(q.Tenant)}
}

// parameter turns a claim of a request object into the values of the parameter
// it stands for; the JWT's own claims are not parameters (RFC 9101 §4).
func parameter(name string, raw json.RawMessage) []string {
	switch name {
	case "iss", "aud", "exp", "iat", "nbf", "jti", "sub", "request", "request_uri":
		return nil
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatInt(int64(v), 10)}
	case []any:
		var words []string
		for _, w := range v {
			if s, ok := w.(string); ok {
				words = append(words, s)
			}
		}
		if oidc.Repeatable(name) {
			return words
		}
		return []string{strings.Join(words, " ")}
	case map[string]any:
		return []string{string(raw)} // claims
	}
	return nil
}
