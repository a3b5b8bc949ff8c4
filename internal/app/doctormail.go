package app

import (
	"context"
	"fmt"

	"github.com/foyer-id/foyer/internal/config"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/notify"
	"github.com/foyer-id/foyer/internal/tenant"
)

// mail speaks with the mail server as for a mail: greeting, TLS, password; and
// sends one when it is told to whom.
func (d *Diagnosis) mail(ctx context.Context, cfg *config.Server, to string) {
	from := cfg.MailFrom()
	if from == nil {
		grade := Notice
		if to != "" {
			grade = Wrong
		}
		d.add("mail", grade, "is not configured: addresses stay unverified, and nobody can choose a new password by mail",
			"set mail.from and mail.smtp.host")
		return
	}
	m := cfg.Mail.SMTP
	server := fmt.Sprintf("%s:%d", m.Host, m.Port)
	smtp, err := newSMTP(cfg)
	if err != nil {
		d.add("mail", Wrong, err.Error(), "correct the file or its mode")
		return
	}
	if err := smtp.Try(ctx); err != nil {
		d.add("mail", Wrong, server+": "+err.Error(), notify.Advise(err, m.Port))
		return
	}
	d.add("mail", Fine, server+" takes mails of "+from.Address, "")
	if to == "" {
		return
	}
	t := tenant.New(DefaultTenant)
	mail, err := notify.Compose(tenant.Resolve(t, cfg.PublicURL()), letter.Letter{Text: letter.Trial, To: to}, "")
	if err == nil {
		mail.From = from.Address
		err = smtp.Deliver(ctx, mail)
	}
	if err != nil {
		d.add("mail to "+to, Wrong, err.Error(), notify.Advise(err, m.Port))
		return
	}
	d.add("mail to "+to, Fine, "the mail server has taken it; look whether it arrives", "")
}
