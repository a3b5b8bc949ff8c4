package challenge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/foyer-id/foyer/internal/account"
	"github.com/foyer-id/foyer/internal/alert"
	"github.com/foyer-id/foyer/internal/letter"
	"github.com/foyer-id/foyer/internal/outbox"
	"github.com/foyer-id/foyer/internal/secret"
	"github.com/foyer-id/foyer/internal/throttle"
)

// payloadPurpose separates what waits for a proof from everything else sealed.
const payloadPurpose = "challenge"

// Service asks for proofs and uses them. All fields are needed.
type Service struct {
	Store    Store
	Accounts account.Store
	Hasher   *account.Hasher
	Limiter  *throttle.Limiter
	Devices  account.Devices
	Alerts   *alert.Service
	Letters  *secret.Sealer // seals mails in the outbox
	Payloads *secret.Sealer // seals what waits
	CodeKey  [32]byte       // so that a copy of the database gives no code away
}

// Asker is the browser that asks, and what it came with.
type Asker struct {
	Browser string // hash of its cookie
	Network string // throttle.Network of its address
	Locale  string
	Request string // sealed; "" without an application
	Limits  throttle.Limits
}

// Register keeps a registration until its address is proved, and mails a code;
// to somebody who has an account, that there is one. The hash costs the same in
// every case (RE2). The error is *throttle.ErrLimited, *account.ErrBusy or a fault.
func (s *Service) Register(ctx context.Context, tenant string, who Asker, r account.Registration, now time.Time) (int64, error) {
	if err := s.charge(ctx, tenant, who, r.Identifier.Key, now, throttle.Registrations.Of(who.Network)); err != nil {
		return 0, err
	}
	hash, err := s.Hasher.Hash(ctx, r.Password)
	if err != nil {
		return 0, err
	}
	payload, err := json.Marshal(Pending{Kind: r.Identifier.Kind, Value: r.Identifier.Value, Key: r.Identifier.Key, Hash: hash, Claims: r.Claims})
	if err != nil {
		return 0, fmt.Errorf("keep registration: %w", err)
	}
	acc, err := s.find(ctx, tenant, r.Identifier)
	if err != nil {
		return 0, err
	}
	c := &Challenge{Purpose: Register, Address: r.Identifier.Key, Payload: s.Payloads.SealString(tenant, payloadPurpose, payload)}
	return s.put(ctx, tenant, who, c, registration(acc, r.Identifier.Value), now)
}

// Verify mails a code to the account's own address.
func (s *Service) Verify(ctx context.Context, tenant string, who Asker, acc *account.Account, now time.Time) (int64, error) {
	id, err := account.ParseIdentifier(acc.Email, []account.Kind{account.Email})
	if err != nil {
		return 0, fmt.Errorf("verify %s: %w", acc.Sub, err)
	}
	if err := s.charge(ctx, tenant, who, id.Key, now); err != nil {
		return 0, err
	}
	c := &Challenge{Purpose: Verify, Sub: acc.Sub, Address: id.Key}
	return s.put(ctx, tenant, who, c, message{letter.Confirm, acc.Email, acc.Sub, true}, now)
}

// Reset mails a code with which whoever has the account's verified address may
// choose a new password. Unknown, disabled and unverified look the same; the
// mail says how it is. What was typed need not be an identifier.
func (s *Service) Reset(ctx context.Context, tenant string, who Asker, id account.Identifier, now time.Time) (int64, error) {
	if err := s.charge(ctx, tenant, who, id.Key, now); err != nil {
		return 0, err
	}
	acc, err := s.find(ctx, tenant, id)
	if err != nil {
		return 0, err
	}
	m := recovery(acc, id)
	return s.put(ctx, tenant, who, &Challenge{Purpose: Reset, Sub: m.sub, Address: id.Key}, m, now)
}

// charge counts a mail against its address and the network that asks (RL8).
func (s *Service) charge(ctx context.Context, tenant string, who Asker, key string, now time.Time, more ...throttle.Charge) error {
	_, err := s.Limiter.Take(ctx, tenant, now,
		append(more, throttle.MessagesSent.Of(key), throttle.MessagesByNetwork.Of(who.Network))...)
	return err
}

