package challenge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/throttle"
)

// Link reads the token of a mailed link. Whether it is good for anything is
// seen when it is used.
func Link(p Purpose, token, browser string) (Held, bool) {
	o, ok := secret.Parse(kinds[p], token)
	return Held{ID: o.Selector, Purpose: p, Browser: browser, Link: o.Hash()}, ok
}

// Enter counts a try of a code and compares it: against this code's five and,
// with passwords, against what may be guessed of one address and from one
// network (RL6, MF3). Afterwards this browser holds the challenge. The error is
// ErrWrongCode, ErrSpent, ErrGone, *throttle.ErrLimited or a fault.
func (s *Service) Enter(ctx context.Context, tenant string, who Asker, id int64, p Purpose, code string, now time.Time) error {
	c, err := s.Store.FindChallenge(ctx, tenant, id, now)
	if err != nil {
		return err
	}
	if c.Purpose != p || c.Browser != who.Browser {
		return ErrGone
	}
	ticket, err := s.attempt(ctx, tenant, who, c, now)
	if err != nil {
		return err
	}
	if _, err := s.Limiter.Take(ctx, tenant, now, throttle.CodeGuesses.Of(c.Address)); err != nil {
		return err
	}
	if err := s.Store.TryCode(ctx, tenant, id, who.Browser, s.codeHash(tenant, id, normal(code)), now); err != nil {
		return err
	}
	return s.Limiter.Refund(ctx, ticket)
}

// normal is a code as it was made: people copy spaces along.
func normal(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '٠' && r <= '٩': // Arabic-Indic
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹': // Persian
			return r - '۰' + '0'
		}
		return -1
	}, code)
}

// attempt charges a guess as a guess at the account's password.
func (s *Service) attempt(ctx context.Context, tenant string, who Asker, c *Challenge, now time.Time) (throttle.Ticket, error) {
	t := throttle.Attempt{Account: c.Address, Sub: c.Sub, Network: who.Network}
	known, err := s.Devices.KnownDevice(ctx, tenant, c.Sub, who.Browser)
	if err != nil {
		return throttle.Ticket{}, fmt.Errorf("look for device: %w", err)
	}
	if known {
		t.Device = who.Browser
	}
	return s.Limiter.Attempt(ctx, tenant, t, who.Limits, now)
}

// Find returns the challenge that h may use now, or ErrGone. It changes
// nothing, and using it asks again.
func (s *Service) Find(ctx context.Context, tenant string, h Held, now time.Time) (*Challenge, error) {
	c, err := s.Store.FindChallenge(ctx, tenant, h.ID, now)
	if err != nil {
		return nil, err
	}
	if !c.Opens(h, now) {
		return nil, ErrGone
	}
	return c, nil
}

// Asked returns a challenge of this browser that waits for its code, or ErrGone.
func (s *Service) Asked(ctx context.Context, tenant, browser string, id int64, p Purpose, now time.Time) (*Challenge, error) {
	c, err := s.Store.FindChallenge(ctx, tenant, id, now)
	if err == nil && (c.Purpose != p || c.Browser != browser) {
		return nil, ErrGone
	}
	return c, err
}

// Whose is what a page shows about a challenge that its browser may use.
func (s *Service) Whose(tenant string, c *Challenge) string {
	if c.Purpose == Register {
		if w, err := s.pending(tenant, c); err == nil {
			return w.Value
		}
	}
	return c.Address
}

// Create makes the account of a proved registration. From another browser than
// the one that registered, the password chosen there must be given: else
// whoever types somebody's address into a form could have them confirm an
// account whose password the other one knows. The error is ErrGone,
// account.ErrTaken, account.ErrWrong, *throttle.ErrLimited, *account.ErrBusy or
// a fault.
func (s *Service) Create(ctx context.Context, tenant string, who Asker, h Held, password string, now time.Time) (*account.Account, *Challenge, error) {
	c, err := s.Find(ctx, tenant, h, now)
	if err != nil {
		return nil, nil, err
	}
	w, err := s.pending(tenant, c)
	if err != nil {
		return nil, nil, err
	}
	if c.Browser != h.Browser {
		if err := s.check(ctx, tenant, who, c, w.Hash, password, now); err != nil {
			return nil, c, err
		}
	}
	id := account.Identifier{Kind: w.Kind, Value: w.Value, Key: w.Key}
	a := account.New(secret.UUID(), now)
	a.PasswordHash, a.Profile = w.Hash, account.Profile{Claims: w.Claims}
	a.Email, a.EmailVerified = w.Value, true
	err = s.Store.CreateProved(ctx, tenant, h, a, id, now, audit.Event{Kind: audit.AccountCreated, Sub: a.Sub})
	if err != nil {
		return nil, c, fmt.Errorf("create account: %w", err)
	}
	return a, c, nil
}

