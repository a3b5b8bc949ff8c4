package authz

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

// ErrTooLong: the request does not fit into an address. TooLong is what its
// application is told (spec/sign-in.md §1).
var (
	ErrTooLong = errors.New("request is too long to travel in an address")
	TooLong    = oidc.Refuse(oidc.InvalidRequest, "RFC 9126 §1",
		"the request is too long to travel in an address; push it to /par or send fewer parameters")
)

// idBytes is the size of an interaction's random id.
const idBytes = 12

// The purposes separate sealed requests from everything else that is sealed, and
// those that end at the person's own pages from those that end with a code.
const (
	purposeRequest = "authorize"
	purposeProfile = "profile"
)

// Interaction is one pending authorization request travelling through screens.
type Interaction struct {
	ID      string // random; keys the browser's progress in it
	Arrived time.Time
	Params  string // the request's parameters, canonically encoded
	// Profile: it leads to /personal-details, and to the client only when the
	// person goes back there.
	Profile bool
}

// NewInteraction begins one for a request that arrives now.
func NewInteraction(f oidc.Form, now time.Time) Interaction {
	return Interaction{ID: secret.Random(idBytes), Arrived: now, Params: f.Encode()}
}

// Seal returns the interaction for a tab's own URLs and forms: authenticated
// encryption bound to tenant, purpose and format. It never expires and carries
// no proof of anything (AZ17). ErrTooLong beyond 6 KiB.
func (i Interaction) Seal(s *secret.Sealer, tenant string) (string, error) {
	b := make([]byte, 0, 8+16+len(i.Params))
	b = binary.BigEndian.AppendUint64(b, uint64(i.Arrived.UnixMicro()))
	b = append(b, i.ID...)
	b = append(b, i.Params...)
	purpose := purposeRequest
	if i.Profile {
		purpose = purposeProfile
	}
	out := s.SealString(tenant, purpose, b)
	if len(out) > oidc.MaxRequestID {
		return "", ErrTooLong
	}
	return out, nil
}

// Open reads what Seal wrote, or secret.ErrSealed.
func Open(s *secret.Sealer, tenant, sealed string) (Interaction, error) {
	if len(sealed) > oidc.MaxRequestID {
		return Interaction{}, secret.ErrSealed
	}
	b, err := s.OpenString(tenant, purposeRequest, sealed)
	profile := err != nil
	if profile {
		b, err = s.OpenString(tenant, purposeProfile, sealed)
	}
	if err != nil || len(b) < 8+idLen {
		return Interaction{}, secret.ErrSealed
	}
	return Interaction{
		Arrived: time.UnixMicro(int64(binary.BigEndian.Uint64(b))),
		ID:      string(b[8 : 8+idLen]),
		Params:  string(b[8+idLen:]),
		Profile: profile,
	}, nil
}

const idLen = (idBytes*8 + 5) / 6 // characters of base64url

// Form returns the request's parameters.
func (i Interaction) Form() (oidc.Form, *oidc.Error) { return oidc.ParseForm(i.Params) }
