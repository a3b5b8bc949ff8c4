// Package inbox is a mailbox for development: a mail server on this machine
// that keeps what it gets, to be looked at. foyer serve --demo shows it on a
// page, tests read it.
//
// It refuses to send anything on, to listen beyond this machine, and to know
// what the mails say.
package inbox
