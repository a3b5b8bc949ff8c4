// Package authz owns what must happen next to an authorization request.
//
// Identify finds the client and checks the redirect URI: a failure has nowhere
// to go and becomes a page. Validate is one ordered list of checks whose
// failures go back to the client. Next is a pure function from (request,
// session, account, progress, consent, client, now) to the step that comes next;
// its table of cases is docs/next.md. An Interaction is the request on its way
// through screens, sealed into each tab's own URLs; what is sealed is the
// request, never the verdict.
//
// It refuses to know HTTP, pages and how a person proves who they are.
package authz
