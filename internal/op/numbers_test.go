package op_test

import (
	"strings"
	"testing"

	"github.com/foyer-id/foyer/internal/rptest"
)

// TestRegistrationWaitsForTextMessages: where people sign in by number alone
// nobody can register yet, so prompt=create is as if absent and leads nowhere
// that leads back.
func TestRegistrationWaitsForTextMessages(t *testing.T) {
	t.Parallel()
	w := rptest.New(t, strings.Replace(rptest.Tenant, "{self_registration: true}", "{self_registration: true, identifiers: [mobile]}", 1), rptest.Options{})
	j := &journey{t, w, w.Browser()}
	j.want(j.open("web", q("prompt", "create")), "sign in")
	j.b.Enter("default", "ada@example.com", 0)
	j.want(j.open("web", q("prompt", "create")), "issue")
}
