// Package client owns registered applications, metadata rules (each with its
// citation) and client authentication.
//
// A Spec is metadata as it was given; Check lists every finding; a Client is a
// Spec that is stored. Directory finds one by id from a snapshot; Authenticate
// takes the credentials of a request and returns the client or a refusal.
//
// It refuses to know grants, sessions and HTTP.
package client
