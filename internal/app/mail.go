package app

import (
	"fmt"
	"os"

	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/challenge"
	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/notify"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

// mails tells whether mail is configured.
func (c *Core) mails() bool { return c.Config.MailFrom() != nil }

// alerts tells people of sign-ins, once there is mail.
func (c *Core) alerts() *alert.Service {
	s := &alert.Service{Store: c.Store}
	if c.mails() {
		s.Sealer = c.Sealer("mail")
	}
	return s
}

// proofs asks people for codes; nil without mail.
func (c *Core) proofs() *challenge.Service {
	if !c.mails() {
		return nil
	}
	return &challenge.Service{
		Store: c.Store, Accounts: c.Store, Hasher: c.Hasher, Limiter: c.Limiter, Devices: c.Store, Alerts: c.alerts(),
		Letters: c.Sealer("mail"), Payloads: c.Sealer("challenges"), CodeKey: c.derive("codes"),
	}
}

// newSender wires the sender of mails; without mail in the configuration it has
// no transport, and what waits in the outbox waits on.
func newSender(c *Core) (*notify.Sender, error) {
	s := &notify.Sender{Tenants: c.Directory, Sealer: c.Sealer("mail"), Now: c.Now, Log: c.Log, Stretch: secret.Stretch}
	from := c.Config.MailFrom()
	if from == nil {
		return s, nil
	}
	transport, err := newSMTP(c.Config)
	if err != nil {
		return nil, err
	}
	s.From, s.Transport = from.Address, transport
	return s, nil
}

func newSMTP(cfg *config.Server) (*notify.SMTP, error) {
	if f := cfg.Mail.SMTP.PasswordFile; f != "" {
		if err := CheckPrivate(f, 0o007); err != nil { // SU5
			return nil, fmt.Errorf("mail.smtp.password_file: %w", err)
		}
	}
	ca, err := authorities(cfg)
	if err != nil {
		return nil, err
	}
	m := cfg.Mail.SMTP
	return &notify.SMTP{
		Host: m.Host, Port: m.Port, Username: m.Username, PasswordFile: m.PasswordFile,
		HELO: cfg.PublicURL().Hostname(), CA: ca, Private: cfg.EgressNetworks(),
	}, nil
}

// authorities are the further certificate authorities that the operator trusts.
func authorities(cfg *config.Server) ([]byte, error) {
	f := cfg.Egress.CAFile
	if f == "" {
		return nil, nil
	}
	ca, err := os.ReadFile(f)
	if err != nil {
		return nil, fmt.Errorf("egress.ca_file: %w", err)
	}
	return ca, nil
}

// unmailed is what a tenant demands and cannot have while nothing can be mailed.
func unmailed(cfg *config.Server, s *tenant.Settings) []config.Finding {
	if s.VerifyIdentifiers != "always" || cfg.MailFrom() != nil {
		return nil
	}
	return []config.Finding{{Path: "settings.verify_identifiers",
		Message: "always needs mail, which is not configured: set mail.from and mail.smtp.host of the server, or write auto"}}
}
