package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/foyer-id/foyer/internal/i18n"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/tenant"
)

// What the sender asks of others.
type (
	// Tenants finds tenants as they are now.
	Tenants interface {
		Refresh(ctx context.Context, now time.Time) (int64, error)
		Find(id string) (*tenant.Live, bool)
	}
	// Transport brings a mail to the mail server; SMTP is one.
	Transport interface {
		Deliver(ctx context.Context, m Mail) error
	}
)

// Sender sends letters. All fields are needed; without a Transport mail is not
// configured and letters wait.
type Sender struct {
	Tenants   Tenants
	Transport Transport
	From      string // the sender's address alone
	Sealer    *secret.Sealer
	Now       func() time.Time
	Log       *slog.Logger
	// Stretch varies a wait by chance, ±20 %.
	Stretch func(time.Duration) time.Duration
}

// Send is the outbox's handler of letters: one attempt.
func (s *Sender) Send(ctx context.Context, j outbox.Job) outbox.Outcome {
	now := s.Now()
	l, err := letter.Open(s.Sealer, j)
	if err != nil {
		s.Log.ErrorContext(ctx, "letter not opened", "tenant", j.Tenant, "err", err)
		return settled(outbox.Refused, "it was sealed with another master key")
	}
	if l.Until != 0 && now.UnixMicro() >= l.Until {
		return settled(outbox.Dead, "what it carries has expired")
	}
	if s.Transport == nil {
		return judge(j, l.Until, errNotConfigured, now, s.Stretch)
	}
	if _, err := s.Tenants.Refresh(ctx, now); err != nil {
		s.Log.ErrorContext(ctx, "letter not sent", "tenant", j.Tenant, "err", err)
		return judge(j, l.Until, err, now, s.Stretch)
	}
	t, ok := s.Tenants.Find(j.Tenant)
	if !ok {
		return settled(outbox.Refused, "the tenant is gone")
	}
	m, err := Compose(t, l, messageID(j, s.From))
	if err == nil {
		m.From = s.From
		err = s.Transport.Deliver(ctx, m)
	}
	return judge(j, l.Until, err, now, s.Stretch)
}

var errNotConfigured = errors.New("mail is not configured")

// messageID is the same at each attempt, so that a mail that arrives twice,
// because an answer got lost, is one for programs that look.
func messageID(j outbox.Job, from string) string {
	return fmt.Sprintf("%s.%s@%s", secret.FormatSelector(j.ID), secret.Hash("message-id", j.Tenant)[:8], domainOf(from))
}

// localeOf finds the locale of a letter among those that the tenant offers.
func localeOf(t *tenant.Live, tag string) *i18n.Locale {
	offered := i18n.Offered(t.Settings.Locales)
	for _, want := range []string{tag, t.Settings.DefaultLocale} {
		if want == "" {
			continue
		}
		if l, ok := i18n.Match([]string{want}, offered); ok {
			return l
		}
	}
	return offered[0]
}
