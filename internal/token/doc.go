// Package token owns every JWT that Foyer mints or verifies, with typ
// discipline: a token of one kind is never taken for another (TK10).
//
// Minting: IDToken, AccessToken and LogoutToken write their claims and are
// signed by Sign, a compact serializer over crypto.Signer whose header is
// encoded once per key and typ. Verifying: one guarded parser reads every JWT
// (parse), one policy per kind says which typ and whose keys (policy.open), and
// VerifyHint, VerifyAccessToken, VerifyClientAssertion and VerifyRequestObject
// judge the claims.
//
// Signatures are verified with the standard library: four algorithms are forty
// lines, all input has been checked by our own stricter parser before, and the
// JOSE library stays what it is in the tests: an independent second opinion.
//
// It refuses to know clients, sessions, grants and where keys come from.
package token
