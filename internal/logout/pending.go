package logout

import (
	"encoding/binary"

	"github.com/foyer-id/foyer/internal/oidc"
	"github.com/foyer-id/foyer/internal/secret"
)

// Pending is a logout request on its way through a bounce or a question. It
// travels sealed; of a hint only what was verified goes along.
type Pending struct {
	ClientID, Return, State, LogoutHint, UILocales string

	Hint                         HintState
	HintClient, HintSub, HintSID string
	// Asked is the sid that the question named; an answer about another session
	// is asked again (spec/logout.md §1.6).
	Asked string
}

// What is longer than these names nothing that exists; it is cut to one byte
// more, so that it goes on naming nothing and a request fits into an address.
const (
	maxClientID = 255
	maxReturn   = 2 << 10 // as long as a registered address can be
	maxHint     = 255
	maxLocales  = 512
)

func pendingOf(r *oidc.EndSessionRequest) Pending {
	return Pending{
		ClientID: cut(r.ClientID, maxClientID), Return: cut(r.PostLogoutRedirectURI, maxReturn), State: r.State,
		LogoutHint: cut(r.LogoutHint, maxHint), UILocales: cut(r.UILocales, maxLocales),
	}
}

func cut(s string, n int) string { return s[:min(len(s), n+1)] }

const purposeEndSession = "endsession"

func (p *Pending) texts() []*string {
	return []*string{&p.ClientID, &p.Return, &p.State, &p.LogoutHint, &p.UILocales, &p.HintClient, &p.HintSub, &p.HintSID, &p.Asked}
}

// Seal returns p for a URL or a form: texts with their lengths, which no byte of
// them can make longer.
func (p Pending) Seal(s *secret.Sealer, tenant string) string {
	b := []byte{byte(p.Hint)}
	for _, text := range p.texts() {
		b = binary.AppendUvarint(b, uint64(len(*text)))
		b = append(b, *text...)
	}
	return s.SealString(tenant, purposeEndSession, b)
}

// OpenPending reads what Seal wrote, or secret.ErrSealed.
func OpenPending(s *secret.Sealer, tenant, sealed string) (Pending, error) {
	var p Pending
	b, err := s.OpenString(tenant, purposeEndSession, sealed)
	if err != nil || len(b) == 0 {
		return p, secret.ErrSealed
	}
	p.Hint, b = HintState(b[0]), b[1:]
	for _, text := range p.texts() {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return Pending{}, secret.ErrSealed
		}
		b = b[size:]
		*text, b = string(b[:n]), b[n:]
	}
	return p, nil
}
