// Package op owns the protocol's endpoints: /authorize, /token, /userinfo,
// /introspect, /revoke, /endsession, discovery and keys.
//
// Each handler is four paragraphs: parse, ask a judge, act, write. Screens are
// asked for through an interface.
//
// It refuses to hold rules, sentences for people and SQL.
package op
