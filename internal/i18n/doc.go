// Package i18n owns every sentence that a person reads, and the choice of the
// language it is read in.
//
// The flow:
//   - catalogue/xx.json holds one language; en.json is the source of the keys;
//   - keys.go is generated from en.json, so a misspelt key does not compile;
//   - Offered turns a tenant's setting into locales, once per tenant;
//   - Negotiate picks one of them for a request (spec: languages, OIDC Core §3.1.2.1 ui_locales);
//   - (*Locale).T and Parts give the sentence, with plurals by CLDR.
//
// It refuses to know HTTP, HTML, cookies and tenants: it takes strings and
// gives plain text, which templates escape.
//
// Adding a language is adding one file to catalogue/. The tests say what is
// missing in it.
package i18n

//go:generate go run ./gen
