// Package adminapi owns the administrative API below /admin/v1 and the /sessions
// API of applications that come from Akamai.
//
// The flow of a request:
//
//	its operation is found in the table, which names the scope it needs
//	the token is judged (grant.Administrator) and its scope compared
//	query and body are read strictly: every finding is reported
//	the operation asks a keeper or judge, and its answer is written
//
// The same table makes the OpenAPI document, the routes and the tests that ask
// each of them without a token, so what is not in the table does not exist.
//
// It refuses to hold rules and SQL, and to know how tokens are made.
package adminapi
