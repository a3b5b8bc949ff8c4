package throttle

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Take is one unit to be charged to a key. Limit and Window are positive.
type Take struct {
	Key    string // opaque, unique within the tenant
	Limit  int
	Window time.Duration
}

// Store is what throttle needs kept, in common for all nodes. Every method is
// one atomic transition.
type Store interface {
	// TakeThrottle reads the states of all takes, has Decide decide, and keeps
	// its changes. No other transition comes between reading and keeping. Keys
	// come sorted and each once, so that two transitions cannot lock crosswise.
	TakeThrottle(ctx context.Context, tenant string, takes []Take, now time.Time) (Decision, error)
	// RefundThrottle gives charges back; an unknown one is no error.
	RefundThrottle(ctx context.Context, tenant string, charges []string) error
	// SweepThrottle removes at most limit tallies that have expired and returns
	// how many.
	SweepThrottle(ctx context.Context, now time.Time, limit int) (int, error)
}

// charge names one charge in a ticket: key, time and window. It travels as a
// string so that another keeper's transition can carry it.
func chargeOf(t Take, now time.Time) string {
	return t.Key + ":" + strconv.FormatInt(now.UnixMicro(), 10) + ":" +
		strconv.FormatInt(t.Window.Microseconds(), 10)
}

// ParseCharge reads one of a ticket's charges and returns its key and what
// giving it back makes of the key's state. A [Store] calls it.
func ParseCharge(s string) (key string, refund func(state string) (Change, error), err error) {
	key, rest, _ := strings.Cut(s, ":")
	at64, window64, _ := strings.Cut(rest, ":")
	at, err := strconv.ParseInt(at64, 10, 64)
	if err != nil {
		return "", nil, fmt.Errorf("read charge: %w", err)
	}
	window, err := strconv.ParseInt(window64, 10, 64)
	if err != nil || window <= 0 {
		return "", nil, fmt.Errorf("read charge: window %q", window64)
	}
	return key, func(state string) (Change, error) {
		t, err := parseTally(state)
		if err != nil {
			return Change{}, err
		}
		t = t.refund(at, window)
		return Change{t.String(), t.expires(window)}, nil
	}, nil
}
