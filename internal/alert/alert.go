package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
)

var (
	// ErrGone: the link is unknown, used or too old.
	ErrGone = errors.New("the alert is gone")
	// ErrRecent: the account was disowned less than an hour ago; nothing changed.
	ErrRecent = errors.New("the account was disowned a moment ago")
)

const (
	// life of a link (spec/sign-in.md §5).
	life = 7 * 24 * time.Hour
	// Pause between two that work, for one account.
	Pause = time.Hour
	// Path is where the link leads, below the tenant's base.
	Path = "/login/not-me"
)

// Alert is what a mail told of. Times are Unix microseconds.
type Alert struct {
	ID        int64
	Hash      string
	Sub       string
	Session   int64  // 0: the mail was about no session
	Address   string // where the mail went: the canonical form
	Email     string // … and as it is shown
	At        int64
	UserAgent string
	Place     string // network address
	ExpiresAt int64
	UsedAt    int64
}

// Draft is a mail that may have to be written: to nobody when Sub is "".
type Draft struct {
	Alert
	Job outbox.Job
}

// Store is what alert needs kept.
type Store interface {
	// FindAlert returns one that was neither used nor expired, or ErrGone.
	FindAlert(ctx context.Context, tenant string, id int64, now time.Time) (*Alert, error)
	// Disown uses the alert and undoes what it told of. ErrGone, ErrRecent.
	Disown(ctx context.Context, tenant string, id int64, hash string, now time.Time, e audit.Event) error
	// SweepAlerts removes what expired before the cut, at most limit.
	SweepAlerts(ctx context.Context, now time.Time, limit int) (int, error)
}

// Service writes alerts and answers their links. Without a Sealer mail is not
// configured and every draft is to nobody.
type Service struct {
	Store  Store
	Sealer *secret.Sealer
}

// Event is what is told of.
type Event struct {
	Text      letter.Text
	Locale    string
	Session   int64
	UserAgent string
	Place     string
}

// Draft prepares a mail to the account's address, if that is verified: to
// another nothing is sent, for it may be a stranger's. It costs no statement.
func (s *Service) Draft(tenant string, a *account.Account, e Event, now time.Time) Draft {
	if s.Sealer == nil || a == nil || a.Email == "" || !a.EmailVerified {
		return Draft{}
	}
	id, err := account.ParseIdentifier(a.Email, []account.Kind{account.Email})
	if err != nil {
		return Draft{}
	}
	link := secret.New(secret.NotMeLink, now)
	t := now.UnixMicro()
	l := letter.Letter{Text: e.Text, To: a.Email, Locale: e.Locale, Link: Path + "?t=" + link.Reveal(),
		At: t, UserAgent: e.UserAgent, Address: e.Place}
	return Draft{
		Alert: Alert{ID: link.Selector, Hash: link.Hash(), Sub: a.Sub, Session: e.Session, Address: id.Key, Email: a.Email,
			At: t, UserAgent: e.UserAgent, Place: e.Place, ExpiresAt: now.Add(life).UnixMicro()},
		Job: l.Seal(s.Sealer, tenant, a.Sub),
	}
}

// Find returns what the link with that id and hash tells of, or ErrGone.
func (s *Service) Find(ctx context.Context, tenant string, id int64, hash string, now time.Time) (*Alert, error) {
	a, err := s.Store.FindAlert(ctx, tenant, id, now)
	if err == nil && !secret.Equal(a.Hash, hash) {
		return nil, ErrGone
	}
	return a, err
}

// Disown carries "this wasn't me" out. It signs nobody in.
func (s *Service) Disown(ctx context.Context, tenant string, id int64, hash string, now time.Time) error {
	if err := s.Store.Disown(ctx, tenant, id, hash, now, audit.Event{Kind: audit.AccountDisowned}); err != nil {
		return fmt.Errorf("disown: %w", err)
	}
	return nil
}
