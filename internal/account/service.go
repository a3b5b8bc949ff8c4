package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/audit"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/throttle"
)

// ErrWrong is the one answer to a wrong pair: unknown, disabled and wrong
// password look the same (RE1).
var ErrWrong = errors.New("identifier and password do not match")

// Devices tells whether an account has signed in from a browser.
type Devices interface {
	KnownDevice(ctx context.Context, tenant, sub, browser string) (bool, error)
}

// Service is what doors ask of accounts.
type Service struct {
	Store   Store
	Hasher  *Hasher
	Limiter *throttle.Limiter
	Devices Devices
}

// Attempt is one try to sign in with a password.
type Attempt struct {
	Identifier string // as typed
	Kinds      []Kind // allowed by the tenant
	Password   string
	Network    string // throttle.Network of the address
	Browser    string // hash of the browser cookie, "" none
	Limits     throttle.Limits
}

// Authenticate returns the account whose password was given and the charges to
// forgive in the transition that follows. The limits are charged first, the
// hash costs the same whether or not the account exists (RE2), and the error is
// ErrWrong, *throttle.ErrLimited, *ErrBusy or a fault.
func (s *Service) Authenticate(ctx context.Context, tenant string, a Attempt, now time.Time) (*Account, []string, error) {
	if err := s.Hasher.Full(); err != nil {
		return nil, nil, err
	}
	id, idErr := ParseIdentifier(a.Identifier, a.Kinds)
	acc, err := s.find(ctx, tenant, id, idErr)
	if err != nil {
		return nil, nil, err
	}
	ticket, err := s.charge(ctx, tenant, a, id, acc, now)
	if err != nil {
		return nil, nil, err
	}
	ok, err := s.verify(ctx, acc, a.Password)
	if err != nil {
		return nil, nil, s.undo(ctx, ticket, err)
	}
	if !ok || acc == nil || !acc.Enabled() {
		return nil, nil, ErrWrong
	}
	forgive, err := s.Limiter.Settle(ctx, ticket)
	if err != nil {
		return nil, nil, err
	}
	return acc, forgive, s.rehash(ctx, tenant, acc, a.Password)
}

func (s *Service) find(ctx context.Context, tenant string, id Identifier, idErr error) (*Account, error) {
	if idErr != nil {
		return nil, nil
	}
	acc, err := s.Store.FindByIdentifier(ctx, tenant, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	return acc, nil
}

// charge counts the attempt against account, network and tenant before it is
// looked at (RL2), or against the device where the account knows it (RL4).
func (s *Service) charge(ctx context.Context, tenant string, a Attempt, id Identifier, acc *Account, now time.Time) (throttle.Ticket, error) {
	t := throttle.Attempt{Account: id.Key, Network: a.Network}
	if acc != nil {
		t.Sub = acc.Sub
	}
	if a.Browser != "" { // asked for nobody too: a read less would tell who has an account (RE2)
		known, err := s.Devices.KnownDevice(ctx, tenant, t.Sub, a.Browser)
		if err != nil {
			return throttle.Ticket{}, fmt.Errorf("look for device: %w", err)
		}
		if known {
			t.Device = a.Browser
		}
	}
	return s.Limiter.Attempt(ctx, tenant, t, a.Limits, now)
}

func (s *Service) verify(ctx context.Context, acc *Account, password string) (bool, error) {
	if acc == nil || acc.PasswordHash == "" {
		return false, s.Hasher.VerifyDummy(ctx, password)
	}
	ok, err := s.Hasher.Verify(ctx, acc.PasswordHash, password)
	if errors.Is(err, ErrHashFormat) || errors.Is(err, ErrHashParams) {
		// What was imported cannot be verified (PW5): a wrong password as any
		// other, for an error would tell who has such an account (RE1).
		return false, s.Hasher.VerifyDummy(ctx, password)
	}
	return ok, err
}

// undo gives the charges back when the attempt was never looked at: a person
// must not lose tries to our being busy.
func (s *Service) undo(ctx context.Context, t throttle.Ticket, cause error) error {
	if errors.Is(cause, ErrPasswordTooLong) {
		return ErrWrong // nothing that long was ever accepted; the try counts (DS2)
	}
	if err := s.Limiter.Refund(context.WithoutCancel(ctx), t); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// rehash raises an old hash to today's parameters (PW4). The person is in
// either way, so being busy is no reason to fail.
func (s *Service) rehash(ctx context.Context, tenant string, acc *Account, password string) error {
	if !NeedsRehash(acc.PasswordHash, s.Hasher.Params()) {
		return nil
	}
	fresh, err := s.Hasher.Hash(ctx, password)
	var busy *ErrBusy
	if errors.As(err, &busy) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rehash password: %w", err)
	}
	if err := s.Store.Rehash(ctx, tenant, acc.Sub, acc.PasswordHash, fresh); err != nil {
		return fmt.Errorf("rehash password: %w", err)
	}
	return nil
}

// Registration is a person making an account.
type Registration struct {
	Identifier Identifier
	Password   string
	Claims     map[string]string
}

// Register makes an account with an unverified identifier. ErrTaken when the
// identifier belongs to somebody; the door says so plainly until mail arrives
// with verification (RE1 waits for it).
func (s *Service) Register(ctx context.Context, tenant string, r Registration, now time.Time) (*Account, error) {
	hash, err := s.Hasher.Hash(ctx, r.Password)
	if err != nil {
		return nil, err
	}
	a := New(secret.UUID(), now)
	a.PasswordHash, a.Profile = hash, Profile{Claims: r.Claims}
	a.set(r.Identifier, false)
	if err := s.Store.CreateAccount(ctx, tenant, a, []Identifier{r.Identifier}, audit.Event{Kind: audit.AccountCreated, Sub: a.Sub}); err != nil {
		return nil, fmt.Errorf("create account: %w", err)
	}
	return a, nil
}

// New returns an account that begins now.
func New(sub string, now time.Time) *Account {
	t := now.UnixMicro()
	return &Account{Sub: sub, CreatedAt: t, UpdatedAt: t, ValidFrom: t, PasswordChangedAt: t}
}

func (a *Account) set(id Identifier, verified bool) {
	switch id.Kind {
	case Email:
		a.Email, a.EmailVerified = id.Value, verified
	case Mobile:
		a.Mobile, a.MobileVerified = id.Key, verified
	}
}
