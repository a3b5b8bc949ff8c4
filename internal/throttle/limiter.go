package throttle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// ErrLimited says that an attempt was refused, and nothing charged. The door
// answers 429 with Retry-After (RL7). Whether the attempt would have succeeded
// is not known to anyone, for nothing was hashed (RL5).
type ErrLimited struct {
	Scope      string        // the exhausted budget's name
	RetryAfter time.Duration // whole seconds, at least one
}

func (e *ErrLimited) Error() string {
	return fmt.Sprintf("throttle: limit of %s reached, retry in %s", e.Scope, e.RetryAfter)
}

// Ticket is an attempt that was charged.
type Ticket struct {
	Tenant string
	// Keys give the charges back when the attempt was right: to Refund, or to
	// a transition of another keeper that carries them along.
	Keys []string
}

// Attempt is who tries to prove to be whom.
type Attempt struct {
	// Account is the canonical identifier (account.Identifier.Key), whether or
	// not it exists; "" when what was typed cannot be one.
	Account string
	// Sub is the account, where there is one, so that its e-mail address and
	// its number share one limit (RL6).
	Sub string
	// Network is Network of the client's address.
	Network string
	// Device is the known device that the account Sub has signed in from, proved
	// by its cookie, or "". It has a budget of its own, as large as the account's,
	// and touches no other: strangers cannot lock it out, nor can it be used
	// against other accounts (RL4).
	Device string
}

// Limiter charges attempts. It is safe for concurrent use.
type Limiter struct {
	store  Store
	memory *memory
}

// New returns a Limiter over the store that all nodes share.
func New(s Store) *Limiter { return &Limiter{store: s, memory: newMemory()} }

// Attempt charges a try of a password or another factor before it is looked
// at. The error is *ErrLimited or the store's.
func (l *Limiter) Attempt(ctx context.Context, tenant string, a Attempt, lim Limits, now time.Time) (Ticket, error) {
	budget := func(name string, limit int) Budget { return Budget{name, limit, lim.Window} }
	if a.Device != "" {
		return l.Take(ctx, tenant, now, budget("device", lim.Account).Of(a.Sub, a.Device))
	}
	charges := []Charge{
		budget("network", lim.Network).Of(a.Network),
		budget("tenant", lim.Tenant).Of(),
	}
	if a.Account != "" {
		charges = append(charges, budget("account", lim.Account).Of("identifier", a.Account))
	}
	if a.Sub != "" {
		charges = append(charges, budget("account", lim.Account).Of("sub", a.Sub))
	}
	return l.Take(ctx, tenant, now, charges...)
}

// Take charges one unit to each budget, or none. The error is *ErrLimited or
// the store's.
func (l *Limiter) Take(ctx context.Context, tenant string, now time.Time, charges ...Charge) (Ticket, error) {
	takes, scopes := plan(tenant, charges)
	if len(takes) == 0 {
		return Ticket{Tenant: tenant}, nil
	}
	for i, t := range takes {
		if free, blocked := l.memory.blocked(tenant, t.Key, now); blocked {
			return Ticket{}, limited(scopes[i], free.Sub(now))
		}
	}
	d, err := l.store.TakeThrottle(ctx, tenant, takes, now)
	if err != nil {
		return Ticket{}, fmt.Errorf("charge attempt: %w", err)
	}
	if d.Refused >= 0 {
		l.memory.block(tenant, takes[d.Refused].Key, now, now.Add(d.RetryAfter))
		return Ticket{}, limited(scopes[d.Refused], d.RetryAfter)
	}
	ticket := Ticket{Tenant: tenant, Keys: make([]string, len(takes))}
	for i, t := range takes {
		ticket.Keys[i] = chargeOf(t, now)
	}
	return ticket, nil
}

// Refund gives back what an attempt was charged, because it was right. Where a
// transition follows anyway (a session begins), hand it the ticket's keys
// instead and save a commit.
func (l *Limiter) Refund(ctx context.Context, t Ticket) error {
	if len(t.Keys) == 0 {
		return nil
	}
	if err := l.store.RefundThrottle(ctx, t.Tenant, t.Keys); err != nil {
		return fmt.Errorf("refund attempt: %w", err)
	}
	return nil
}

// Settle forgives the charges of an attempt that was right. What it returns goes
// into the transition that follows (a session begins), so that forgiving costs
// no commit of its own; nil where it is done already.
func (l *Limiter) Settle(ctx context.Context, t Ticket) ([]string, error) {
	if _, local := l.store.(*Local); !local {
		return t.Keys, nil
	}
	return nil, l.Refund(ctx, t)
}

// plan returns the takes of the charges that have a limit, sorted by key and
// each key once, and the budget's name of each.
func plan(tenant string, charges []Charge) (takes []Take, scopes []string) {
	type named struct {
		Take
		scope string
	}
	var all []named
	for _, c := range charges {
		if c.Budget.Limit > 0 && c.Budget.Window > 0 {
			all = append(all, named{Take{c.key(tenant), c.Budget.Limit, c.Budget.Window}, c.Budget.Name})
		}
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.Key, b.Key) })
	all = slices.CompactFunc(all, func(a, b named) bool { return a.Key == b.Key })
	for _, n := range all {
		takes, scopes = append(takes, n.Take), append(scopes, n.scope)
	}
	return takes, scopes
}

func limited(scope string, wait time.Duration) error {
	// Rounded up: who comes back when told to must not be refused again.
	seconds := max((wait+time.Second-1)/time.Second, 1)
	return &ErrLimited{Scope: scope, RetryAfter: seconds * time.Second}
}
