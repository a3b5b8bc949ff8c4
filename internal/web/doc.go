// Package web is the HTTP kit: what every door needs and none should write twice.
//
// Handler is a handler that returns an error; Serve runs one for a matched
// Route with a Request in its context (id, time, tenant, network address) and
// logs one line; errors become answers in one table; cookies are read strictly.
//
// It refuses to know endpoints, pages and rules.
package web
