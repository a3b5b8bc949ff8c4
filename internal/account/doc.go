// Package account owns people: the identifiers they sign in with, their
// passwords, and what is known of them.
//
// The flow:
//
//  1. ParseIdentifier canonicalises what was typed, once; its Key is what is
//     looked up, what must be unique and what guesses are counted by.
//  2. Hasher.Verify compares a password with the stored hash in a bounded pool;
//     for an identifier that names no account VerifyDummy does the same work.
//  3. NeedsRehash tells when a hash that matched is to be replaced.
//  4. CheckNew names what is wrong with a new password; Hasher.Hash makes its
//     hash.
//  5. CheckHash tells whether a hash from elsewhere can be imported.
//
// It refuses to know sessions, mail, HTTP, and how often somebody may guess
// (package throttle).
package account
