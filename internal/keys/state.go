package keys

import (
	"cmp"
	"slices"
	"time"
)

// State is where a key is in its life.
type State string

// The states, in order. Published in the JWKS are Next, Signing and Retired.
const (
	Next     State = "next"     // published, does not sign yet
	Signing  State = "signing"  // the newest whose time has come
	Retired  State = "retired"  // superseded; published until its last token has expired
	Archived State = "archived" // verifies logout hints, nothing else
	Gone     State = "gone"     // verifies nothing
	Revoked  State = "revoked"  // verifies nothing, at once
)

const (
	// MaxTokenLife is the longest life of a token: an ID token of a client that
	// asks for 14 days (spec/tokens.md §2).
	MaxTokenLife = 14 * 24 * time.Hour
	// retireMargin is added for nodes whose clocks lag: one that is an hour late
	// signs with the old key an hour longer.
	retireMargin = time.Hour
	// archiveLife is how long a key verifies logout hints after its retirement.
	archiveLife = 400 * 24 * time.Hour
)

// Status is a key at an instant, without its private part.
type Status struct {
	KID                            string
	Alg                            Alg
	CreatedAt, SignFrom, RevokedAt int64 // Unix microseconds, 0 when not set
	State                          State
	Until                          int64 // when it leaves State; 0 when nothing is planned
	Public                         string
}

// States tells the state of each record at now, ordered by algorithm and time.
// It is a pure function, so nodes that share records and time agree; life is
// the longest life of a token.
func States(records []Record, life time.Duration, now time.Time) []Status {
	sorted := slices.Clone(records)
	slices.SortFunc(sorted, func(a, b Record) int {
		return cmp.Or(
			cmp.Compare(slices.Index(algOrder, a.Alg), slices.Index(algOrder, b.Alg)),
			cmp.Compare(a.SignFrom, b.SignFrom), cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.KID, b.KID))
	})
	out := make([]Status, len(sorted))
	heirs := map[Alg][]*Status{} // those not revoked, oldest first
	for i, r := range sorted {
		out[i] = Status{KID: r.KID, Alg: r.Alg, CreatedAt: r.CreatedAt, SignFrom: r.SignFrom, RevokedAt: r.RevokedAt, State: Revoked, Public: r.Public}
		if r.RevokedAt == 0 {
			heirs[r.Alg] = append(heirs[r.Alg], &out[i])
		}
	}
	for _, line := range heirs {
		succession(line, life, now.UnixMicro())
	}
	return out
}

// succession sets the states of one algorithm's keys. When no key's time has
// come, as on a node whose clock is behind that of the node that made the first
// key, the oldest signs: a late clock is no reason to have no key.
func succession(line []*Status, life time.Duration, now int64) {
	signing := 0
	for i, s := range line {
		if s.SignFrom <= now {
			signing = i
		}
	}
	for i, s := range line {
		switch {
		case i > signing:
			s.State, s.Until = Next, s.SignFrom
		case i == signing:
			s.State = Signing
			if i+1 < len(line) {
				s.Until = line[i+1].SignFrom
			}
		default:
			s.State, s.Until = after(line[i+1].SignFrom+(life+retireMargin).Microseconds(), now)
		}
	}
}

// after tells the state of a superseded key that retires until retireUntil.
func after(retireUntil, now int64) (State, int64) {
	archiveUntil := retireUntil + archiveLife.Microseconds()
	switch {
	case now < retireUntil:
		return Retired, retireUntil
	case now < archiveUntil:
		return Archived, archiveUntil
	}
	return Gone, 0
}
