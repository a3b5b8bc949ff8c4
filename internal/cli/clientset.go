package cli

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/foyer-id/foyer/internal/app"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/tenant"
)

const memberHelp = `Members have the names of a tenant file, for example:

  client_name="Example web"
  redirect_uris=https://app.example.com/callback
  redirect_uris="[https://app.example.com/a, https://app.example.com/b]"
  tokens="{access_token: 10m}"
  require_pkce=null

A value for a list may be one text or a YAML list; null is the default.`

type clientAdd struct {
	inTenant
	ID          string   `arg:"" optional:"" name:"client" help:"client_id; one is made when left out."`
	Member      []string `arg:"" optional:"" name:"member=value" help:"Any member of a client, as in a tenant file."`
	Name        string   `help:"Name to show people."`
	Redirect    []string `name:"redirect-uri" sep:"none" help:"Address that codes are sent to. May be repeated."`
	PostLogout  []string `name:"post-logout-redirect-uri" sep:"none" help:"Address that people return to after signing out. May be repeated."`
	Public      bool     `help:"The application cannot keep a secret (token_endpoint_auth_method none)."`
	Native      bool     `help:"A native application (implies --public)."`
	SecretStdin bool     `help:"Read the secret from standard input instead of making one."`
}

// Help explains members.
func (clientAdd) Help() string { return memberHelp }

func (c *clientAdd) Run(r *run) error {
	if strings.Contains(c.ID, "=") {
		c.Member, c.ID = append([]string{c.ID}, c.Member...), ""
	}
	spec := client.Spec{ClientID: c.ID, ClientName: c.Name, RedirectURIs: c.Redirect, PostLogoutRedirectURIs: c.PostLogout}
	if c.Public || c.Native {
		spec.TokenEndpointAuthMethod = client.MethodNone
	}
	if c.Native {
		spec.ApplicationType = "native"
	}
	if err := setMembers(&spec, c.Member); err != nil {
		return err
	}
	if c.SecretStdin {
		var err error
		if spec.ClientSecret, err = r.secret("client secret"); err != nil {
			return err
		}
	}
	return c.with(r, func(core *app.Core, t *tenant.Tenant) error {
		if err := r.refuse(core, t, &spec, client.FromOperator); err != nil {
			return err
		}
		res, err := core.Clients.Create(r.ctx, t.ID, spec, checkContext(core, t))
		if errors.Is(err, client.ErrVersion) {
			return fmt.Errorf("there is a client %s in tenant %s already; change it with foyer client set", spec.ClientID, t.ID)
		}
		if err != nil {
			return err
		}
		return r.printSecret(res.Client.ClientID, res.Secret)
	})
}

type clientSet struct {
	oneClient
	Member []string `arg:"" name:"member=value" help:"Any member of a client, as in a tenant file."`
}

// Help explains members.
func (clientSet) Help() string { return memberHelp }

func (c *clientSet) Run(r *run) error {
	return c.with(r, func(core *app.Core, t *tenant.Tenant, cl *client.Client) error {
		spec := cl.Spec
		if err := setMembers(&spec, c.Member); err != nil {
			return err
		}
		if spec.ClientID != cl.ClientID {
			return errUsage("client_id cannot be changed; add another client")
		}
		return saveClient(r, core, t, spec, cl.Version)
	})
}

func saveClient(r *run, core *app.Core, t *tenant.Tenant, spec client.Spec, version int64) error {
	if err := r.refuse(core, t, &spec, client.FromOperator); err != nil {
		return err
	}
	res, err := core.Clients.Update(r.ctx, t.ID, spec, version, checkContext(core, t))
	if err != nil {
		return err
	}
	return r.printSecret(spec.ClientID, res.Secret)
}

// refuse reports what is wrong with metadata, and on standard error what should
// be known about it.
func (r *run) refuse(core *app.Core, t *tenant.Tenant, spec *client.Spec, origin client.Origin) error {
	checked := *spec
	if checked.ClientID == "" {
		checked.ClientID = "made-when-stored"
	}
	findings, warnings := app.CheckClient(core.Config, t, &checked, origin)
	if len(findings) > 0 {
		return &client.FindingsError{Findings: findings}
	}
	for _, f := range warnings {
		fmt.Fprintln(r.io.Err, "warning: "+clientFinding(f))
	}
	return nil
}

func checkContext(core *app.Core, t *tenant.Tenant) client.CheckContext {
	return client.CheckContext{Origin: client.FromOperator, Dialect: string(t.Dialect), PlainHTTP: len(core.Config.Egress.Networks) > 0}
}

// setMembers decodes member=value pairs over spec, as strictly as a tenant file.
func setMembers(spec *client.Spec, pairs []string) error {
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return errUsage(fmt.Sprintf("%q is not member=value", pair))
		}
		if name == "client_secret" {
			return errUsage("a secret on the command line can be seen by others; use client rotate-secret, or client add --secret-stdin")
		}
		field := memberOf(spec, name)
		if field.IsValid() && value == "null" {
			field.SetZero()
			continue
		}
		node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{text(name), valueNode(field, value)}}
		raw, err := yaml.Marshal(node)
		if err != nil {
			return errUsage(fmt.Sprintf("%s: %v", name, err))
		}
		if err := config.DecodeStrict("", raw, spec); err != nil {
			return errUsage(withoutPlace(err))
		}
	}
	return nil
}

// memberOf is the field of a member, invalid when there is none.
func memberOf(spec *client.Spec, name string) reflect.Value {
	v := reflect.ValueOf(spec).Elem()
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// valueNode reads a value as YAML, except that texts stay as typed and one text
// is a list of one.
func valueNode(field reflect.Value, value string) *yaml.Node {
	if field.IsValid() {
		t := field.Type()
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch {
		case t.Kind() == reflect.String:
			return text(value)
		case t.Kind() == reflect.Slice && !strings.HasPrefix(strings.TrimSpace(value), "["):
			return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{text(value)}}
		}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(value), &doc); err != nil || len(doc.Content) != 1 {
		return text(value)
	}
	return doc.Content[0]
}

// withoutPlace leaves out the lines of a text that nobody wrote.
func withoutPlace(err error) string {
	var e *config.Errors
	if !errors.As(err, &e) {
		return err.Error()
	}
	var lines []string
	for _, f := range e.Findings {
		f.Line = 0
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}
