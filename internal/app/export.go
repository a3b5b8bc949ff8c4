package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/tenant"
)

// exported is a Document as Export writes it, in the order of spec/operating.md §3.
type exported struct {
	Tenant            string                 `json:"tenant"`
	DisplayName       string                 `json:"display_name"`
	Hosts             []string               `json:"hosts"`
	Issuer            string                 `json:"issuer"`
	Dialect           tenant.Dialect         `json:"dialect"`
	Settings          tenant.Settings        `json:"settings"`
	Clients           []client.Spec          `json:"clients"`
	Resources         []tenant.Resource      `json:"resources"`
	IdentityProviders []IdentityProviderSpec `json:"identity_providers"`
}

const exportHead = `# Written by foyer export. Secrets, accounts and clients that registered
# themselves are not in it; foyer apply makes a secret for a client that has none.
`

// Export writes a tenant file with one document for each tenant, or for the one
// with the id only. It holds no secret, and Apply finds nothing to change in it.
func Export(ctx context.Context, c *Core, only string, w io.Writer) error {
	docs, err := c.export(ctx, only)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.WriteString(exportHead)
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, doc := range docs {
		if err := encode(enc, doc); err != nil {
			return fmt.Errorf("write tenant %s: %w", doc.Tenant, err)
		}
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

// ExportJSON writes the documents of Export as one JSON list, for programs.
func ExportJSON(ctx context.Context, c *Core, only string, w io.Writer) error {
	docs, err := c.export(ctx, only)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(docs)
}

func (c *Core) export(ctx context.Context, only string) ([]*exported, error) {
	all, err := c.Store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	if only != "" {
		all = slices.DeleteFunc(all, func(t *tenant.Tenant) bool { return t.ID != only })
		if len(all) == 0 {
			return nil, fmt.Errorf("tenant %s: %w", only, tenant.ErrNotFound)
		}
	}
	docs := make([]*exported, len(all))
	for i, t := range all {
		if docs[i], err = c.exported(ctx, t); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func (c *Core) exported(ctx context.Context, t *tenant.Tenant) (*exported, error) {
	doc := &exported{Tenant: t.ID, DisplayName: t.DisplayName, Hosts: t.Hosts, Issuer: t.IssuerExact, Dialect: t.Dialect,
		Settings: t.Settings, Clients: []client.Spec{}, Resources: []tenant.Resource{}, IdentityProviders: []IdentityProviderSpec{}}
	clients, err := allClients(ctx, c.Store, t.ID)
	if err != nil {
		return nil, err
	}
	for _, cl := range clients {
		if cl.Origin != client.FromSelf {
			doc.Clients = append(doc.Clients, cl.Spec)
		}
	}
	objects, err := c.Store.Objects(ctx, t.ID, tenant.KindResource)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		r, err := tenant.ReadResource(o)
		if err != nil {
			return nil, err
		}
		doc.Resources = append(doc.Resources, r)
	}
	if objects, err = c.Store.Objects(ctx, t.ID, tenant.KindIdentityProvider); err != nil {
		return nil, err
	}
	for _, o := range objects {
		var p IdentityProviderSpec
		if err := json.Unmarshal([]byte(o.Spec), &p); err != nil {
			return nil, fmt.Errorf("identity provider %s: %w", o.Name, err)
		}
		doc.IdentityProviders = append(doc.IdentityProviders, p)
	}
	return doc, nil
}

// encode writes a value through its JSON, whose names are the file's and which
// leaves out what is empty where that means the default.
func encode(enc *yaml.Encoder, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var node yaml.Node
	if err := yaml.Unmarshal(raw, &node); err != nil {
		return err
	}
	plain(&node)
	return enc.Encode(&node)
}

// plain turns JSON's brackets and quotes into YAML's usual form, except for
// short lists; nulls are lists that were never set.
func plain(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		*n = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	}
	if n.Kind == yaml.SequenceNode && !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode }) {
		n.Style = yaml.FlowStyle
	}
	for _, c := range n.Content {
		plain(c)
	}
}