func (s *Service) find(ctx context.Context, tenant string, id account.Identifier) (*account.Account, error) {
	acc, err := s.Accounts.FindByIdentifier(ctx, tenant, id)
	if errors.Is(err, account.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	return acc, nil
}

// tries is how often an id is drawn; a second collision in a row does not happen.
const tries = 4

func (s *Service) put(ctx context.Context, tenant string, who Asker, c *Challenge, m message, now time.Time) (int64, error) {
	c.Browser, c.Locale, c.Request = who.Browser, who.Locale, who.Request
	c.ExpiresAt = now.Add(rowLife).UnixMicro()
	for range tries {
		c.ID = secret.NewSelector(now)
		mail := s.fresh(tenant, c, m, now)
		err := s.Store.PutChallenge(ctx, tenant, c, mail, now)
		if err == nil {
			return c.ID, nil
		}
		if !errors.Is(err, ErrCollision) {
			return 0, fmt.Errorf("ask for a proof: %w", err)
		}
	}
	return 0, fmt.Errorf("ask for a proof: %w", ErrCollision)
}

// Resend mails a new code and link for a challenge of this browser. How the
// account is now decides what the mail says.
func (s *Service) Resend(ctx context.Context, tenant string, who Asker, id int64, p Purpose, now time.Time) error {
	c, err := s.Store.FindChallenge(ctx, tenant, id, now)
	if err != nil {
		return err
	}
	if c.Browser != who.Browser || c.Purpose != p {
		return ErrGone
	}
	if now.UnixMicro() < c.SentAt+ResendAfter.Microseconds() {
		return ErrTooSoon
	}
	m, err := s.again(ctx, tenant, c)
	if err != nil {
		return err
	}
	if err := s.charge(ctx, tenant, who, c.Address, now); err != nil {
		return err
	}
	mail := s.fresh(tenant, c, m, now)
	if err := s.Store.Resend(ctx, tenant, c, mail, now); err != nil {
		return fmt.Errorf("send again: %w", err)
	}
	return nil
}

func (s *Service) again(ctx context.Context, tenant string, c *Challenge) (message, error) {
	id, err := account.ParseIdentifier(c.Address, []account.Kind{account.Email, account.Mobile})
	if err != nil {
		return message{}, ErrGone
	}
	acc, err := s.find(ctx, tenant, id)
	if err != nil {
		return message{}, err
	}
	switch c.Purpose {
	case Register:
		w, err := s.pending(tenant, c)
		return registration(acc, w.Value), err
	case Verify:
		if acc == nil || acc.Sub != c.Sub {
			return message{}, ErrGone
		}
		return message{letter.Confirm, acc.Email, acc.Sub, true}, nil
	}
	m := recovery(acc, id)
	c.Sub = m.sub
	return m, nil
}

func (s *Service) pending(tenant string, c *Challenge) (Pending, error) {
	var w Pending
	b, err := s.Payloads.OpenString(tenant, payloadPurpose, c.Payload)
	if err == nil {
		err = json.Unmarshal(b, &w)
	}
	if err != nil {
		return w, fmt.Errorf("read registration: %w", err)
	}
	return w, nil
}

// message is what is mailed: live ones carry a code and a link.
type message struct {
	text letter.Text
	to   string // "" nobody
	sub  string
	live bool
}

// registration: an address that somebody has proved is taken, every other is
// free (spec/sign-in.md §3).
func registration(acc *account.Account, to string) message {
	if acc != nil && acc.EmailVerified {
		return message{text: letter.Exists, to: acc.Email}
	}
	return message{text: letter.Confirm, to: to, live: true}
}

// recovery: only a verified address recovers an account.
func recovery(acc *account.Account, id account.Identifier) message {
	switch {
	case acc == nil || acc.Email == "" || !acc.EmailVerified:
		if id.Kind != account.Email {
			return message{}
		}
		return message{text: letter.NoAccount, to: id.Value}
	case !acc.Enabled():
		return message{text: letter.Unusable, to: acc.Email}
	}
	return message{text: letter.Reset, to: acc.Email, sub: acc.Sub, live: true}
}

// fresh gives c a new code and link and returns the mail that carries them. It
// costs the same for a mail without.
func (s *Service) fresh(tenant string, c *Challenge, m message, now time.Time) *outbox.Job {
	code := secret.Digits(6)
	link := secret.New(kinds[c.Purpose], now)
	link.Selector = c.ID // of the row
	life := linkLife
	if c.Purpose == Reset {
		life = resetLife
	}
	c.SentAt, c.CodeUntil, c.LinkUntil = now.UnixMicro(), now.Add(codeLife).UnixMicro(), now.Add(life).UnixMicro()
	c.CodeHash, c.LinkHash = s.codeHash(tenant, c.ID, code), link.Hash()
	l := letter.Letter{Text: m.text, To: m.to, Locale: c.Locale, Code: code, Link: Paths[c.Purpose] + "?t=" + link.Reveal(), Until: c.LinkUntil}
	if !m.live {
		c.CodeHash, c.LinkHash = "", ""
		l.Code, l.Link, l.Until = "", "", 0
		if m.text != letter.Unusable {
			l.Link = "/login"
		}
	}
	job := l.Seal(s.Letters, tenant, m.sub)
	if m.to == "" {
		return nil
	}
	return &job
}

func (s *Service) codeHash(tenant string, id int64, code string) string {
	return secret.Hash(fmt.Sprintf("%x/%s/%d", s.CodeKey, tenant, id), code)
}
