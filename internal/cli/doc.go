// Package cli is the command line: foyer serve and everything the API can do.
//
// The flow:
//
//	Main parses arguments; every key of foyer.yaml is a flag as well
//	→ a command loads the configuration and opens an app.Core
//	→ it calls the same service as the API and the console
//	→ it prints a table for people, or JSON with --json
//	→ the exit code: 0 done, 1 refused with a reason, 2 usage
//
// Commands open the database directly and are safe beside a running server. The
// package holds no rules and no SQL. Secrets are read from standard input or a
// prompt, never from an argument, which other users of the machine can see.
package cli
