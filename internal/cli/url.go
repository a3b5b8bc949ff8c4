package cli

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

type urlCmd struct {
	Authorize  urlAuthorize  `cmd:"" help:"An authorization request with PKCE."`
	EndSession urlEndSession `cmd:"" help:"A logout request."`
}

// forClient is what both have.
type forClient struct {
	inTenant
	Client string   `required:"" help:"client_id." placeholder:"ID"`
	State  string   `help:"state; random when left out."`
	Param  []string `sep:"none" help:"Any further parameter, as name=value. May be repeated."`
}

// with finds the client and prints the address of path by the tenant's dialect.
func (c forClient) with(r *run, paths map[tenant.Dialect]string, fill func(*client.Client, *request) error) error {
	return c.inTenant.with(r, func(core *app.Core, t *tenant.Tenant) error {
		cl, err := core.Clients.Find(r.ctx, t.ID, c.Client)
		if err != nil {
			return notFound(err, "client", c.Client, t.ID)
		}
		req := &request{facts: map[string]string{}}
		if err := fill(cl, req); err != nil {
			return err
		}
		state := c.State
		if state == "" {
			state = secret.Random(16)
		}
		req.add("state", state)
		for _, p := range c.Param {
			name, value, ok := strings.Cut(p, "=")
			if !ok {
				return errUsage("--param is name=value")
			}
			req.add(name, value)
		}
		return req.print(r, t.Base(core.Config.PublicURL())+paths[t.Dialect])
	})
}

// request collects parameters in order, and what the caller must remember.
type request struct {
	query []string
	facts map[string]string
}

func (q *request) add(name, value string) {
	if value == "" {
		return
	}
	q.query = append(q.query, url.QueryEscape(name)+"="+url.QueryEscape(value))
	if name == "state" || name == "nonce" {
		q.facts[name] = value
	}
}

func (q *request) print(r *run, endpoint string) error {
	address := endpoint + "?" + strings.Join(q.query, "&")
	v := map[string]string{"url": address}
	for name, value := range q.facts {
		v[name] = value
	}
	return r.print(v, func(w io.Writer) {
		fmt.Fprintln(w, address)
		for _, name := range []string{"state", "nonce", "code_verifier"} {
			if q.facts[name] != "" {
				fmt.Fprintf(w, "%s: %s\n", name, q.facts[name])
			}
		}
	})
}

// one of the client's addresses: the one asked for, else the first.
func one(asked string, registered []string, flag, member string) (string, error) {
	switch {
	case asked == "" && len(registered) > 0:
		return registered[0], nil
	case asked == "" || slices.Contains(registered, asked):
		return asked, nil
	}
	return "", fmt.Errorf("--%s is not one of the client's %s: %s", flag, member, strings.Join(registered, ", "))
}

type urlAuthorize struct {
	forClient
	RedirectURI string `name:"redirect-uri" help:"One of the client's; the first when left out."`
	Scope       string `help:"scope; the client's when left out, or openid."`
	Prompt      string `help:"prompt."`
	LoginHint   string `help:"login_hint."`
	UILocales   string `name:"ui-locales" help:"ui_locales."`
	MaxAge      string `help:"max_age, in seconds."`
}

func (c *urlAuthorize) Run(r *run) error {
	paths := map[tenant.Dialect]string{tenant.Foyer: "/authorize", tenant.Akamai: "/login/authorize", tenant.IdentityServer: "/connect/authorize"}
	return c.with(r, paths, func(cl *client.Client, q *request) error {
		redirect, err := one(c.RedirectURI, cl.RedirectURIs, "redirect-uri", "redirect_uris")
		if err != nil {
			return err
		}
		if redirect == "" || !cl.AllowsGrant("authorization_code") {
			return fmt.Errorf("client %s has no redirect_uris or may not use authorization_code", cl.ClientID)
		}
		scope := c.Scope
		if scope == "" {
			scope = cl.Scope
		}
		if scope == "" {
			scope = "openid"
		}
		verifier := secret.Random(32)
		sum := sha256.Sum256([]byte(verifier)) // RFC 7636 §4.2
		q.facts["code_verifier"] = verifier
		q.add("client_id", cl.ClientID)
		q.add("response_type", "code")
		q.add("redirect_uri", redirect)
		q.add("scope", scope)
		q.add("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.add("code_challenge_method", "S256")
		q.add("nonce", secret.Random(16))
		q.add("prompt", c.Prompt)
		q.add("login_hint", c.LoginHint)
		q.add("ui_locales", c.UILocales)
		q.add("max_age", c.MaxAge)
		return nil
	})
}

type urlEndSession struct {
	forClient
	PostLogoutRedirectURI string `name:"post-logout-redirect-uri" help:"One of the client's; the first when left out."`
	IDTokenHint           string `name:"id-token-hint" help:"id_token_hint."`
	LogoutHint            string `help:"logout_hint."`
	UILocales             string `name:"ui-locales" help:"ui_locales."`
}

func (c *urlEndSession) Run(r *run) error {
	paths := map[tenant.Dialect]string{tenant.Foyer: "/endsession", tenant.Akamai: "/login/end_session", tenant.IdentityServer: "/connect/endsession"}
	return c.with(r, paths, func(cl *client.Client, q *request) error {
		address, err := one(c.PostLogoutRedirectURI, cl.PostLogoutRedirectURIs, "post-logout-redirect-uri", "post_logout_redirect_uris")
		if err != nil {
			return err
		}
		q.add("client_id", cl.ClientID)
		q.add("id_token_hint", c.IDTokenHint)
		q.add("post_logout_redirect_uri", address)
		q.add("logout_hint", c.LogoutHint)
		q.add("ui_locales", c.UILocales)
		return nil
	})
}
