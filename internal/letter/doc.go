// Package letter owns what a mail says: which text, to whom, with which values,
// and how that waits in the outbox.
//
// The flow:
//
//	a keeper writes a Letter and Seal makes a job of it, for its own transition
//	the outbox hands the job to notify, which opens it, renders it and sends it
//	once the job is settled its payload is erased
//
// Payloads are sealed under the master key: a letter carries codes and links,
// which a copy of the database must not give away.
//
// It refuses to know sentences, languages and mail servers.
package letter
