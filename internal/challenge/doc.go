// Package challenge owns one-time proofs of an address: a code and a link in
// one mail, and what whoever brings one back may do.
//
// The flow:
//
//	Register, Verify, Reset   charge the limits, store a Challenge and put the mail into the outbox, in one transition
//	Resend                    makes a new code and a new link; the old ones are dead
//	Enter                     counts a try and compares the code, in the browser that asked
//	Held                      is what a browser brings then: the proved challenge, or the link
//	Create, Confirm, SetPassword  use it, once, in the transition that does what was asked for
//
// A challenge exists whether or not the address has an account, and looks the
// same from outside (RE1): only the mail says how it is. Codes are bound to the
// browser that asked; a link may be opened elsewhere, where the password is
// asked for in addition, because whoever began may be somebody else.
//
// It refuses to know screens, sentences and addresses of pages beyond Paths.
package challenge
