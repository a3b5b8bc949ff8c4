// Package app is the porter: it wires keepers, judges, adapters and doors into
// one program and runs it.
//
// The flow:
//
//	Open: database → migrations → master key → services, in one Core
//	ParseDocuments reads tenant files; Apply makes the database say what they say
//	Export writes a tenant file back; Doctor says what to change
//	Serve opens the listeners and runs until it is told to stop
//
// Commands and the server use the same Core. The package holds no rules: what a
// client, tenant or account may be is decided by their keepers.
package app
