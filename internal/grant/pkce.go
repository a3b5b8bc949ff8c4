package grant

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// challengeMet tells whether a code_verifier answers what the authorization
// request asked (RFC 7636 §4.6): S256 only. A verifier without a challenge is
// refused too, else a stripped challenge would go unnoticed (RFC 9700 §4.8.2).
func challengeMet(challenge, verifier string, public bool) bool {
	switch {
	case challenge == "":
		return verifier == "" && !public // RFC 9700 §2.1.1: public clients always
	case !wellFormed(verifier):
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	got := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(got), []byte(challenge)) == 1
}

// wellFormed: 43 to 128 unreserved characters (RFC 7636 §4.1).
func wellFormed(verifier string) bool {
	if len(verifier) < 43 || len(verifier) > 128 {
		return false
	}
	for i := range len(verifier) {
		c := verifier[i]
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("-._~", c) < 0 {
			return false
		}
	}
	return true
}
