package secret

import (
	"crypto/rand"
	"io"
)

// Reader returns the source of randomness for APIs that want to be handed one:
// key generation and crypto.Signer.
func Reader() io.Reader { return rand.Reader }
