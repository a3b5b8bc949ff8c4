package token

import "sync/atomic"

var signatures atomic.Int64

// Signatures is how many JWTs this process has signed, for metrics: signing is
// most of what a token costs.
func Signatures() int64 { return signatures.Load() }
