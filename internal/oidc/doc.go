// Package oidc owns the protocol's words: parameters, typed codes, parsed
// requests, wire structs and Error.
//
// Bytes come in through Form, which refuses repetition and excess; ParseX turns
// a Form into a request value; what is wrong becomes an *Error whose
// description is safe to show and says what to change; AuthResponse and
// TokenResponse are what goes back.
//
// It refuses to know clients, sessions, storage and HTTP handlers: parsing only.
package oidc
