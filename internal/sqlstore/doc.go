// Package sqlstore keeps everything Foyer must remember, in SQLite or
// PostgreSQL, and satisfies the Store interfaces that keepers and judges
// declare. This half of it is the engine: connections, transactions, group
// commit, migrations. The Store methods live beside it in files named after
// their nouns.
//
// The flow:
//
//  1. A Store method calls [DB.Write] (or [DB.WriteOne]) with its whole state
//     transition, or [DB.QueryRow] and [DB.Query] when it only reads.
//  2. On SQLite the transition queues for the one writer, which commits
//     whatever waits as one transaction, each transition in a savepoint.
//  3. On PostgreSQL it is a READ COMMITTED transaction of its own, run again
//     when the server reports a conflict.
//  4. The caller is answered after the commit; a refusal that the transition
//     returned is its answer, ErrUnknown means that the outcome is not known.
//  5. [DB.Migrate] brings the schema up to date, beforehand and apart.
//
// Statements are one text for both databases: $1 placeholders, columns
// enumerated, TEXT, BIGINT and BOOLEAN only.
//
// It refuses to know HTTP, what a row means, and what time it is: times arrive
// as parameters, in Unix microseconds.
package sqlstore
