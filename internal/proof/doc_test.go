// Package proof holds the tests of what is true of the whole server: its
// cookies, headers, limits, logs and tenants, and what survives a kill.
//
// Each test is named after its row of the security requirements;
// docs/security.md lists them all, and TestSecurityRowsAreListed keeps that
// list honest. A test here starts a whole Foyer (package rptest) or the
// program itself and looks from outside: at answers, the database's text and
// the log.
//
// It refuses to know anything inside a package: rules have their tests there.
package proof
