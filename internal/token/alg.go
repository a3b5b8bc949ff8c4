package token

import "github.com/foyer-id/foyer/internal/keys"

// AlgOf is the algorithm that a JWT says it is signed with, "" when it cannot be
// read. It is proof of nothing.
func AlgOf(raw string) keys.Alg {
	t, err := parse(raw)
	if err != nil {
		return ""
	}
	return t.alg
}
