// Package egress owns the one outgoing HTTP client: address guard, no
// redirects, size and time limits.
//
// Do parses the address (https; plain http only to addresses an operator
// allowed), resolves the name once, judges every answer, dials an address that
// was judged, and reads at most so many bytes in at most so many seconds. What
// goes wrong is one of a few errors that say nothing of what was fetched.
//
// It refuses to know what is fetched, proxies, cookies, redirects and
// credentials of the environment.
package egress
