// Package storetest gives tests real databases: a SQLite file of their own and
// a PostgreSQL server started once per test binary.
//
//	storetest.Both(t, func(t *testing.T, open func(testing.TB) *sqlstore.DB) {
//		db := open(t) // fresh and migrated, closed with the test
//	})
//
// The flow: the server runs under a small shell that holds the read end of a
// pipe; when the test binary ends, however it ends, the pipe closes and the
// shell stops the server and removes its directory. Migrated databases are
// copies of a template, a file or a PostgreSQL database, made once per binary.
//
// FOYER_TEST_POSTGRES, the URL of a server on which databases may be created,
// replaces the started one.
//
// It refuses to know any table, and to skip: without PostgreSQL tests fail.
package storetest
