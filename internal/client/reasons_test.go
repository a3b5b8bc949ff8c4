package client_test

import (
	"testing"

	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/session"
)

func TestEveryReasonOfASessionsEndMayBeChosen(t *testing.T) {
	t.Parallel()
	s := web("web")
	for _, r := range []session.Reason{session.ByRequest, session.ByProfile, session.Replaced, session.NotMe, session.ByAdmin,
		session.ByCommand, session.PasswordChanged, session.FactorRemoved, session.IdentifierChanged, session.AccountDisabled,
		session.AccountDeleted, session.ClientDeleted, session.Expired} {
		s.BackchannelLogoutOn = append(s.BackchannelLogoutOn, string(r))
	}
	if findings, _ := client.Check(&s, client.CheckContext{Origin: client.FromFile}); len(findings) > 0 {
		t.Error(findings)
	}
}
