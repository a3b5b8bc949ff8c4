package throttle

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/foyer-id/foyer/internal/secret"
)

// Budget is how often something may be tried: at most Limit in any Window. A
// Limit or Window of 0 is no limit. Its name is the scope that a refusal
// reports and keeps its counters apart from those of other budgets.
type Budget struct {
	Name   string
	Limit  int
	Window time.Duration
}

// Budgets that are not settings of a tenant.
var (
	// Registrations is charged to the network (RL8).
	Registrations = Budget{"registration", 30, time.Hour}
	// ClientFailures is charged to method, client and network: authentications
	// of a client that has just failed (CA4).
	ClientFailures = Budget{"client", 60, 15 * time.Minute}
	// CodeGuesses is charged to the identifier a code was sent to, beside the
	// five tries of each code (spec/sign-in.md §3).
	CodeGuesses = Budget{"code", 10, 15 * time.Minute}
	// DeviceGuesses is charged to the network: user codes typed (RFC 8628 §5.1).
	DeviceGuesses = Budget{"device_code", 30, 15 * time.Minute}
	// MessagesSent is charged to the address that mail or SMS goes to (RL8).
	MessagesSent = Budget{"message", 10, time.Hour}
	// MessagesByNetwork is charged to the network that asks for them (RL8).
	MessagesByNetwork = Budget{"message_network", 60, time.Hour}
)

// Limits are a tenant's settings for guessing passwords.
type Limits struct {
	Account int // failures of one identifier
	Network int // failures from one /24 or /64
	Tenant  int // failures in the tenant; 0 is off
	Window  time.Duration
}

// DefaultLimits are those of spec/sign-in.md §5.
var DefaultLimits = Limits{Account: 10, Network: 100, Window: 15 * time.Minute}

// Charge is a budget and what it is charged to: the parts together, in order,
// are one counter.
type Charge struct {
	Budget Budget
	Parts  []string
}

// Of makes a charge.
func (b Budget) Of(parts ...string) Charge { return Charge{b, parts} }

// key is what the counter is stored under. Identifiers and addresses are
// hashed under the tenant's and the budget's name, so that a row neither names
// a person nor can be joined with another tenant's.
func (c Charge) key(tenant string) string {
	var b strings.Builder
	for _, p := range c.Parts {
		b.WriteString(strconv.Itoa(len(p)))
		b.WriteByte(':')
		b.WriteString(p)
	}
	return secret.Hash("throttle/"+tenant+"/"+c.Budget.Name, b.String())[:32]
}

// Network is what an address is counted as: its /24, or its /64 for IPv6 (RL1).
// An address that is not known is a network of its own.
func Network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil || !a.IsValid() {
		return "unknown"
	}
	return p.String()
}
