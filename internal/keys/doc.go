// Package keys owns the signing keys of each tenant: one ring per algorithm,
// and their rotation (spec/tokens.md §7).
//
// Ensure makes missing keys, in the background because RSA takes its time.
// Ring gives a snapshot of one instant: who signs, who verifies, what the JWKS
// says. Rotate and Tick announce a successor, published before it signs.
// Revoke ends a key for good and puts a fresh one in its place. A key's state
// is a pure function of the record's times and the clock, so all nodes agree
// without anyone moving anything.
//
// It refuses to know what is signed: claims and typ belong to package token.
package keys
