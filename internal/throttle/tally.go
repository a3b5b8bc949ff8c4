package throttle

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// slicesPerWindow bounds a tally: charges in the same slice share an entry,
// which counts as if all had come with the latest of them. So a tally has at
// most about twice this many entries whatever the limit, and errs by at most
// one slice, to the strict side.
const slicesPerWindow = 60

// tally is what a key has been charged, as it is stored: "at:n at:n …", times
// in Unix microseconds, in no order.
type tally []entry

type entry struct {
	at int64 // latest charge
	n  int64
}

func parseTally(s string) (tally, error) {
	var t tally
	for field := range strings.FieldsSeq(s) {
		at, n, _ := strings.Cut(field, ":")
		e := entry{}
		var errAt, errN error
		e.at, errAt = strconv.ParseInt(at, 10, 64)
		e.n, errN = strconv.ParseInt(n, 10, 64)
		if err := errors.Join(errAt, errN); err != nil {
			return nil, fmt.Errorf("read tally: %w", err)
		}
		t = append(t, e)
	}
	return t, nil
}

func (t tally) String() string {
	var b []byte
	for i, e := range t {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, e.at, 10)
		b = append(b, ':')
		b = strconv.AppendInt(b, e.n, 10)
	}
	return string(b)
}

// current drops what has left the window. Entries of the future come from a
// node whose clock is ahead or from before the clock went back: up to a window
// ahead they stay as they are, further ahead they count as charged now, and
// rewritten says that this must be kept even when the attempt is refused, or
// the lock would last until the old clock's time comes again.
func (t tally) current(now, window int64) (kept tally, rewritten bool) {
	kept = make(tally, 0, len(t)+1)
	for _, e := range t {
		if e.at > now+window {
			e.at, rewritten = now, true
		}
		if e.at > now-window {
			kept = append(kept, e)
		}
	}
	return kept, rewritten
}

func (t tally) sum() (n int64) {
	for _, e := range t {
		n += e.n
	}
	return n
}

// charge adds one charge at now.
func (t tally) charge(now, window int64) tally {
	slice := max(window/slicesPerWindow, 1)
	for i, e := range t {
		if e.at/slice == now/slice {
			t[i] = entry{max(e.at, now), e.n + 1}
			return t
		}
	}
	return append(t, entry{now, 1})
}

// refund takes back one charge made at the time at. What has meanwhile left
// the window, or was never there, needs none.
func (t tally) refund(at, window int64) tally {
	slice := max(window/slicesPerWindow, 1)
	for i, e := range t {
		if e.at/slice == at/slice {
			if t[i].n--; t[i].n <= 0 {
				return slices.Delete(t, i, i+1)
			}
			return t
		}
	}
	return t
}

// free returns when one more charge fits: once enough of the oldest have left.
func (t tally) free(limit, window int64) int64 {
	byAge := slices.SortedFunc(slices.Values(t), func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	over := t.sum() - limit + 1
	for _, e := range byAge {
		if over -= e.n; over <= 0 {
			return e.at + window
		}
	}
	return 0
}

// expires returns when nothing of the tally counts any more.
func (t tally) expires(window int64) int64 {
	var last int64
	for _, e := range t {
		last = max(last, e.at)
	}
	return last + window
}

// Change is what a store keeps for a key.
type Change struct {
	State     string
	ExpiresAt int64 // Unix microseconds
}

// Decision is the answer of [Decide].
type Decision struct {
	// Refused is the index of the exhausted take, -1 when all were charged.
	Refused    int
	RetryAfter time.Duration // when refused
	// Changes are to be kept, one for each take; nil: keep nothing.
	Changes []Change
}

// Decide charges every take to its state ("" for none yet), or, when one of
// them is exhausted, none. Of several exhausted the one that frees last is
// reported. It is pure; a [Store] calls it inside its transition.
func Decide(states []string, takes []Take, now time.Time) (Decision, error) {
	d := Decision{Refused: -1}
	at := now.UnixMicro()
	tallies := make([]tally, len(takes))
	rewritten := false
	for i, k := range takes {
		t, err := parseTally(states[i])
		if err != nil {
			return Decision{}, err
		}
		window := k.Window.Microseconds()
		t, changed := t.current(at, window)
		tallies[i], rewritten = t, rewritten || changed
		if t.sum() >= int64(k.Limit) {
			wait := time.Duration(t.free(int64(k.Limit), window)-at) * time.Microsecond
			if d.Refused < 0 || wait > d.RetryAfter {
				d.Refused, d.RetryAfter = i, wait
			}
		}
	}
	if d.Refused >= 0 && !rewritten {
		return d, nil
	}
	d.Changes = make([]Change, len(takes))
	for i, k := range takes {
		t, window := tallies[i], k.Window.Microseconds()
		if d.Refused < 0 {
			t = t.charge(at, window)
		}
		d.Changes[i] = Change{t.String(), t.expires(window)}
	}
	return d, nil
}
