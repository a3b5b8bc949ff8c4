package sqlstore

import (
	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/authz"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/client"
	"github.com/foyer-id/foyer/internal/grant"
	"github.com/foyer-id/foyer/internal/logout"
	"github.com/foyer-id/foyer/internal/outbox"
	sess "github.com/foyer-id/foyer/internal/session"
	"github.com/foyer-id/foyer/internal/tenant"
)

var (
	_ account.Store   = (*Store)(nil)
	_ alert.Store     = (*Store)(nil)
	_ authz.Store     = (*Store)(nil)
	_ challenge.Store = (*Store)(nil)
	_ client.Store    = (*Store)(nil)
	_ grant.Store     = (*Store)(nil)
	_ logout.Store    = (*Store)(nil)
	_ outbox.Store    = (*Store)(nil)
	_ sess.Store      = (*Store)(nil)
	_ sess.History    = (*Store)(nil)
	_ tenant.Store    = (*Store)(nil)
)
