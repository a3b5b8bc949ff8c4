package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/keys"
	"github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/sqlstore"
	"github.com/foyer-id/foyer/internal/tenant"
)

// errSilent is a failure whose reason is in the output already.
var errSilent = errors.New("")

// missing names what was not found.
type missing struct {
	what, name, tenant string
}

func (e missing) Error() string {
	if e.tenant == "" {
		return fmt.Sprintf("there is no %s %s", e.what, e.name)
	}
	return fmt.Sprintf("there is no %s %s in tenant %s", e.what, e.name, e.tenant)
}

// notFound turns a store's sentinel into a sentence; other errors stay.
func notFound(err error, what, name, tenantID string) error {
	for _, sentinel := range []error{client.ErrNotFound, account.ErrNotFound, session.ErrNotFound, tenant.ErrNotFound, keys.ErrUnknown} {
		if errors.Is(err, sentinel) {
			return missing{what, name, tenantID}
		}
	}
	return err
}

// explain is an error as plain sentences, one a line.
func explain(err error) string {
	if findings := client.Findings(err); findings != nil {
		lines := make([]string, len(findings))
		for i, f := range findings {
			lines[i] = clientFinding(f)
		}
		return strings.Join(lines, "\n")
	}
	switch {
	case errors.Is(err, client.ErrVersion), errors.Is(err, tenant.ErrVersion):
		return "somebody else changed it at the same moment; look at it and try again"
	case errors.Is(err, account.ErrTaken):
		return "that address or number belongs to another account"
	case errors.Is(err, sqlstore.ErrUnavailable):
		return "the database cannot be reached now; start it, or name another with --database: " + err.Error()
	case errors.Is(err, sqlstore.ErrUnknown):
		return "the database failed while storing; look whether the change is there, then try again: " + err.Error()
	}
	return err.Error()
}

// later are commands that other documents speak of and this release does not have.
var later = []string{"backup", "restore", "move"}

// mistake is what to print about a command line that cannot be read: what is
// wrong, and whose help says more.
func mistake(err error) string {
	text := err.Error()
	var path []string
	var parse *kong.ParseError
	if !errors.As(err, &parse) {
		return "foyer: " + text + "\nRun foyer --help for what there is."
	}
	node := parse.Context.Selected()
	if node == nil {
		node = parse.Context.Model.Node
	}
	for n := node; n.Parent != nil; n = n.Parent {
		path = append([]string{n.Name}, path...)
	}
	if rest, ok := strings.CutPrefix(text, "unexpected argument "); ok && !node.Leaf() {
		command := strings.Join(append(path, rest), " ")
		text = "there is no command " + command
		if slices.Contains(later, command) {
			text += " in this release yet"
		}
	}
	help := strings.Join(append([]string{"foyer"}, path...), " ")
	return "foyer: " + clean(text) + "\nRun " + help + " --help for what there is."
}

func clientFinding(f client.Finding) string {
	text := strings.ReplaceAll(strings.TrimPrefix(f.Pointer, "/"), "/", ".") + ": " + f.Message
	if f.Cite != "" && !strings.HasPrefix(f.Cite, "Foyer") {
		text += " (" + f.Cite + ")"
	}
	return text
}
