// Package screens owns the hosted pages: their look, their words' places, and
// (in handle_*.go) the HTTP that asks the judges and writes them.
//
// The flow of a page:
//   - a handler fills one of the page structs (LoginPage, LogoutConfirmPage, …);
//   - CSP and ReferrerPolicy give its headers;
//   - Renderer.Render executes its template, compiled once, into a buffer;
//   - the page links foyer.css, foyer.js and the tenant's theme, all named by
//     their content and kept by browsers for a year.
//
// Pages work without script and carry no inline style or script. It refuses to
// know rules: who may sign in, what a scope means and when to ask are
// decisions of authz, account and logout.
package screens
