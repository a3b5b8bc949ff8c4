package app

import (
	"fmt"
	"strings"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/tenant"
)

// Document is one tenant of a tenant file (spec/operating.md §3). A member that
// is absent leaves what is stored as it is; one that is present replaces it
// whole, and what it leaves out inside gets its default. Clients, resources and
// identity providers are each a whole of their own: those that are listed are
// made or replaced, others stay unless Apply prunes. Accounts are made once.
type Document struct {
	Tenant            string                  `yaml:"tenant"`
	DisplayName       *string                 `yaml:"display_name"`
	Hosts             *[]string               `yaml:"hosts"`
	Issuer            *string                 `yaml:"issuer"`
	Dialect           *tenant.Dialect         `yaml:"dialect"`
	Settings          *tenant.Settings        `yaml:"settings"`
	Clients           *[]client.Spec          `yaml:"clients"`
	Resources         *[]ResourceSpec         `yaml:"resources"`
	Accounts          []AccountSpec           `yaml:"accounts"`
	IdentityProviders *[]IdentityProviderSpec `yaml:"identity_providers"`

	name  string
	line  int
	lines map[string]int
}

// ResourceSpec is an API with the secret it introspects with.
type ResourceSpec struct {
	tenant.Resource     `yaml:",inline"`
	IntrospectionSecret string `yaml:"introspection_secret"`
}

// IdentityProviderSpec is another provider that people may come from. The
// secret stays in its file.
type IdentityProviderSpec struct {
	ID               string `yaml:"id" json:"id"`
	DisplayName      string `yaml:"display_name" json:"display_name,omitempty"`
	Issuer           string `yaml:"issuer" json:"issuer,omitempty"`
	ClientID         string `yaml:"client_id" json:"client_id,omitempty"`
	ClientSecretFile string `yaml:"client_secret_file" json:"client_secret_file,omitempty"`
}

// ParseDocuments reads one tenant file: every document of it, strictly. The
// error is *config.Errors with every finding of every document.
func ParseDocuments(name string, data []byte) ([]*Document, error) {
	parts, err := config.Documents(name, data)
	if err != nil {
		return nil, err
	}
	var docs []*Document
	var errs []error
	for _, part := range parts {
		// Members of settings are decoded over the defaults.
		d := &Document{name: name, line: part.Line, Settings: new(tenant.Settings)}
		d.Settings.SetDefaults()
		d.lines, err = part.DecodeLines(d)
		if !d.has("settings") {
			d.Settings = nil
		}
		errs = append(errs, err)
		docs = append(docs, d)
	}
	if err := config.Join(errs...); err != nil {
		return nil, err
	}
	return docs, nil
}

// ReadDocuments reads files in order, as ParseDocuments does.
func ReadDocuments(files []string, read func(string) ([]byte, error)) ([]*Document, error) {
	var all []*Document
	var errs []error
	for _, file := range files {
		data, err := read(file)
		if err != nil {
			return nil, err
		}
		docs, err := ParseDocuments(file, data)
		errs = append(errs, err)
		all = append(all, docs...)
	}
	return all, config.Join(errs...)
}

// has tells whether the file gives the member at path a value.
func (d *Document) has(path string) bool {
	_, ok := d.lines[path]
	return ok
}

// finding is one about the member at path, on its line or that of the nearest
// thing around it.
func (d *Document) finding(path, format string, args ...any) config.Finding {
	return d.place(config.Finding{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (d *Document) place(f config.Finding) config.Finding {
	f.Source, f.Line = d.name, d.line
	for at := f.Path; at != ""; {
		if line, ok := d.lines[at]; ok {
			f.Line = line
			break
		}
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
	return f
}

// path turns a JSON pointer of a client's finding into a path of the file.
func clientPath(i int, pointer string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "clients[%d]", i)
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch {
		case part == "":
		case strings.Trim(part, "0123456789") == "":
			b.WriteString("[" + part + "]")
		default:
			b.WriteString("." + part)
		}
	}
	return b.String()
}

// tenant returns stored, or a new tenant, with what the document says.
func (d *Document) tenant(stored *tenant.Tenant) *tenant.Tenant {
	t := tenant.New(d.Tenant)
	if stored != nil {
		c := *stored
		t = &c
	}
	if d.DisplayName != nil {
		t.DisplayName = *d.DisplayName
	}
	if d.Hosts != nil {
		t.Hosts = *d.Hosts
	}
	if d.Issuer != nil {
		t.IssuerExact = *d.Issuer
	}
	if d.Dialect != nil {
		t.Dialect = *d.Dialect
	}
	if d.Settings != nil {
		t.Settings = *d.Settings
	}
	return t
}

func each[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}
