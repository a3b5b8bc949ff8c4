// Package e2e holds the tests of Go relying parties against the real program:
// github.com/coreos/go-oidc and golang.org/x/oauth2 sign in, refresh, read
// userinfo and sign out on both databases.
//
// The program is FOYER_BINARY or a build of ../cmd/foyer; PostgreSQL is that of
// FOYER_TEST_POSTGRES or one of lib/postgres.sh. Everything listens on the
// loopback interface and ends with the test. The browser is net/http with a
// cookie jar: what Chromium does is tested next door.
package e2e
