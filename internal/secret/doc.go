// Package secret owns everything that must be unguessable: opaque bearer
// strings with prefixes (fo_rt_…), their hashing and comparison, and sealing.
//
// A bearer string is made by New, shown once by Reveal, parsed by Parse and
// stored as a Selector (the row's place) and a Hash (what proves it). Sealer
// encrypts what leaves the server and comes back: the pending authorization
// request, private keys at rest, successors of refresh tokens.
//
// It refuses to know what any of them is for: kinds are names, purposes are
// strings, and no value of one kind or purpose opens as another.
package secret
