package app

import (
	"fmt"
	"os"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/notify"
	"github.com/foyer-id/foyer/internal/secret"
)

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
