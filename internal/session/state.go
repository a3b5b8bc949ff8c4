package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/foyer-id/foyer/internal/secret"
)

// States makes and compares session_state values (Session Management §2).
//
// The browser state in them is not the sid but a MAC of it: an application that
// sees session_state and a sid of another learns nothing about whether they
// belong together.
type States struct{ key [32]byte }

// NewStates returns States under a key that is used for nothing else.
func NewStates(key [32]byte) *States { return &States{key} }

// saltBytes of a session_state.
const saltBytes = 12

// Issue returns the session_state of a session for a client's pages of one
// origin, with a fresh salt.
func (s *States) Issue(tenant, clientID, origin, sid string) string {
	return s.salted(tenant, clientID, origin, sid, secret.Random(saltBytes))
}

// Unchanged tells whether state was issued to these pages in the session sid;
// "" is the browser that holds none.
func (s *States) Unchanged(tenant, clientID, origin, sid, state string) bool {
	_, salt, ok := strings.Cut(state, ".")
	return ok && sid != "" && secret.Equal(state, s.salted(tenant, clientID, origin, sid, salt))
}

// salted is the formula of Session Management §3.2: a hash of client id, origin,
// browser state and salt, then the salt.
func (s *States) salted(tenant, clientID, origin, sid, salt string) string {
	sum := sha256.Sum256([]byte(clientID + " " + origin + " " + s.browserState(tenant, sid) + " " + salt))
	return base64.RawURLEncoding.EncodeToString(sum[:]) + "." + salt
}

func (s *States) browserState(tenant, sid string) string {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(tenant))))
	mac.Write([]byte(tenant + sid))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
