package logout

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

func TestPendingTravels(t *testing.T) {
	t.Parallel()
	s := secret.NewSealer(secret.DeriveKey([]byte("test"), "requests"))
	for name, p := range map[string]Pending{
		"nothing":    {},
		"everything": {"web", "https://app.example.com/bye", "s\x00\xff", "sid", "fr", HintValid, "web", "sub", "hint-sid", "asked"},
		"rejected":   {Hint: HintRejected, State: strings.Repeat("<", 2048)},
	} {
		got, err := OpenPending(s, "default", p.Seal(s, "default"))
		if err != nil || cmp.Diff(p, got) != "" {
			t.Errorf("%s: %v %s", name, err, cmp.Diff(p, got))
		}
		if _, err := OpenPending(s, "acme", p.Seal(s, "default")); err == nil {
			t.Errorf("%s: opened by another tenant", name)
		}
	}
	for _, b := range [][]byte{nil, {2}, {2, 200}, {2, 5, 'a'}} {
		if _, err := OpenPending(s, "default", s.SealString("default", purposeEndSession, b)); err == nil {
			t.Errorf("%v was read", b)
		}
	}
}

// TestPendingFitsIntoAnAddress: whatever is sent, the bounce's parameter stays
// within what ParseForm takes.
func TestPendingFitsIntoAnAddress(t *testing.T) {
	t.Parallel()
	s := secret.NewSealer(secret.DeriveKey([]byte("test"), "requests"))
	long := strings.Repeat("\x00", oidc.MaxValue)
	p := pendingOf(&oidc.EndSessionRequest{ClientID: long, PostLogoutRedirectURI: long, State: long[:oidc.MaxState], LogoutHint: long, UILocales: long})
	p.Hint, p.HintClient, p.HintSub, p.HintSID, p.Asked = HintValid, long[:200], long[:255], long[:22], long[:22]
	if n := len(p.Seal(s, "default")); n > oidc.MaxValue {
		t.Errorf("%d bytes, more than %d", n, oidc.MaxValue)
	}
}
