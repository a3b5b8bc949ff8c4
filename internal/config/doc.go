// Package config reads what an operator writes: the server's foyer.yaml, its
// FOYER_… environment and flags, and the strict YAML that tenant files use.
//
// The flow:
//
//	Load: defaults < foyer.yaml < environment < flags, one table of keys for all
//	→ Documents parses the file, refuses alias bombs and oversized input
//	→ Decode walks the nodes against the Go type; nothing unknown passes
//	→ Validate judges the result: https, addresses, pairs that belong together
//	→ one *Errors with every finding: source, line, key, what to change
//
// ClientIP says who is calling, from trusted hops only.
//
// The package does not know the file system (a ReadFile function is passed in),
// HTTP, the database, or what a tenant's settings mean.
package config
