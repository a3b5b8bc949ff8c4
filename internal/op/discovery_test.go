package op

import (
	"testing"

	"github.com/foyer-id/foyer/internal/tenant"
)

// The tenant's snapshot and that of its resources move one after the other; a
// document made between the two must not stay.
func TestDiscoveryFollowsBothSnapshots(t *testing.T) {
	t.Parallel()
	c := rendered{docs: map[string]document{}}
	before, after := &tenant.Live{Tenant: tenant.New("acme")}, &tenant.Live{Tenant: tenant.New("acme")}
	old, fresh := []tenant.Resource{{Audience: "https://api.example"}}, []tenant.Resource{{Audience: "https://api.example"}}
	made := 0
	for i, step := range []struct {
		live      *tenant.Live
		resources []tenant.Resource
		made      int
	}{{before, nil, 1}, {before, nil, 1}, {before, old, 2}, {before, old, 2}, {after, old, 3}, {after, fresh, 4}, {after, fresh, 4}} {
		if _, err := c.get(step.live, step.resources, func() ([]byte, error) { made++; return []byte("{}"), nil }); err != nil {
			t.Fatal(err)
		}
		if made != step.made || len(c.docs) != 1 {
			t.Errorf("step %d: made %d times, %d kept", i, made, len(c.docs))
		}
	}
}