// Confirm marks the account's address as verified; from another browser its
// password is asked for, as by Create. It returns the account's sub.
func (s *Service) Confirm(ctx context.Context, tenant string, who Asker, h Held, password string, now time.Time) (string, *Challenge, error) {
	c, err := s.Find(ctx, tenant, h, now)
	if err != nil {
		return "", nil, err
	}
	if c.Browser != h.Browser {
		acc, err := s.Accounts.FindAccount(ctx, tenant, c.Sub)
		if errors.Is(err, account.ErrNotFound) || err == nil && !acc.Enabled() {
			return "", nil, ErrGone
		}
		if err != nil {
			return "", nil, fmt.Errorf("find account: %w", err)
		}
		if err := s.check(ctx, tenant, who, c, acc.PasswordHash, password, now); err != nil {
			return "", c, err
		}
	}
	if err := s.Store.ConfirmProved(ctx, tenant, h, now, audit.Event{Kind: audit.AddressVerified}); err != nil {
		return "", c, fmt.Errorf("verify address: %w", err)
	}
	return c.Sub, c, nil
}

func (s *Service) check(ctx context.Context, tenant string, who Asker, c *Challenge, hash, password string, now time.Time) error {
	if err := s.Hasher.Full(); err != nil {
		return err
	}
	ticket, err := s.attempt(ctx, tenant, who, c, now)
	if err != nil {
		return err
	}
	ok := false
	if hash == "" {
		err = s.Hasher.VerifyDummy(ctx, password)
	} else {
		ok, err = s.Hasher.Verify(ctx, hash, password)
	}
	switch {
	case errors.Is(err, account.ErrPasswordTooLong), err == nil && !ok:
		return account.ErrWrong
	case err != nil:
		return errors.Join(err, s.Limiter.Refund(context.WithoutCancel(ctx), ticket))
	}
	return s.Limiter.Refund(ctx, ticket)
}

// Change is a new password, and where it was chosen.
type Change struct {
	Password  string
	Keep      int64 // the session of this browser, which stays
	UserAgent string
	Address   string
}

// SetPassword gives the account of a proved reset its new password, ends its
// other sessions and every grant, and mails a notice (PW6). The policy has been
// looked at by the caller. It returns the account, valid from now on. The error
// is ErrGone, *account.ErrBusy or a fault.
func (s *Service) SetPassword(ctx context.Context, tenant string, who Asker, h Held, ch Change, now time.Time) (*account.Account, *Challenge, error) {
	c, err := s.Find(ctx, tenant, h, now)
	if err != nil {
		return nil, nil, err
	}
	acc, err := s.Accounts.FindAccount(ctx, tenant, c.Sub)
	if errors.Is(err, account.ErrNotFound) {
		return nil, nil, ErrGone
	}
	if err != nil {
		return nil, nil, fmt.Errorf("find account: %w", err)
	}
	hash, err := s.Hasher.Hash(ctx, ch.Password)
	if err != nil {
		return nil, c, err
	}
	notice := s.Alerts.Draft(tenant, acc, alert.Event{Text: letter.PasswordChanged, Locale: who.Locale, UserAgent: ch.UserAgent, Place: ch.Address}, now)
	if err := s.Store.ResetProved(ctx, tenant, h, hash, ch.Keep, notice, now, audit.Event{Kind: audit.PasswordSet}); err != nil {
		return nil, c, fmt.Errorf("reset password: %w", err)
	}
	acc.ValidFrom = max(acc.ValidFrom, now.UnixMicro())
	return acc, c, nil
}
