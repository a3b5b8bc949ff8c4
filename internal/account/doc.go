// Package account owns people: identifiers, passwords, verification.
//
// ParseIdentifier turns what was typed into the one canonical key that lookup,
// uniqueness and limits use; Hasher computes password hashes in a bounded pool;
// Service authenticates, registers and changes accounts, charging the limits
// before anything is hashed and answering the same for known, unknown, locked
// and disabled (spec/sign-in.md §5).
//
// It refuses to know sessions, screens and sentences for people.
package account
